#include "app/runtime.h"
#include "app/server_ready.h"
#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "cmd/common.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/deploy.h"
#include "host/evidence.h"
#include "host/node.h"
#include "plan/plan.h"
#include "plan/prefetch.h"
#include "plan/providers.h"
#include "plan/remove.h"
#include "report/report.h"
#include "spec/spec.h"
#include "step/journal.h"
#include "step/state.h"
#include <stdio.h>
#include <string.h>

enum { ROUNDS_MAX = 5 };

/* Facts for the report and for -o json; see report/report.h for the shape. New reference. */
static json_t *result_json(struct run *r, const char *result, const struct err *e)
{
    char now[21];
    struct endpoint ep = { "", 0, "" };
    struct err lost = ERR_INIT;
    char error[sizeof(e->msg)] = "";

    if (e)
        ui_safe(r->ui, e->msg, error, sizeof(error));
    clock_iso8601(r->clock->wall_ms(r->clock), now);
    if (r->provider->ops->endpoint(r, r->provider, &ep, &lost) < 0)
        ui_debug(r->ui, "%s", lost.msg);
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s, s:i, s:s}, s:s, s:b, s:o}", "name", r->spec->name,
                  "provider", r->spec->provider, "runtime", r->spec->runtime, "result", result, "error", error,
                  "finished", now, "versions", lockfile_versions(r->artifacts), "endpoint", "host", ep.host, "port",
                  ep.port, "user", ep.user, "canary_run", journal_str(r->journal, "canary.run"), "changed", r->changed,
                  "timing", phases_json(r->phases, r->spec->timeouts));
    if (r->node)
        json_object_set_new(j, "machine",
                            json_pack("{s:s, s:s, s:I, s:I}", "arch", r->node->arch, "os", r->node->os, "vcpus",
                                      (json_int_t)r->node->vcpus, "mem_mib", (json_int_t)r->node->mem_mib));
    return j;
}

static int save_report(struct run *r, const json_t *doc, struct err *e)
{
    AUTO_FREE char *path = fsx_join(r->dir, "report.json");
    AUTO_FREE char *text = jsonx_text(doc, 2);

    return fsx_replace(path, text, strlen(text), 0600, e);
}

static void print_next(struct app *app, struct run *r)
{
    const char *spec = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "";
    const char *f = *spec ? " -f " : "";

    ui_info(r->ui, "UI:          slipway open%s%s", f, spec);
    ui_info(r->ui, "sign in:     user 'prefect'; password: slipway ssh%s%s -- %s", f, spec,
            runtime_of(r)->password_command);
    ui_info(r->ui, "remove:      slipway teardown%s%s", f, spec);
}

/* After the proof of the platform: a flow of the user's that is wrong does not make it unproven. */
static int deploy_flows(struct run *r, json_t **ret_report, struct err *e)
{
    int64_t begin = r->clock->mono_ms(r->clock);
    size_t i;
    json_t *row;

    if (!flow_wanted(r))
        return 0;
    phases_begin(r->phases, PHASE_FLOWS);
    ui_phase(r->ui, phase_table[PHASE_FLOWS].name);
    int rc = flow_deploy(r, false, ret_report, e);
    phases_end(r->phases, PHASE_FLOWS);
    ui_phase_end(r->ui, rc == 0, r->clock->mono_ms(r->clock) - begin);
    json_array_foreach (json_object_get(*ret_report, "deployments"), i, row) {
        const char *state = jsonx_str(row, "state");
        r->changed = r->changed || strcmp(state, "created") == 0 || strcmp(state, "changed") == 0;
    }
    return rc < 0 ? err_wrap(e, "the platform is ready, its flows are not") : 0;
}

static int finish(struct app *app, struct run *r, json_t *flows, struct err *e)
{
    AUTO_JSON json_t *doc = result_json(r, r->changed ? "done" : "no change", NULL);

    if (flows)
        json_object_set(doc, "flows", json_object_get(flows, "deployments"));
    if (!r->changed)
        ui_info(r->ui, "no change");
    if (r->changed) {
        AUTO_SBUF struct sbuf table = SBUF_INIT(64 << 10);
        if (save_report(r, doc, e) < 0 || report_text(doc, &table, e) < 0)
            return -1;
        ui_info(r->ui, "%s", table.data);
        print_next(app, r);
    }
    return app->json ? app_print_json(json_incref(doc), e) : 0;
}

/* The machine may hold the only trace of what went wrong: collect first, then do as the spec says. */
static int failed(struct run *r, struct err *e)
{
    AUTO_JSON json_t *doc = result_json(r, "failed", e);
    struct err lost = ERR_INIT;
    if (save_report(r, doc, &lost) < 0)
        ui_warn(r->ui, "%s", lost.msg);
    if (e->code == ERR_CANCELED) {
        ui_warn(r->ui, "stopped; `slipway bootstrap` goes on from here, `slipway teardown` removes what there is");
        return -1;
    }
    if (!r->ssh && !provider_begun(r))
        return -1;
    evidence_collect(r, runtime_of(r)->evidence, e);
    if (strcmp(r->spec->on_failure, "rollback") == 0) {
        ui_warn(r->ui, "on_failure is rollback: removing what was made");
        if (remove_all(r, &lost) < 0)
            ui_warn(r->ui, "rollback: %s", lost.msg);
    } else {
        ui_warn(r->ui, "what was made is kept%s: run bootstrap again to go on, or `slipway teardown` to remove it",
                r->provider->ops->cost ? " and costs money" : "");
    }
    return -1;
}

/* What can be known before anything is made; a refusal leaves nothing behind, not even a directory. */
static int look_ahead(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };

    if (common_session(app, SESSION_PLAN, &s, e) < 0 || artifacts_resolve(s.spec, &s.run.artifacts, e) < 0 ||
        prefetch_possible(&s.run, e) < 0)
        return -1;
    return server_accepts_us(&s.run, e);
}

/* A cloud's view may show what is gone: then the table is looked at once more, from its first row. */
static int apply(struct run *r, struct err *e)
{
    struct step steps[PLAN_MAX_STEPS];
    size_t n = plan_steps(r, steps);

    for (int round = 1;; round++) {
        r->look_again = false;
        if (engine_apply(r, steps, n, e) == 0)
            return 0;
        if (!r->look_again || round == ROUNDS_MAX)
            return -1;
        ui_debug(r->ui, "%s; looking again", e->msg);
        err_clear(e);
    }
}

int cmd_bootstrap(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };

    if (look_ahead(app, e) < 0 || common_session(app, SESSION_WRITE, &s, e) < 0)
        return -1;
    struct run *r = &s.run;
    r->no_canary = app->opt[OPT_NO_CANARY] != NULL;
    if (artifacts_resolve(s.spec, &r->artifacts, e) < 0)
        return -1;
    if (apply(r, e) < 0)
        return failed(r, e);
    AUTO_JSON json_t *flows = NULL;
    if (deploy_flows(r, &flows, e) < 0)
        return -1;
    return finish(app, r, flows, e);
}
