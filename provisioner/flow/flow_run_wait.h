/* Follow a run: its log as it comes, its states, and what it waits for. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>

struct flow_run_watch {
    void (*line)(void *ctx, const json_t *line); /* each line of the log, once; see flow_run_log.h */
    void *ctx;
    int64_t timeout_ms; /* 0: as long as it takes */
};

/* Until the run has ended and its log is complete. State changes and the reasons for waiting go to r->ui. `ret`: the
 * run as it ended; new reference. A server that does not answer is waited for, 2 minutes. ERR_TIMEOUT, ERR_CANCELED:
 * the run goes on; message and hint say so. */
int flow_run_wait(struct run *r, struct prefect_api *api, const json_t *run, const struct flow_run_watch *watch,
                  json_t **ret, struct err *e) NODISCARD;
