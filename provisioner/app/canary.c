#include "app/canary.h"
#include "app/prefect_api.h"
#include "app/pull.h"
#include "app/runtime.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

struct canary {
    struct run *run;
    struct prefect_api *api;
    char run_id[64];
};

/* What a passed canary has proven: this installation, on this pool. */
static void proof_digest(struct run *r, char ret[static HASH_HEX])
{
    AUTO_SBUF struct sbuf all = SBUF_INIT(64 << 10);

    runtime_of(r)->identity(r, &all);
    sbuf_addf(&all, " %s", r->spec->prefect.work_pools[0].name);
    hash_sha256_hex(all.data, all.len, ret);
}

static int deploy(struct canary *c, char ret_id[static 64], struct err *e)
{
    AUTO_JSON json_t *flow_body = json_pack("{s:s}", "name", "slipway-canary");
    AUTO_JSON json_t *flow = NULL, *body = NULL, *deployment = NULL;
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    AUTO_FREE char *script = pull_write_file("/tmp/canary.py", template_get("templates/canary.py"));

    if (prefect_api_ok(c->api, "POST", "/flows/", flow_body, &flow, e) < 0)
        return -1;
    const struct template_var vars[] = {
        { "flow_id", jsonx_str(flow, "id"), TEMPLATE_JSON },
        { "work_pool", c->run->spec->prefect.work_pools[0].name, TEMPLATE_JSON },
        { "write_script", script, TEMPLATE_JSON },
    };
    if (template_file(&text, "templates/canary-deployment.json", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    body = jsonx_parse(text.data, text.len, "templates/canary-deployment.json", e);
    if (!body || prefect_api_ok(c->api, "POST", "/deployments/", body, &deployment, e) < 0)
        return -1;
    (void)snprintf(ret_id, 64, "%.63s", jsonx_str(deployment, "id"));
    return 0;
}

/* The key is on disk before the call, and stays until the run has ended: after a crash the same call gives the same
 * run. */
static int start_run(struct canary *c, const char *deployment, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/deployments/%s/create_flow_run", deployment);
    AUTO_JSON json_t *run = NULL;
    char key[37];

    (void)snprintf(key, sizeof(key), "%.36s", journal_str(c->run->journal, "canary.key"));
    if (!*key) {
        rng_uuid(key);
        if (journal_set(c->run->journal, "canary.key", json_string(key), e) < 0)
            return -1;
    }
    AUTO_JSON json_t *body = json_pack("{s:s, s:[s]}", "idempotency_key", key, "tags", "slipway-canary");
    if (prefect_api_ok(c->api, "POST", path, body, &run, e) < 0)
        return -1;
    (void)snprintf(c->run_id, sizeof(c->run_id), "%.63s", jsonx_str(run, "id"));
    return 0;
}

/* The last lines that the run logged, for the error message. */
static void last_words(struct canary *c, char ret[static 400])
{
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:[s]}}, s:s, s:i}", "logs", "flow_run_id", "any_", c->run_id, "sort",
                                         "TIMESTAMP_DESC", "limit", 3);
    AUTO_JSON json_t *logs = NULL;
    struct err lost = ERR_INIT;

    ret[0] = '\0';
    if (prefect_api_ok(c->api, "POST", "/logs/filter", filter, &logs, &lost) == 0)
        (void)snprintf(ret, 400, "%.399s", jsonx_str(logs, "0.message"));
}

/* Before the flow's own process speaks, only what carries it can say what is wrong. */
static int trouble(struct canary *c, char why[static 256], struct err *e)
{
    const struct runtime *rt = runtime_of(c->run);

    return rt->run_trouble ? rt->run_trouble(c->run, c->run_id, why, e) : 0;
}

static int forget_key(struct canary *c, struct err *e)
{
    return journal_set(c->run->journal, "canary.key", json_null(), e);
}

static int run_finished(void *ctx, char why[static 256], struct err *e)
{
    struct canary *c = ctx;
    AUTO_JSON json_t *run = NULL;
    AUTO_FREE char *path = xasprintf("/flow_runs/%s", c->run_id);
    char words[400], why_pending[256] = "";

    if (prefect_api_ok(c->api, "GET", path, NULL, &run, e) < 0)
        return -1;
    const char *type = jsonx_str(run, "state.type");
    if (strcmp(type, "COMPLETED") == 0)
        return forget_key(c, e) < 0 ? -1 : 1;
    if (strcmp(type, "FAILED") == 0 || strcmp(type, "CRASHED") == 0 || strcmp(type, "CANCELLED") == 0) {
        last_words(c, words);
        if (forget_key(c, e) < 0)
            return -1;
        return err_set(e, ERR_REMOTE, "the canary flow run ended %s: %.300s; its last log line: %s", type,
                       jsonx_str(run, "state.message"), words);
    }
    if (strcmp(type, "PENDING") == 0 && trouble(c, why_pending, e) < 0)
        return -1;
    (void)snprintf(why, 256, "flow run is %.40s; %.180s", jsonx_str(run, "state.name"), why_pending);
    return 0;
}

/* Recorded from events, so a moment after the run's own state. */
static int task_recorded(void *ctx, char why[static 256], struct err *e)
{
    struct canary *c = ctx;
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:[s]}}}", "flow_runs", "id", "any_", c->run_id);
    AUTO_JSON json_t *tasks = NULL;

    if (prefect_api_ok(c->api, "POST", "/task_runs/filter", filter, &tasks, e) < 0)
        return -1;
    (void)snprintf(why, 256, "%zu task runs recorded, state '%.40s'", json_array_size(tasks),
                   jsonx_str(tasks, "0.state.type"));
    return strcmp(jsonx_str(tasks, "0.state.type"), "COMPLETED") == 0;
}

static int canary_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    char want[HASH_HEX];

    (void)e;
    proof_digest(r, want);
    *ret = r->no_canary || (journal_mark(r->journal, s->name) == JOURNAL_DONE &&
                            strcmp(journal_str(r->journal, "canary.proof"), want) == 0)
               ? STEP_DONE
               : STEP_TODO;
    return 0;
}

static int prove(struct canary *c, struct err *e)
{
    struct run *r = c->run;
    int64_t deadline = phases_deadline_ms(r->phases, PHASE_CANARY, r->spec->timeouts);
    const struct wait run = { "canary flow run COMPLETED", deadline, 300 };
    const struct wait task = { "canary task run recorded", deadline, 300 };

    if (wait_for(&run, r->clock, r->ui, run_finished, c, e) < 0 ||
        wait_for(&task, r->clock, r->ui, task_recorded, c, e) < 0)
        return -1;
    return runtime_of(r)->run_goes_away ? runtime_of(r)->run_goes_away(r, c->run_id, e) : 0;
}

static int canary_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    char deployment[64], proof[HASH_HEX];

    (void)s;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    struct canary c = { r, api, "" };
    if (deploy(&c, deployment, e) < 0 || start_run(&c, deployment, e) < 0 || prove(&c, e) < 0)
        return -1;
    proof_digest(r, proof);
    if (journal_set(r->journal, "canary.run", json_string(c.run_id), e) < 0)
        return -1;
    return journal_set(r->journal, "canary.proof", json_string(proof), e);
}

const struct step canary_steps[] = {
    { "canary/run", PHASE_CANARY, canary_check, canary_apply, NULL, NULL },
};
const size_t canary_n_steps = ARRAY_LEN(canary_steps);
