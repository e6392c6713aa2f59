#include "flow/deploy.h"
#include "app/prefect_api.h"
#include "app/runtime.h"
#include "app/server_ready.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/block.h"
#include "flow/definition.h"
#include "flow/outcome.h"
#include "flow/server_view.h"
#include "flow/upload.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <string.h>

#define DEPLOYED         "flows.deployed"
#define START_MS         180000 /* a container may have to be fetched first */
#define SOURCE_MS        300000 /* as SOURCE_SECONDS of templates/deploy.py */
#define MAX_REQUIREMENTS (256 << 10)
#define MAX_ANSWER       (4 << 20)

struct deploy {
    struct run *run;
    struct prefect_api *api;
    struct blocks blocks;
    json_t *before; /* the server's deployments when we began */
    bool applying;  /* deployments on the server may refer to the blocks from now on */
};

bool flow_wanted(const struct run *r)
{
    return r->spec->flows.from || r->spec->flows.n_deployments || json_array_size(journal_get(r->journal, DEPLOYED));
}

static int op_folder(void *ctx, const char *path, struct upload_dir *ret, struct err *e)
{
    const struct deploy *d = ctx;

    return upload_folder(d->run, path, ret, e);
}

static int op_secret(void *ctx, const struct spec_secret *secret, bool json, struct block_name *ret, struct err *e)
{
    struct deploy *d = ctx;

    return block_keep(&d->blocks, secret, json, ret, e);
}

static int op_image(void *ctx, const char *image, struct err *e)
{
    const struct deploy *d = ctx;

    return server_takes_image(d->run, image, e);
}

static int op_requirements(void *ctx, const struct spec_pool *pool, const char *path, json_t *job_variables,
                           json_t *pull_steps, struct err *e)
{
    const struct deploy *d = ctx;
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_REQUIREMENTS);

    if (fsx_read(path, &text, e) < 0) {
        e->code = ERR_SPEC;
        return err_wrap(e, "requirements");
    }
    return runtime_of(d->run)->requirements(d->run, pool, text.data, job_variables, pull_steps, e);
}

static int run_program(struct deploy *d, const json_t *group, const char *mode, json_t *rows, struct err *e)
{
    json_t *sources = json_object_get(group, "sources");
    AUTO_JSON json_t *document = json_pack("{s:s, s:O}", "mode", mode, "sources", sources);
    AUTO_FREE char *input = jsonx_text(document, 0);
    AUTO_SBUF struct sbuf out = SBUF_INIT(MAX_ANSWER);
    const struct python_job job = {
        .name = "deploy",
        .program = "templates/deploy.py",
        .input = input,
        .image = json_string_value(json_object_get(group, "image")),
        .timeout_ms = START_MS + (int64_t)json_array_size(sources) * SOURCE_MS,
    };

    if (runtime_of(d->run)->python(d->run, &job, &out, e) < 0)
        return err_wrap(e, "deploying flows");
    AUTO_JSON json_t *answer = jsonx_parse(out.data, out.len, "answer of templates/deploy.py", e);
    if (!answer || json_array_extend(rows, json_object_get(answer, "deployments")) < 0)
        return answer ? err_set(e, ERR_REMOTE, "templates/deploy.py has no answer") : -1;
    return 0;
}

static int run_groups(struct deploy *d, const json_t *groups, const char *mode, json_t **ret_rows, struct err *e)
{
    AUTO_JSON json_t *rows = json_array();
    size_t i;
    json_t *group;

    json_array_foreach (groups, i, group)
        if (run_program(d, group, mode, rows, e) < 0)
            return -1;
    if (outcome_check(rows, e) < 0)
        return d->applying ? err_hint(e, "others may be deployed already; correct it and deploy again") : -1;
    *ret_rows = TAKE_PTR(rows);
    return 0;
}

/* The program deploys nothing when it has found no change. */
static bool all_unchanged(const json_t *checked, const json_t *before)
{
    size_t i;
    json_t *row;

    json_array_foreach (checked, i, row)
        if (json_array_size(json_object_get(row, "changes")) ||
            !server_view_find(before, jsonx_str(row, "flow"), jsonx_str(row, "name")))
            return false;
    return true;
}

/* Before the first is on the server: what an interrupted deploy leaves there is known to a later one. */
static int intend(struct deploy *d, const json_t *checked, struct err *e)
{
    const json_t *earlier = journal_get(d->run->journal, DEPLOYED);
    AUTO_JSON json_t *ours = earlier ? json_deep_copy(earlier) : json_array();
    size_t i;
    json_t *row;

    json_array_foreach (checked, i, row) {
        const char *flow = jsonx_str(row, "flow"), *name = jsonx_str(row, "name");
        if (!outcome_find(ours, flow, name))
            json_array_append_new(ours, json_pack("{s:s, s:s}", "flow", flow, "name", name));
    }
    return journal_set(d->run->journal, DEPLOYED, TAKE_PTR(ours), e);
}

/* All are checked before the first is deployed: only a check knows the names of the flows. */
static int run_all(struct deploy *d, const json_t *groups, json_t **ret_rows, struct err *e)
{
    AUTO_JSON json_t *checked = NULL;

    if (run_groups(d, groups, "check", &checked, e) < 0)
        return -1;
    if (all_unchanged(checked, d->before)) {
        *ret_rows = TAKE_PTR(checked);
        return 0;
    }
    if (intend(d, checked, e) < 0)
        return -1;
    d->applying = true;
    return run_groups(d, groups, "deploy", ret_rows, e);
}

static int remove_deployment(struct deploy *d, const json_t *have, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/deployments/%s", jsonx_str(have, "id"));

    return prefect_api_ok(d->api, "DELETE", path, NULL, NULL, e);
}

/* What we made before and the spec has no more. What somebody else deleted is forgotten. */
static int settle_removed(struct deploy *d, const json_t *view, bool prune, json_t *report, json_t *ours, struct err *e)
{
    AUTO_JSON json_t *earlier = json_deep_copy(journal_get(d->run->journal, DEPLOYED));
    size_t i;
    json_t *row;

    json_array_foreach (earlier, i, row) {
        const char *flow = jsonx_str(row, "flow"), *name = jsonx_str(row, "name");
        const json_t *have = server_view_find(view, flow, name);
        if (!have || outcome_find(ours, flow, name))
            continue;
        if (prune && remove_deployment(d, have, e) < 0)
            return err_wrap(e, "deployment '%s/%s'", flow, name);
        json_array_append_new(report, json_pack("{s:s, s:s, s:s, s:[]}", "flow", flow, "name", name, "state",
                                                prune ? "deleted" : "removed", "changes"));
        if (!prune)
            json_array_append(ours, row);
    }
    return 0;
}

static int settle(struct deploy *d, const json_t *view, const json_t *rows, bool prune, json_t **ret_report,
                  struct err *e)
{
    AUTO_JSON json_t *ids = json_array(), *ours = json_array();
    size_t orphans = 0;
    AUTO_JSON json_t *report = outcome_report(rows, d->before, view, ids, ours, e);
    if (!report || settle_removed(d, view, prune, report, ours, e) < 0 ||
        journal_set(d->run->journal, DEPLOYED, json_incref(ours), e) < 0 ||
        server_view_sweep(d->api, view, ids, &orphans, e) < 0)
        return -1;
    *ret_report = json_pack("{s:O, s:I}", "deployments", report, "orphaned_runs", (json_int_t)orphans);
    return 0;
}

static int deploy(struct deploy *d, bool prune, json_t **ret_report, struct err *e)
{
    const struct definition_ops ops = { op_folder, op_secret, op_image, op_requirements, d };
    AUTO_JSON json_t *groups = NULL, *rows = NULL, *view = NULL, *report = NULL;

    if (server_view_read(d->api, &d->before, e) < 0)
        return -1;
    if (definition_make(d->run->spec, &ops, &groups, e) < 0 || run_all(d, groups, &rows, e) < 0) {
        if (!d->applying)
            blocks_undo(&d->blocks);
        return -1;
    }
    if (server_view_read(d->api, &view, e) < 0 || settle(d, view, rows, prune, &report, e) < 0)
        return -1;
    AUTO_JSON json_t *folders = definition_folders(groups, view);
    if (upload_tidy(d->run, folders, e) < 0)
        return -1;
    *ret_report = TAKE_PTR(report);
    return 0;
}

int flow_deploy(struct run *r, bool prune, json_t **ret_report, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    struct deploy d = { r, api, { api, r->ui, NULL }, NULL, false };
    int rc = deploy(&d, prune, ret_report, e);
    blocks_done(&d.blocks);
    json_decref(d.before);
    return rc;
}
