/* Ctrl-C: the first SIGINT or SIGTERM asks to stop in order, the second ends the process at once (130).
 * The one process-wide flag; everything that waits polls it. */
#pragma once
#include "core/err.h"
#include <stdbool.h>

void cancel_install(void);
bool cancel_requested(void);
int cancel_check(struct err *e) NODISCARD; /* -1 with ERR_CANCELED once asked to stop */
