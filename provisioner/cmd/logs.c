#include "app/prefect_api.h"
#include "app/runtime.h"
#include "cmd/common.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "flow/flow_run.h"
#include "flow/flow_run_log.h"
#include "flow/flow_run_time.h"
#include "flow/flow_run_wait.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/state.h"
#include <stdio.h>
#include <string.h>

/* slipway's own log needs no machine: it is there when nothing else is. */
static int own_log(struct app *app, struct err *e)
{
    AUTO_SPEC struct spec *spec = NULL;
    AUTO_SBUF struct sbuf text = SBUF_INIT(16 << 20);

    if (spec_load_lenient(app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml", &spec, e) < 0)
        return -1;
    AUTO_FREE char *dir = state_dir(spec->name);
    AUTO_FREE char *path = fsx_join(dir, "run.log");
    if (fsx_read(path, &text, e) < 0)
        return err_wrap(e, "no log of a run");
    return fputs(text.data, stdout) < 0 ? err_sys(e, ERR_INTERNAL, "write to stdout") : 0;
}

static int part_log(struct app *app, struct session *s, const struct runtime_log *row, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;

    svec_add(&argv, "sudo");
    svec_add(&argv, "-n");
    for (const char *const *a = row->argv; *a; a++)
        svec_add(&argv, *a);
    if (app->opt[OPT_FOLLOW])
        svec_add(&argv, row->follow);
    return ssh_attach(s->run.ssh, svec_argv(&argv), &app->exit_status, e);
}

static int nothing_of_that_name(const struct runtime_log *rows, const char *word, struct err *e)
{
    AUTO_SBUF struct sbuf parts = SBUF_INIT(400);

    for (const struct runtime_log *row = rows; row->part; row++)
        sbuf_addf(&parts, "%s, ", row->part);
    (void)err_set(e, ERR_USAGE, "there is neither a part nor a flow run '%s'", word);
    return err_hint(e,
                    "parts: %srun (slipway's own last run); RUN: the id of a flow run, its first 8 or more digits, or "
                    "its name, as `slipway runs` lists them",
                    parts.data);
}

static void print_line(void *ctx, const json_t *line)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT((size_t)8 << 20);

    (void)ctx;
    flow_run_log_show(line, &text);
    (void)fputs(text.data, stdout);
    (void)fflush(stdout);
}

static int follow(struct session *s, struct prefect_api *api, const json_t *run, struct err *e)
{
    const struct flow_run_watch watch = { print_line, NULL, 0 };
    AUTO_JSON json_t *ended = NULL;

    if (flow_run_wait(&s->run, api, run, &watch, &ended, e) == 0)
        return 0;
    /* Ctrl-C is how this ends early. */
    return e->code == ERR_CANCELED ? 0 : -1;
}

static int run_log(struct app *app, struct session *s, struct prefect_api *api, const json_t *run, struct err *e)
{
    AUTO_SBUF struct sbuf output = SBUF_INIT((size_t)32 << 20);
    AUTO_FLOW_RUN_LOG struct flow_run_log log = { 0 };
    AUTO_JSON json_t *lines = NULL, *merged = NULL;
    const char *id = jsonx_str(run, "id"), *start = jsonx_str(run, "start_time");
    struct err lost = ERR_INIT;
    size_t i;
    json_t *line;

    if (flow_run_log_more(api, id, &log, true, &lines, e) < 0)
        return -1;
    /* What the API has is worth showing without the rest. */
    if (runtime_of(&s->run)->run_output(&s->run, id, &output, &lost) < 0)
        ui_warn(app->ui, "without what the run's infrastructure printed: %s", lost.msg);
    merged = flow_run_log_merge(lines, output.data,
                                flow_run_time_us(*start ? start : jsonx_str(run, "expected_start_time")));
    if (app->json)
        return app_print_json(json_pack("{s:s, s:s, s:s, s:O}", "id", id, "name", jsonx_str(run, "name"), "state",
                                        jsonx_str(run, "state.name"), "lines", merged),
                              e);
    json_array_foreach (merged, i, line)
        print_line(NULL, line);
    ui_info(app->ui, "flow run '%s' (%s) is %s%s", jsonx_str(run, "name"), id, jsonx_str(run, "state.name"),
            i ? "" : "; it has logged nothing");
    return 0;
}

int cmd_logs(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *run = NULL;
    const char *word = app->n_args ? app->args[0] : "run";

    if (strcmp(word, "run") == 0)
        return own_log(app, e);
    if (common_connect(app, &s, e) < 0)
        return -1;
    const struct runtime_log *rows = runtime_of(&s.run)->logs;
    for (const struct runtime_log *row = rows; row->part; row++)
        if (strcmp(row->part, word) == 0)
            return part_log(app, &s, row, e);
    if (prefect_api_open(&s.run, &api, e) < 0)
        return err_wrap(e, "'%s' is no part, so a flow run", word);
    int rc = flow_run_find(api, word, &run, e);
    if (rc <= 0)
        return rc < 0 ? -1 : nothing_of_that_name(rows, word, e);
    if (app->opt[OPT_FOLLOW] && !flow_run_ended(run))
        return follow(&s, api, run, e);
    return run_log(app, &s, api, run, e);
}
