#include "app/prefect_api.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/util.h"
#include "flow/flow_run.h"
#include "flow/flow_run_log.h"
#include "flow/flow_run_params.h"
#include "flow/flow_run_wait.h"
#include <stdio.h>
#include <stdlib.h>

#define MAX_TIMEOUT_S (365L * 86400)

struct show {
    struct app *app;
    json_t *lines; /* -o json: kept for the one document */
};

static void show_line(void *ctx, const json_t *line)
{
    struct show *s = ctx;
    AUTO_SBUF struct sbuf text = SBUF_INIT((size_t)8 << 20);

    if (s->app->json) {
        json_array_append(s->lines, (json_t *)(uintptr_t)line);
        return;
    }
    flow_run_log_show(line, &text);
    (void)fputs(text.data, stdout);
    (void)fflush(stdout);
}

static int timeout_of(const struct app *app, int64_t *ret_ms, struct err *e)
{
    const char *text = app->opt[OPT_TIMEOUT];
    char *end = NULL;
    long s = text ? strtol(text, &end, 10) : 0;

    if (text && !app->opt[OPT_WAIT])
        return err_set(e, ERR_USAGE, "option '--timeout' is how long --wait waits; say --wait too");
    if (text && (!*text || *end || s < 1 || s > MAX_TIMEOUT_S))
        return err_set(e, ERR_USAGE, "option '--timeout' is a number of seconds from 1 to %ld, not '%s'", MAX_TIMEOUT_S,
                       text);
    *ret_ms = s * 1000;
    return 0;
}

/* A key of our own: when the answer is lost on the way, the second try finds the run of the first. */
static int start(struct app *app, struct prefect_api *api, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *deployment = NULL, *params = NULL;
    char key[37];

    if (flow_run_deployment(api, app->args[0], &deployment, e) < 0 ||
        flow_run_params(deployment, app->params, app->n_params, &params, e) < 0)
        return -1;
    if (jsonx_bool(deployment, "paused", false))
        ui_info(app->ui, "deployment '%s' is paused: its schedules rest, this run does not", app->args[0]);
    rng_uuid(key);
    if (flow_run_create(api, deployment, params, key, ret, e) == 0)
        return 0;
    if (e->code != ERR_NET)
        return -1;
    err_clear(e);
    return flow_run_create(api, deployment, params, key, ret, e);
}

static json_t *document(const struct app *app, const json_t *run)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "id", jsonx_str(run, "id"), "name", jsonx_str(run, "name"),
                     "deployment", app->args[0], "state", jsonx_str(run, "state.name"), "state_type",
                     jsonx_str(run, "state.type"), "parameters", json_object_get(run, "parameters"));
}

static int wait_json(struct app *app, const json_t *ended, const json_t *lines, struct err *e)
{
    struct err verdict = ERR_INIT;
    json_t *doc = document(app, ended);

    if (flow_run_verdict(ended, &verdict) < 0)
        app->exit_status = err_exit_status(verdict.code);
    json_object_set_new(doc, "message", json_string(jsonx_str(ended, "state.message")));
    json_object_set(doc, "logs", (json_t *)(uintptr_t)lines);
    return app_print_json(doc, e);
}

static int wait_text(struct app *app, const json_t *ended, struct err *e)
{
    if (flow_run_verdict(ended, e) < 0)
        return err_hint(e, "`slipway logs %s` shows its log again", jsonx_str(ended, "id"));
    ui_info(app->ui, "flow run '%s' has COMPLETED", jsonx_str(ended, "name"));
    return 0;
}

int cmd_run(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *run = NULL, *ended = NULL;
    AUTO_JSON json_t *lines = json_array();
    struct show show = { app, lines };
    struct flow_run_watch watch = { show_line, &show, 0 };

    if (timeout_of(app, &watch.timeout_ms, e) < 0 || common_connect(app, &s, e) < 0 ||
        prefect_api_open(&s.run, &api, e) < 0 || start(app, api, &run, e) < 0)
        return -1;
    if (!app->json) {
        printf("%s  %s\n", jsonx_str(run, "id"), jsonx_str(run, "name"));
        (void)fflush(stdout);
    }
    if (!app->opt[OPT_WAIT])
        return app->json ? app_print_json(document(app, run), e) : 0;
    if (flow_run_wait(&s.run, api, run, &watch, &ended, e) < 0)
        return -1;
    return app->json ? wait_json(app, ended, lines, e) : wait_text(app, ended, e);
}
