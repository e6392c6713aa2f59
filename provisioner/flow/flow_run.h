/* Flow runs over the REST API: find and make them, and judge what a state means. Runs are JSON objects as Prefect's
 * FlowRunResponse has them. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include <jansson.h>
#include <stdbool.h>

/* The deployment "FLOW/DEPLOYMENT"; new reference. One that is not there: ERR_USAGE with the nearest name. */
int flow_run_deployment(struct prefect_api *api, const char *name, json_t **ret, struct err *e) NODISCARD;
/* Make a run of it now. `key`: the same key makes the same run, so that the call may be repeated. What the server says
 * against the parameters: ERR_USAGE. */
int flow_run_create(struct prefect_api *api, const json_t *deployment, const json_t *params, const char *key,
                    json_t **ret, struct err *e) NODISCARD;
int flow_run_get(struct prefect_api *api, const char *id, json_t **ret, struct err *e) NODISCARD;
/* `word` is an id, the first 8 or more digits of one, or a name (the newest run of that name). 1 found, 0 there is
 * none, -1; a beginning that several runs share is ERR_USAGE. By digits only the newest 5000 runs are looked at. */
int flow_run_find(struct prefect_api *api, const char *word, json_t **ret, struct err *e) NODISCARD;

/* {"flow": NAME, "deployment": NAME or ""} for each run of the array, in its order; new reference. */
int flow_run_names(struct prefect_api *api, const json_t *runs, json_t **ret, struct err *e) NODISCARD;

/* COMPLETED, FAILED, CRASHED or CANCELLED: nothing follows. */
bool flow_run_ended(const json_t *run);
/* 0 when it COMPLETED; else ERR_REMOTE with name, state and the state's message. For a run that has ended. */
int flow_run_verdict(const json_t *run, struct err *e) NODISCARD;
