/* Flow runs as a list: newest first, with how late they are. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "core/sbuf.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct flow_run_query {
    const char *state; /* such as "late", or NULL: all, but of those scheduled ahead only their number */
    int64_t limit;     /* rows */
    int64_t now_us;    /* UTC; what is due within a minute counts as due */
};

/* ERR_USAGE with all there are when `word` is none of late, scheduled, pending, running, ... */
int flow_run_state_check(const char *word, struct err *e) NODISCARD;
/* {"runs": [...], "counts": {"late", "scheduled", "pending", "running"}}, the counts over all runs, each in one of
 * them; new reference. With state "scheduled" the next one is the first. ERR_USAGE: no such state. A run
 * is {"id", "flow", "deployment", "name", "state", "state_type", "message", "expected_start", "start", "end",
 * "lateness_s", "duration_s", "pool", "queue", "tags"}; times are null while there are none. Lateness is the server's:
 * from when the run should have started to when it did, or to now. */
int flow_run_list(struct prefect_api *api, const struct flow_run_query *q, json_t **ret, struct err *e) NODISCARD;
/* A table of at most 120 columns, and the counts. */
void flow_run_table(const json_t *list, struct sbuf *out);
