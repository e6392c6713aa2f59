/* The log of a flow run: what the API has, and what the run's infrastructure printed. A line is {"timestamp", "level",
 * "logger", "message", "source"}; source is "api" or "output". */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "core/sbuf.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A reader of the API's lines, which come in batches from several processes, so not in order. */
struct flow_run_log {
    json_t *seen; /* ids */
    int64_t newest_us;
};

void flow_run_log_done(struct flow_run_log *log);
#define AUTO_FLOW_RUN_LOG __attribute__((cleanup(flow_run_log_done)))

/* Lines that were not returned before, by time; new reference. Looks back 30 s from the newest line, or with `whole` at
 * everything: then none is missing, however late it came. `log` starts as {0}. */
int flow_run_log_more(struct prefect_api *api, const char *id, struct flow_run_log *log, bool whole, json_t **ret,
                      struct err *e) NODISCARD;
/* Both in the order of time. What Prefect's console handler printed of a line that the API has too is left out.
 * `output`: one line each, with or without an RFC 3339 time and a blank in front; a line without any time belongs to
 * the one before it. `start_us`: when the run started, roughly. */
json_t *flow_run_log_merge(const json_t *lines, const char *output, int64_t start_us);
/* "2026-11-21 07:27:46.945 INFO     message", or "output" instead of a level; control characters made visible; ends
 * with a newline. */
void flow_run_log_show(const json_t *line, struct sbuf *out);
