/* Looks for what is wrong with a deployment, says what to do, and on demand does it. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>
#include <stdbool.h>

struct doctor {
    struct run *run;
    bool fix;     /* put right what can be; else nothing is changed */
    bool machine; /* there is a deployment, so a machine to connect to */
    /* Connects run->ssh; a machine that does not run is an error with the reason. */
    int (*connect)(void *ctx, struct err *e);
    void *ctx;

    bool reachable;          /* set by the checks: there is a way to the server */
    struct prefect_api *api; /* set by the checks, once the server has answered; doctor_done closes it */
    int64_t now_us;          /* by the machine's clock, UTC, once it is known; the server's, when it runs there */
};

struct doctor_result {
    json_t *checks; /* rows {"check", "looks_at", "status": "ok"|"fail"|"fixed", "detail", "remedy", "items"} */
    bool ok;        /* nothing failed but what has been put right */
    bool refused;   /* credentials were */
};

/* All checks, in order; a check whose needs are not met (no machine, no server) is left out. Never fails: that a check
 * cannot look is a row. -1 only for ERR_CANCELED. */
int doctor_examine(struct doctor *d, struct doctor_result *ret, struct err *e) NODISCARD;
void doctor_done(struct doctor *d);
void doctor_result_done(struct doctor_result *r);
