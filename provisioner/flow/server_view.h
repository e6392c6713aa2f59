/* Deployments as the server has them. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include <jansson.h>

/* Every deployment, each with "flow_name" added: array, by id of the deployment in no order. New reference. */
int server_view_read(struct prefect_api *api, json_t **ret, struct err *e) NODISCARD;
/* Borrowed, or NULL. */
json_t *server_view_find(const json_t *view, const char *flow, const char *name);
json_t *server_view_by_id(const json_t *view, const char *id);
/* Names of the fields in which two states of one deployment differ, sorted: array, new reference. What the server
 * counts by itself (times, status, identities) is no difference. */
json_t *server_view_difference(const json_t *before, const json_t *after);

/* Future runs that the server made for schedules which are there no more: array of ids, new reference. `runs` as
 * /flow_runs/filter answers, `view` as above: a run names its schedule in "created_by". */
json_t *server_view_orphans(const json_t *view, const json_t *runs);
/* Find and delete them, for the deployments `ids` (array). */
int server_view_sweep(struct prefect_api *api, const json_t *view, const json_t *ids, size_t *ret_n, struct err *e)
    NODISCARD;
