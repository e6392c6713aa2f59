/* Prefect workers as units of the machine's systemd, one for each work pool, and the timer that asks for their health.
 */
#pragma once
#include "core/sbuf.h"
#include "step/engine.h"

/* worker/units, worker/retired (units of pools that left the spec), worker/health-timer, worker/online */
extern const struct step worker_systemd_steps[];
extern const size_t worker_systemd_n_steps;

/* "slipway-prefect-worker@POOL.service"; caller frees. */
char *worker_unit_name(const char *pool);
