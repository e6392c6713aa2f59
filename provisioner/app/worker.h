/* Prefect workers: one Helm release for each work pool, then ONLINE with a fresh heartbeat. */
#pragma once
#include "app/prefect_api.h"
#include "step/engine.h"

/* worker/release, worker/online */
extern const struct step worker_steps[];
extern const size_t worker_n_steps;

/* Workers of a pool as the server has them: array of {"name","status","last_heartbeat_time",...}; new reference. */
int worker_list(struct prefect_api *api, const char *pool, json_t **ret, struct err *e) NODISCARD;
