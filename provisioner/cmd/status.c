#include "app/prefect_api.h"
#include "app/runtime.h"
#include "app/worker_online.h"
#include "cloud/provider.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/flow_run_time.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

#define HEARTBEAT_LATE_US INT64_C(90000000) /* three beats */

struct state {
    struct session *session;
    json_t *parts; /* rows {"part","ok","detail"} */
    bool ok;
};

static void add(struct state *s, const char *part, bool ok, const char *detail)
{
    s->ok = s->ok && ok;
    json_array_append_new(s->parts, json_pack("{s:s, s:b, s:s}", "part", part, "ok", ok, "detail", detail));
}

static void runtime_parts(struct state *s)
{
    AUTO_JSON json_t *rows = json_array();
    size_t i;
    json_t *row;

    runtime_of(&s->session->run)->status(&s->session->run, rows);
    json_array_foreach (rows, i, row)
        add(s, jsonx_str(row, "part"), jsonx_bool(row, "ok", false), jsonx_str(row, "detail"));
}

/* ONLINE alone says little: the server keeps it for 90 s after the last heartbeat. The heartbeat's age decides. */
static void workers(struct state *s, struct prefect_api *api, const char *pool)
{
    AUTO_JSON json_t *list = NULL;
    AUTO_FREE char *part = xasprintf("pool %s", pool);
    struct clock *clock = s->session->run.clock;
    const int64_t now_us = clock->wall_ms(clock) * 1000;
    struct err e = ERR_INIT;
    char detail[256] = "no worker";
    int64_t best = -1;
    size_t i;
    json_t *w;

    if (worker_list(api, pool, &list, &e) < 0) {
        add(s, part, false, e.msg);
        return;
    }
    json_array_foreach (list, i, w) {
        int64_t beat = flow_run_time_us(jsonx_str(w, "last_heartbeat_time"));
        if (beat <= best)
            continue;
        best = beat;
        (void)snprintf(detail, sizeof(detail), "worker '%.100s' %s, last heartbeat %lld s ago", jsonx_str(w, "name"),
                       jsonx_str(w, "status"), (long long)((now_us - beat) / 1000000));
    }
    add(s, part, best >= 0 && now_us - best < HEARTBEAT_LATE_US, detail);
}

static void server(struct state *s)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *version = NULL;
    struct err e = ERR_INIT;
    const struct spec *spec = s->session->spec;

    if (prefect_api_open(&s->session->run, &api, &e) < 0 || prefect_api_ok(api, "GET", "/ready", NULL, NULL, &e) < 0 ||
        prefect_api_ok(api, "GET", "/admin/version", NULL, &version, &e) < 0) {
        add(s, "prefect api", false, e.msg);
        return;
    }
    AUTO_FREE char *detail =
        xasprintf("Prefect %s answers", json_string_value(version) ? json_string_value(version) : "?");
    add(s, "prefect api", true, detail);
    for (size_t i = 0; i < spec->prefect.n_work_pools; i++)
        workers(s, api, spec->prefect.work_pools[i].name);
}

static void cost(struct state *s)
{
    struct run *r = &s->session->run;
    AUTO_JSON json_t *j = r->provider->ops->cost ? r->provider->ops->cost(r, r->provider) : NULL;

    if (!j || !*jsonx_str(j, "since"))
        return;
    AUTO_FREE char *known =
        xasprintf("about %.2f USD since %s, %.4f USD an hour (%s)", json_number_value(json_object_get(j, "so_far_usd")),
                  jsonx_str(j, "since"), json_number_value(json_object_get(j, "hour_usd")), jsonx_str(j, "type"));
    AUTO_FREE char *unknown = xasprintf("unknown: '%s' is not in this version's table; it runs since %s",
                                        jsonx_str(j, "type"), jsonx_str(j, "since"));
    add(s, "cost", true, jsonx_bool(j, "known", false) ? known : unknown);
}

static void inspect(struct state *s)
{
    struct run *r = &s->session->run;
    struct err e = ERR_INIT;
    char why[256] = "";
    int up = r->provider->ops->running(r, r->provider, why, &e);

    add(s, "machine", up > 0, up > 0 ? "running" : up < 0 ? e.msg : why);
    cost(s);
    if (up <= 0)
        return;
    err_clear(&e);
    if (session_connect(s->session, &e) < 0) {
        add(s, "ssh", false, e.msg);
        return;
    }
    add(s, "ssh", true, "connected, host key as pinned");
    runtime_parts(s);
    server(s);
    bool proven = journal_mark(r->journal, "canary/run") == JOURNAL_DONE;
    add(s, "canary", proven, proven ? journal_str(r->journal, "canary.run") : "no flow run has been proven");
}

int cmd_status(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *parts = json_array();
    struct state state = { &s, parts, true };
    size_t i;
    json_t *row;

    if (common_session(app, SESSION_READ, &s, e) < 0)
        return -1;
    inspect(&state);
    app->exit_status = state.ok ? 0 : err_exit_status(ERR_REMOTE);
    if (app->json)
        return app_print_json(json_pack("{s:s, s:b, s:O}", "name", s.spec->name, "ok", state.ok, "parts", parts), e);
    json_array_foreach (parts, i, row)
        printf("%-14s %-4s %s\n", jsonx_str(row, "part"), jsonx_bool(row, "ok", false) ? "ok" : "FAIL",
               jsonx_str(row, "detail"));
    return 0;
}
