#include "app/runtime_systemd.h"
#include "app/pull.h"
#include "app/run_processes.h"
#include "app/server_ready.h"
#include "app/server_systemd.h"
#include "app/worker_systemd.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/node.h"
#include "host/system.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include "systemd/owner.h"
#include "systemd/packages.h"
#include "systemd/passwords.h"
#include "systemd/postgres.h"
#include "systemd/unit.h"
#include "systemd/venv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFECT_PORT 4200

static const struct step_table tables[] = {
    { facts_systemd_steps, &facts_systemd_n_steps, SERVER_ANY },
    { owner_steps, &owner_n_steps, SERVER_ANY },
    { packages_steps, &packages_n_steps, SERVER_ANY },
    { venv_steps, &venv_n_steps, SERVER_ANY },
    { postgres_steps, &postgres_n_steps, SERVER_OURS },
    { server_systemd_steps, &server_systemd_n_steps, SERVER_OURS },
    { NULL, NULL, SERVER_ANY },
};

static const struct step_table worker_tables[] = {
    { worker_systemd_steps, &worker_systemd_n_steps, SERVER_ANY },
    { NULL, NULL, SERVER_ANY },
};

#define JOURNAL(unit)                                                                \
    {                                                                                \
        "journalctl", "-q", "-u", unit, "-n", "500", "--no-pager", "-o", "short-iso" \
    }

static const struct runtime_log logs[] = {
    { "server", JOURNAL(SERVER_UNIT), "--follow" },
    { "worker", JOURNAL("slipway-prefect-worker@*"), "--follow" },
    { "database", JOURNAL("postgresql@*-slipway"), "--follow" },
    { "health", JOURNAL("slipway-health.service"), "--follow" },
    { NULL, { NULL }, NULL },
};

static const struct evidence_row evidence[] = {
    { "server.log", JOURNAL(SERVER_UNIT) },
    { "worker.log", JOURNAL("slipway-prefect-worker@*") },
    { "postgres.log", JOURNAL("postgresql@*-slipway") },
    { "slipway-units.txt", { "systemctl", "--no-pager", "status", "slipway-*", "postgresql@*" } },
    { "packages.log", { "tail", "-n", "200", "/var/log/apt/term.log" } },
    { NULL, { NULL } },
};

static int server(struct run *r, struct server_address *ret, struct err *e)
{
    AUTO_PASSWORDS struct passwords p = { 0 };

    if (passwords_read(r, &p, e) < 0)
        return -1;
    (void)snprintf(ret->host, sizeof(ret->host), "127.0.0.1");
    ret->port = PREFECT_PORT;
    ret->url = xasprintf("http://127.0.0.1:%d/api", PREFECT_PORT);
    ret->auth = server_basic_auth(p.ui);
    return 0;
}

/* One whose operator went away in the middle goes on by itself. */
static int stop_python(struct run *r, const struct python_job *job, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *unit = xasprintf("slipway-python-%s.service", job->name);
    const char *const argv[] = { "systemctl", "stop", unit, NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true, .timeout_ms = 120000, .what = "stopping a program" };

    return ssh_run(r->ssh, argv, &o, &res, e);
}

/* As the workers' user, with the API's address and credentials from their environment file, and nothing to write but a
 * temporary directory of its own. */
static int python(struct run *r, const struct python_job *job, struct sbuf *out, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *program = xasprintf(NODE_DIR "/%s", strrchr(job->program, '/') + 1);
    AUTO_FREE char *limit = xasprintf("RuntimeMaxSec=%lld", (long long)job->timeout_ms / 1000 + 1);
    AUTO_FREE char *unit = xasprintf("--unit=slipway-python-%s", job->name);
    const struct ssh_file f = { program, "0644", "root:root", NULL };
    const char *text = template_get(job->program);
    const char *const argv[] = {
        "systemd-run",
        "--quiet",
        "--wait",
        "--pipe",
        "--collect",
        unit,
        "--uid=slipway-worker",
        "-p",
        "EnvironmentFile=" SYSTEMD_ETC "/worker.env",
        "-p",
        limit,
        /* A hungry import must not take the database with it. */
        "-p",
        "MemoryMax=50%",
        "-p",
        "PrivateTmp=yes",
        "-p",
        "NoNewPrivileges=yes",
        "-p",
        "ProtectSystem=strict",
        "-p",
        "ProtectHome=yes",
        "-p",
        "WorkingDirectory=/tmp",
        "env",
        "HOME=/tmp",
        "PREFECT_HOME=/tmp/prefect",
        VENV_PYTHON,
        program,
        NULL,
    };
    const struct ssh_opts o = {
        .sudo = true, .input = job->input, .timeout_ms = job->timeout_ms + 10000, .what = job->name
    };

    if (server_takes_image(r, job->image, e) < 0 || stop_python(r, job, e) < 0 ||
        ssh_put_text(r->ssh, &f, text, strlen(text), e) < 0 || ssh_run(r->ssh, argv, &o, &res, e) < 0 ||
        sbuf_check(&res.out, "the program's answer", e) < 0)
        return -1;
    ui_debug(r->ui, "%s", res.err.data);
    sbuf_add(out, res.out.data, res.out.len);
    return 0;
}

/* Beside the venv, which no flow may change: a directory of its own for each set, held to the venv's versions. */
static int install_beside(struct run *r, const char *text, char ret[static 128], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *all = xasprintf("%s\n%s", journal_str(r->journal, "venv.digest"), text);
    char digest[HASH_HEX];
    const struct ssh_opts o = { .sudo = true, .input = text, .timeout_ms = 600000, .what = "installing requirements" };

    hash_sha256_hex(all, strlen(all), digest);
    digest[16] = '\0';
    (void)snprintf(ret, 128, NODE_DIR "/requirements/%s", digest);
    const char *const argv[] = { "sh", "-c", template_get("templates/requirements-install.sh"), "requirements-install",
                                 ret,  NULL };
    return ssh_run(r->ssh, argv, &o, &res, e);
}

static int requirements(struct run *r, const struct spec_pool *pool, const char *text, json_t *job_variables,
                        json_t *pull_steps, struct err *e)
{
    char dir[128];

    if (strcmp(pool->type, "process") != 0)
        return pull_requirements(text, pull_steps, e);
    if (install_beside(r, text, dir, e) < 0)
        return -1;
    json_t *env = json_object_get(job_variables, "env");
    if (!json_is_object(env)) {
        env = json_object();
        json_object_set_new(job_variables, "env", env);
    }
    const char *theirs = json_string_value(json_object_get(env, "PYTHONPATH"));
    AUTO_FREE char *both = theirs && *theirs ? xasprintf("%s:%s", dir, theirs) : xstrdup(dir);
    json_object_set_new(env, "PYTHONPATH", json_string(both));
    return 0;
}

static void identity(const struct run *r, struct sbuf *out)
{
    sbuf_addf(out, "%s %s", journal_str(r->journal, "venv.digest"), journal_str(r->journal, "unit.server"));
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        AUTO_FREE char *key = xasprintf("unit.worker-%s", r->spec->prefect.work_pools[i].name);
        sbuf_addf(out, " %s", journal_str(r->journal, key));
    }
}

/* What ends and comes back looks active between two ends. */
static long restarts(struct run *r, const char *unit, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { "systemctl", "show", "--value", "-p", "NRestarts", unit, NULL };
    const struct ssh_opts o = { .what = "looking at a unit" };

    return ssh_run(r->ssh, argv, &o, &res, e) < 0 ? -1 : strtol(res.out.data, NULL, 10);
}

static void part(struct run *r, json_t *rows, const char *name, const char *unit)
{
    char why[256] = "";
    struct err e = ERR_INIT;
    int rc = unit_probe(r, unit, why, &e);

    if (rc > 0) {
        long n = restarts(r, unit, &e);
        AUTO_FREE char *text = n > 0 ? xasprintf("active; restarts: %ld", n) : xstrdup("active");
        json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "part", name, "ok", 1, "detail", text));
        return;
    }
    json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "part", name, "ok", 0, "detail", rc < 0 ? e.msg : why));
}

static void status(struct run *r, json_t *rows)
{
    if (server_is_ours(r->spec)) {
        if (strcmp(r->spec->prefect.server.database.type, "postgres") == 0) {
            AUTO_FREE char *unit = postgres_unit(r);
            part(r, rows, "database", unit);
        }
        part(r, rows, "server", SERVER_UNIT);
    }
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        AUTO_FREE char *unit = worker_unit_name(r->spec->prefect.work_pools[i].name);
        AUTO_FREE char *name = xasprintf("worker %s", r->spec->prefect.work_pools[i].name);
        part(r, rows, name, unit);
    }
}

const struct runtime runtime_systemd = {
    .name = "systemd",
    .packages = packages_wanted,
    .tables = tables,
    .worker_tables = worker_tables,
    .logs = logs,
    .evidence = evidence,
    .server = server,
    .password_command = "sudo head -n 1 " SYSTEMD_ETC "/passwords",
    .python = python,
    .requirements = requirements,
    .carries_run = run_processes_carry,
    .remove_run = run_processes_remove,
    .run_output = run_processes_output,
    .identity = identity,
    .status = status,
};
