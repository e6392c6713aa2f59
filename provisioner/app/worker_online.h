/* Workers as the Prefect server sees them. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>

/* Workers of a pool: array of {"name","status","last_heartbeat_time",...}; new reference. */
int worker_list(struct prefect_api *api, const char *pool, json_t **ret, struct err *e) NODISCARD;
/* Wait probe over all pools of the spec: 1 when each has `wanted` workers ONLINE. */
int workers_online(struct run *r, int64_t wanted, char why[static 256], struct err *e) NODISCARD;
