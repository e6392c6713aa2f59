/* Artifacts on this host while the machine boots. Best effort where the machine could fetch them itself. */
#pragma once
#include "step/engine.h"

/* artifacts/local */
extern const struct step prefetch_steps[];
extern const size_t prefetch_n_steps;
/* Before anything is made: where the machine reaches only what this host reaches, is there a source of K3s, or
 * of the Python wheels of runtime systemd, at all? ERR_NET in one sentence, with the remedy. ERR_SPEC when the lock has
 * no wheels for what the spec asks for. */
int prefetch_possible(struct run *r, struct err *e) NODISCARD;
