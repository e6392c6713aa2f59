#include "app/worker_systemd.h"
#include "app/ready.h"
#include "app/server_address.h"
#include "app/worker_online.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/node.h"
#include "spec/secret.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include "systemd/owner.h"
#include "systemd/passwords.h"
#include "systemd/unit.h"
#include <stdio.h>
#include <string.h>

#define STATE       "/var/lib/slipway-worker"
#define TEMPLATE    "/etc/systemd/system/slipway-prefect-worker@.service"
#define HEALTH_PORT 14200 /* and up, one for each pool, on loopback */
#define SERVER_MIB  2560  /* what server, database and system keep for themselves */
#define HEALTH_UNIT "slipway-health.timer"

char *worker_unit_name(const char *pool)
{
    return xasprintf("slipway-prefect-worker@%s.service", pool);
}

/* The credentials by which workers and the flow runs that they start reach the API. */
static int add_credentials(struct run *r, struct sbuf *out, struct err *e)
{
    const struct spec *s = r->spec;
    AUTO_SECRET char *value = NULL;
    AUTO_PASSWORDS struct passwords p = { 0 };

    if (s->prefect.server.cloud.account) {
        /* By this Prefect's clients know a Cloud from a server, which is told its events in another way. */
        unit_add_env(out, "PREFECT_CLOUD_API_URL", server_cloud_api());
        if (secret_read(&s->prefect.server.cloud.key, "PREFECT_API_KEY", &value, e) < 0)
            return -1;
        ui_secret(r->ui, value);
        unit_add_env(out, "PREFECT_API_KEY", value);
    } else if (server_is_ours(s)) {
        if (passwords_read(r, &p, e) < 0)
            return -1;
        unit_add_env(out, "PREFECT_API_AUTH_STRING", p.ui);
    } else if (s->prefect.server.auth.env || s->prefect.server.auth.file) {
        if (secret_read(&s->prefect.server.auth, NULL, &value, e) < 0)
            return -1;
        ui_secret(r->ui, value);
        unit_add_env(out, "PREFECT_API_AUTH_STRING", value);
    }
    return 0;
}

static int common_environment(struct run *r, struct sbuf *out, struct err *e)
{
    struct server_url url;

    server_url_inside(r->spec, "http://127.0.0.1:4200/api", &url);

    const struct {
        const char *name, *value;
    } rows[] = {
        { "PREFECT_HOME", STATE },
        { "HOME", STATE },
        { "LANG", "C.UTF-8" },
        { "PATH", NODE_DIR "/venv/bin:/usr/local/bin:/usr/bin:/bin" },
        { "PREFECT_API_URL", url.text },
        /* Seconds between polls: how long a run waits at most before its process starts. */
        { "PREFECT_WORKER_QUERY_SECONDS", "2" },
        { "PREFECT_WORKER_ENABLE_CANCELLATION", "true" },
        { "PREFECT_WORKER_WEBSERVER_HOST", "127.0.0.1" },
        /* The machine's own bundle, with what machine.trust added, instead of the one that came with Python's. */
        { "SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt" },
        { "REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        unit_add_env(out, rows[i].name, rows[i].value);
    if (add_credentials(r, out, e) < 0)
        return -1;
    return sbuf_check(out, "the worker's environment", e);
}

static char *pool_environment(struct run *r, size_t i)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
    const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
    int64_t limit = pool->concurrency < 0 ? node_concurrency(r->node) : pool->concurrency;
    char text[24];

    unit_add_env(&out, "SLIPWAY_POOL_TYPE", pool->type);
    (void)snprintf(text, sizeof(text), "%lld", (long long)limit);
    unit_add_env(&out, "SLIPWAY_POOL_LIMIT", text);
    (void)snprintf(text, sizeof(text), "%zu", HEALTH_PORT + i);
    unit_add_env(&out, "PREFECT_WORKER_WEBSERVER_PORT", text);
    return sbuf_take(&out);
}

static char *memory_max(const struct run *r)
{
    int64_t left = r->node->mem_mib - SERVER_MIB;

    return xasprintf("%lldM", (long long)(left < 768 ? 768 : left));
}

/* Paths live as long as the table that builds the unit: they are kept beside it. */
struct pool_unit {
    struct unit unit;
    char env_path[128], drop_in[160];
};

static int wanted(struct run *r, size_t i, struct pool_unit *ret, struct err *e)
{
    const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
    AUTO_SBUF struct sbuf env = SBUF_INIT(64 << 10), text = SBUF_INIT(64 << 10);
    AUTO_FREE char *memory = memory_max(r);
    AUTO_FREE char *name = worker_unit_name(pool->name);
    const struct template_var vars[] = {
        { "memory_max", memory, TEMPLATE_RAW },
        { "venv", journal_str(r->journal, "venv.digest"), TEMPLATE_RAW },
    };

    (void)snprintf(ret->unit.name, sizeof(ret->unit.name), "%s", name);
    (void)snprintf(ret->env_path, sizeof(ret->env_path), SYSTEMD_ETC "/worker-%s.env", pool->name);
    (void)snprintf(ret->drop_in, sizeof(ret->drop_in), "/etc/systemd/system/%.100s.d/docker.conf", name);
    if (common_environment(r, &env, e) < 0 ||
        template_file(&text, "templates/slipway-prefect-worker.service", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    unit_add(&ret->unit, SYSTEMD_ETC "/worker.env", "0600", sbuf_take(&env));
    unit_add(&ret->unit, TEMPLATE, "0644", sbuf_take(&text));
    unit_add(&ret->unit, ret->env_path, "0600", pool_environment(r, i));
    if (pool->docker_socket)
        unit_add(&ret->unit, ret->drop_in, "0644", xstrdup("[Service]\nSupplementaryGroups=docker\n"));
    return 0;
}

static int units_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        struct pool_unit u = { 0 };
        int rc = wanted(r, i, &u, e);
        if (rc == 0)
            rc = unit_check(r, &u.unit, e);
        unit_done(&u.unit);
        if (rc != 1)
            return rc < 0 ? -1 : 0;
    }
    *ret = STEP_DONE;
    return 0;
}

static int units_apply(struct run *r, const struct step *s, struct err *e)
{
    (void)s;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        struct pool_unit u = { 0 };
        AUTO_FREE char *fact = xasprintf("unit.worker-%s", r->spec->prefect.work_pools[i].name);
        char digest[65];
        int rc = wanted(r, i, &u, e);
        unit_digest(&u.unit, digest);
        if (rc == 0)
            rc = unit_apply(r, &u.unit, e);
        unit_done(&u.unit);
        if (rc < 0 || journal_set(r->journal, fact, json_string(digest), e) < 0)
            return err_wrap(e, "work pool '%s'", r->spec->prefect.work_pools[i].name);
    }
    return 0;
}

/* Prints the pools that have a worker here, and with "remove" takes away those that are named. */
static int pools_there(struct run *r, const char *const args[], struct ssh_result *res, struct err *e)
{
    const struct ssh_opts o = { .sudo = true, .timeout_ms = 120000, .what = "looking for workers" };

    return ssh_script(r->ssh, template_get("templates/workers-retire.sh"), args, &o, res, e);
}

static int retire(struct run *r, bool act, enum step_state *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_SVEC struct svec args = SVEC_INIT;

    svec_add(&args, act ? "remove" : "list");
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++)
        svec_add(&args, r->spec->prefect.work_pools[i].name);
    if (pools_there(r, svec_argv(&args), &res, e) < 0)
        return -1;
    *ret = res.out.len ? STEP_TODO : STEP_DONE;
    return 0;
}

static int retired_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)s;
    return retire(r, false, ret, e);
}

static int retired_apply(struct run *r, const struct step *s, struct err *e)
{
    enum step_state ignored;

    (void)s;
    return retire(r, true, &ignored, e);
}

static void health_unit(struct unit *ret)
{
    (void)snprintf(ret->name, sizeof(ret->name), HEALTH_UNIT);
    unit_add(ret, NODE_DIR "/health.py", "0644", xstrdup(template_get("templates/health.py")));
    unit_add(ret, "/etc/systemd/system/slipway-health.service", "0644",
             xstrdup(template_get("templates/slipway-health.service")));
    unit_add(ret, "/etc/systemd/system/" HEALTH_UNIT, "0644", xstrdup(template_get("templates/" HEALTH_UNIT)));
}

static int health_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_UNIT struct unit u = { 0 };

    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    health_unit(&u);
    int rc = unit_check(r, &u, e);
    *ret = rc > 0 ? STEP_DONE : STEP_TODO;
    return rc < 0 ? -1 : 0;
}

static int health_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_UNIT struct unit u = { 0 };

    (void)s;
    health_unit(&u);
    return unit_apply(r, &u, e);
}

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ctx;

    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        AUTO_FREE char *name = worker_unit_name(r->spec->prefect.work_pools[i].name);
        int rc = unit_probe(r, name, why, e);
        if (rc <= 0)
            return rc;
    }
    return workers_online(r, 1, why, e);
}

static int online_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    return ready_check(r, s, probe, ret, e);
}

static int online_apply(struct run *r, const struct step *s, struct err *e)
{
    return ready_wait(r, s, probe, "Prefect worker ONLINE", e);
}

const struct step worker_systemd_steps[] = {
    { "worker/units", PHASE_WORKER, units_check, units_apply, NULL, NULL },
    { "worker/retired", PHASE_WORKER, retired_check, retired_apply, NULL, NULL },
    { "worker/health-timer", PHASE_WORKER, health_check, health_apply, NULL, NULL },
    { "worker/online", PHASE_WORKER, online_check, online_apply, NULL, NULL },
};
const size_t worker_systemd_n_steps = ARRAY_LEN(worker_systemd_steps);
