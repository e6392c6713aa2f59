/* Steps that end when a probe is satisfied. */
#pragma once
#include "core/wait.h"
#include "step/engine.h"

/* DONE when the step was done before and the probe (ctx: the run) still says yes. */
int ready_check(struct run *r, const struct step *s, wait_probe *probe, enum step_state *ret, struct err *e) NODISCARD;
/* Wait for it until the deadline of the step's phase. */
int ready_wait(struct run *r, const struct step *s, wait_probe *probe, const char *name, struct err *e) NODISCARD;
