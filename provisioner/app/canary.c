#include "app/canary.h"
#include "app/prefect_api.h"
#include "core/base64.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "kube/kubectl.h"
#include "kube/pods.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

struct canary {
    struct run *run;
    struct prefect_api *api;
    char run_id[64];
};

/* What a passed canary has proven: these releases on this pool. */
static void proof_digest(struct run *r, char ret[static HASH_HEX])
{
    const char *pool = r->spec->prefect.work_pools[0].name;
    AUTO_FREE char *worker = xasprintf("helm.prefect-worker-%s", pool);
    AUTO_FREE char *all = xasprintf("%s %s %s %s", journal_str(r->journal, "helm.prefect-server"),
                                    journal_str(r->journal, worker), journal_str(r->journal, "cluster.uid"), pool);

    hash_sha256_hex(all, strlen(all), ret);
}

/* The step runs words, not a shell: the flow's text goes as base64, which needs no quoting. */
static char *write_script(void)
{
    AUTO_SBUF struct sbuf code = SBUF_INIT(64 << 10);
    const char *source = template_get("templates/canary.py");

    base64_encode(&code, source, strlen(source));
    return xasprintf("python -c \"import base64; open('/tmp/canary.py', 'wb').write(base64.b64decode('%s'))\"",
                     code.data);
}

static int deploy(struct canary *c, char ret_id[static 64], struct err *e)
{
    AUTO_JSON json_t *flow_body = json_pack("{s:s}", "name", "slipway-canary");
    AUTO_JSON json_t *flow = NULL, *body = NULL, *deployment = NULL;
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    AUTO_FREE char *script = write_script();

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

/* Before the flow's own process speaks, only its pod can say what is wrong. */
static int pod_trouble(struct canary *c, char why[static 256], struct err *e)
{
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", c->run_id);

    return pods_probe(c->run, selector, why, e) < 0 ? -1 : 0;
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
    char words[400], pod[256] = "";

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
    if (strcmp(type, "PENDING") == 0 && pod_trouble(c, pod, e) < 0)
        return -1;
    (void)snprintf(why, 256, "flow run is %.40s; %.180s", jsonx_str(run, "state.name"), pod);
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

static int job_goes_away(struct canary *c, struct err *e)
{
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", c->run_id);
    const char *const args[] = { "-n", NAMESPACE, "get", "jobs", "-l", selector, "-o", "json", NULL };
    AUTO_JSON json_t *jobs = NULL;
    size_t i;
    json_t *job;

    if (kubectl(c->run, args, NULL, &jobs, e) < 0)
        return -1;
    json_array_foreach (json_object_get(jobs, "items"), i, job)
        if (jsonx_int(job, "spec.ttlSecondsAfterFinished", -1) < 0)
            return err_set(e, ERR_REMOTE, "Job '%s' of the canary has no TTL: finished Jobs would pile up",
                           jsonx_str(job, "metadata.name"));
    return 0;
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
    return job_goes_away(c, e);
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
