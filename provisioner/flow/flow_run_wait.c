#include "flow/flow_run_wait.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "core/wait.h"
#include "flow/flow_run.h"
#include "flow/flow_run_log.h"
#include "flow/flow_run_why.h"
#include <stdio.h>
#include <string.h>

#define POLL_MS    1000
#define LOOK_MS    5000   /* between two looks at why it does not run */
#define QUIET_MS   3000   /* the log of a run that has ended is complete; Prefect's clients send every 2 s */
#define DRAIN_MS   15000  /* and at the latest then */
#define SILENCE_MS 120000 /* a server that restarts */

struct wait_ctx {
    struct run *run;
    struct prefect_api *api;
    const struct flow_run_watch *watch;
    const char *id, *name;
    struct flow_run_log log;
    json_t *last;        /* the run as it was last seen */
    char state[64];      /* shown last */
    char why[256];       /* shown last */
    int64_t looked_ms;   /* last look at why it does not run */
    int64_t answered_ms; /* last answer of the server */
    int64_t ended_ms, new_ms;
};

static int64_t now_ms(const struct wait_ctx *c)
{
    return c->run->clock->mono_ms(c->run->clock);
}

static int show_lines(struct wait_ctx *c, bool whole, struct err *e)
{
    AUTO_JSON json_t *lines = NULL;
    size_t i;
    json_t *line;

    if (flow_run_log_more(c->api, c->id, &c->log, whole, &lines, e) < 0)
        return -1;
    json_array_foreach (lines, i, line)
        c->watch->line(c->watch->ctx, line);
    if (i > 0)
        c->new_ms = now_ms(c);
    return 0;
}

static void show_state(struct wait_ctx *c)
{
    const char *name = jsonx_str(c->last, "state.name"), *type = jsonx_str(c->last, "state.type");
    bool waits = strcmp(type, "SCHEDULED") == 0 || strcmp(type, "PENDING") == 0;
    char why[256] = "";

    if (strcmp(name, c->state) != 0) {
        (void)snprintf(c->state, sizeof(c->state), "%.63s", name);
        ui_info(c->run->ui, "flow run '%s': %s", c->name, name);
        c->looked_ms = 0;
    }
    if (!waits || (c->looked_ms && now_ms(c) - c->looked_ms < LOOK_MS))
        return;
    c->looked_ms = now_ms(c);
    flow_run_why_look(c->run, c->api, c->last, why);
    if (strcmp(why, c->why) != 0)
        ui_info(c->run->ui, "flow run '%s' waits: %s", c->name, why);
    (void)snprintf(c->why, sizeof(c->why), "%s", why);
}

/* The last lines of a run arrive after its last state. */
static int complete(struct wait_ctx *c, struct err *e)
{
    int64_t now = now_ms(c);

    if (!c->ended_ms)
        c->ended_ms = c->new_ms = now;
    if (now - c->new_ms < QUIET_MS && now - c->ended_ms < DRAIN_MS)
        return 0;
    return show_lines(c, true, e) < 0 ? -1 : 1;
}

static int look(struct wait_ctx *c, struct err *e)
{
    json_t *run = NULL;

    if (flow_run_get(c->api, c->id, &run, e) < 0)
        return -1;
    json_decref(c->last);
    c->last = run;
    show_state(c);
    if (show_lines(c, false, e) < 0)
        return -1;
    c->answered_ms = now_ms(c);
    return flow_run_ended(run) ? complete(c, e) : 0;
}

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct wait_ctx *c = ctx;
    int rc = look(c, e);

    if (rc >= 0) {
        (void)snprintf(why, 256, "%.60s%s%.180s", c->state, *c->why ? "; " : "", c->why);
        return rc;
    }
    if (e->code == ERR_AUTH || e->code == ERR_CANCELED || now_ms(c) - c->answered_ms > SILENCE_MS)
        return -1;
    (void)snprintf(why, 256, "%.255s", e->msg);
    err_clear(e);
    return 0;
}

static void release(struct wait_ctx *c)
{
    json_decref(c->last);
    flow_run_log_done(&c->log);
}

int flow_run_wait(struct run *r, struct prefect_api *api, const json_t *run, const struct flow_run_watch *watch,
                  json_t **ret, struct err *e)
{
    __attribute__((cleanup(release))) struct wait_ctx c = {
        .run = r,
        .api = api,
        .watch = watch,
        .id = jsonx_str(run, "id"),
        .name = jsonx_str(run, "name"),
    };
    AUTO_FREE char *name = xasprintf("flow run '%s'", c.name);
    int64_t now = now_ms(&c);
    const struct wait w = { name, watch->timeout_ms ? now + watch->timeout_ms : INT64_MAX, POLL_MS };

    c.answered_ms = now;
    if (wait_for(&w, r->clock, r->ui, probe, &c, e) < 0) {
        if (c.last && flow_run_ended(c.last) && e->code == ERR_TIMEOUT) {
            err_clear(e); /* only lines of its log may be missing */
        } else {
            if (e->code == ERR_TIMEOUT || e->code == ERR_CANCELED)
                return err_hint(e,
                                "the run goes on: `slipway logs %.100s` shows it, and its page in the UI "
                                "(`slipway open`) has a button that cancels it",
                                c.id);
            return -1;
        }
    }
    *ret = TAKE_PTR(c.last);
    return 0;
}
