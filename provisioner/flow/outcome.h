/* What templates/deploy.py answered, judged and told. A row is {"flow", "name", "state", "changes", "kind", "error"}.
 */
#pragma once
#include "core/err.h"
#include <jansson.h>

/* -1 when a row has failed: one line for each thing that is wrong, with the names of the deployments that share it, of
 * the code that the first one's kind means. */
int outcome_check(const json_t *rows, struct err *e) NODISCARD;
/* The row of a deployment, or NULL. */
json_t *outcome_find(const json_t *rows, const char *flow, const char *name);
/* The report by what the server had before and has now (server_view.h): new reference. Each deployment's id goes to
 * `ids`, {"flow", "name"} to `ours`. ERR_REMOTE when one is not on the server now. NULL on error. */
json_t *outcome_report(const json_t *rows, const json_t *before, const json_t *after, json_t *ids, json_t *ours,
                       struct err *e) NODISCARD;
