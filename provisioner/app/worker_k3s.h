/* Prefect workers in the cluster: one Helm release for each work pool, then ONLINE with a fresh heartbeat. */
#pragma once
#include "step/engine.h"

/* worker/release, worker/retired (releases of pools that left the spec), worker/online */
extern const struct step worker_k3s_steps[];
extern const size_t worker_k3s_n_steps;
