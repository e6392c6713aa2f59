/* Taking everything away again, and proving it. */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>

/* Undo in reverse: what slipway installed on a machine that is not ours, or the machine itself; then look for anything
 * that is left, and take that away too, until two sweeps in a row find nothing. What stays is named: ERR_LEFTOVER,
 * and is in r->left.
 * Works without a journal. */
int remove_all(struct run *r, struct err *e) NODISCARD;
