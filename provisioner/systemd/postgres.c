#include "systemd/postgres.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

static bool sqlite(const struct run *r)
{
    return strcmp(r->spec->prefect.server.database.type, "sqlite") == 0;
}

int postgres_connection(struct run *r, const struct passwords *p, struct sbuf *out, struct err *e)
{
    const char *port = journal_str(r->journal, "postgres.port");

    if (sqlite(r)) {
        sbuf_addstr(out, "sqlite+aiosqlite:////var/lib/slipway-server/prefect.db");
        return 0;
    }
    if (!*port)
        return err_set(e, ERR_REMOTE, "the database cluster has not been made yet");
    sbuf_addf(out, "postgresql+asyncpg://" PREFECT_USER ":%s@/prefect?host=/var/run/postgresql&port=%s", p->database,
              port);
    return sbuf_check(out, "the database connection", e);
}

char *postgres_unit(const struct run *r)
{
    return xasprintf("postgresql@%s-slipway.service", journal_str(r->journal, "postgres.version"));
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *unit = postgres_unit(r);
    const char *const argv[] = { "systemctl", "is-active", "--quiet", unit, NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "looking at the database" };

    *ret = sqlite(r) ? STEP_DONE : STEP_TODO;
    if (sqlite(r) || journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    /* A new password must reach the database. */
    AUTO_PASSWORDS struct passwords p = { 0 };
    int there = passwords_find(r, &p, e);
    if (there < 0 || ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    *ret = there > 0 && res.status == 0 ? STEP_DONE : STEP_TODO;
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_PASSWORDS struct passwords p = { 0 };

    (void)s;
    if (passwords_keep(r, &p, e) < 0)
        return -1;
    AUTO_SECRET char *input = xasprintf("%s\n", p.database);
    const char *const argv[] = { "sh", "-c", template_get("templates/postgres-cluster.sh"), NULL };
    const struct ssh_opts o = {
        .sudo = true, .input = input, .timeout_ms = 180000, .what = "making the PostgreSQL cluster"
    };
    if (ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    char version[16], port[16];
    if (sscanf(res.out.data, "%15[0-9] %15[0-9]", version, port) != 2)
        return err_set(e, ERR_REMOTE, "the PostgreSQL cluster has no port: '%.60s'", res.out.data);
    if (journal_set(r->journal, "postgres.version", json_string(version), e) < 0)
        return -1;
    return journal_set(r->journal, "postgres.port", json_string(port), e);
}

const struct step postgres_steps[] = {
    { "database/cluster", PHASE_DATABASE, check, apply, NULL, NULL },
};
const size_t postgres_n_steps = ARRAY_LEN(postgres_steps);
