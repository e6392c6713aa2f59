#include "app/server_systemd.h"
#include "app/ready.h"
#include "app/server_ready.h"
#include "app/server_settings.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "step/journal.h"
#include "systemd/owner.h"
#include "systemd/postgres.h"
#include "systemd/unit.h"
#include <stdio.h>
#include <string.h>

#define STATE      "/var/lib/slipway-server"
#define MEMORY_MAX "1536M"

static int environment(struct run *r, const struct passwords *p, struct sbuf *out, struct err *e)
{
    AUTO_SBUF struct sbuf connection = SBUF_INIT(4096);
    struct server_setting settings[SERVER_SETTINGS];
    size_t n = server_settings(r->spec, settings);

    if (postgres_connection(r, p, &connection, e) < 0)
        return -1;

    const struct {
        const char *name, *value;
    } rows[] = {
        { "PREFECT_HOME", STATE },
        { "HOME", STATE },
        { "LANG", "C.UTF-8" },
        { "PREFECT_SERVER_DATABASE_CONNECTION_URL", connection.data },
        { "PREFECT_SERVER_API_AUTH_STRING", p->ui },
        /* The browser's address is the tunnel's, whose port the server cannot know. */
        { "PREFECT_UI_API_URL", "/api" },
        /* The UI writes its paths into its files when it starts; the venv is not the server's to write. */
        { "PREFECT_UI_STATIC_DIRECTORY", STATE "/ui" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        unit_add_env(out, rows[i].name, rows[i].value);
    for (size_t i = 0; i < n; i++)
        unit_add_env(out, settings[i].name, settings[i].value);
    secret_wipe(connection.data, connection.len);
    return sbuf_check(out, "the server's environment", e);
}

/* The venv is named by its digest, so that a new one restarts the server. */
static int unit_text(struct run *r, struct sbuf *out, struct err *e)
{
    const bool postgres = strcmp(r->spec->prefect.server.database.type, "postgres") == 0;
    const struct template_var vars[] = {
        { "after", postgres ? "postgresql.service" : "", TEMPLATE_RAW },
        { "memory_max", MEMORY_MAX, TEMPLATE_RAW },
        { "venv", journal_str(r->journal, "venv.digest"), TEMPLATE_RAW },
    };

    return template_file(out, "templates/" SERVER_UNIT, vars, ARRAY_LEN(vars), e);
}

static int wanted(struct run *r, const struct passwords *p, struct unit *ret, struct err *e)
{
    AUTO_SBUF struct sbuf env = SBUF_INIT(64 << 10), text = SBUF_INIT(64 << 10);

    (void)snprintf(ret->name, sizeof(ret->name), SERVER_UNIT);
    if (environment(r, p, &env, e) < 0 || unit_text(r, &text, e) < 0)
        return -1;
    unit_add(ret, SYSTEMD_ETC "/server.env", "0600", sbuf_take(&env));
    unit_add(ret, "/etc/systemd/system/" SERVER_UNIT, "0644", sbuf_take(&text));
    return 0;
}

static int unit_step_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_PASSWORDS struct passwords p = { 0 };
    AUTO_UNIT struct unit u = { 0 };

    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    int there = passwords_find(r, &p, e);
    if (there <= 0)
        return there;
    if (wanted(r, &p, &u, e) < 0)
        return -1;
    int rc = unit_check(r, &u, e);
    *ret = rc > 0 ? STEP_DONE : STEP_TODO;
    return rc < 0 ? -1 : 0;
}

static int unit_step_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_PASSWORDS struct passwords p = { 0 };
    AUTO_UNIT struct unit u = { 0 };
    char digest[65];

    (void)s;
    if (passwords_keep(r, &p, e) < 0 || wanted(r, &p, &u, e) < 0 || unit_apply(r, &u, e) < 0)
        return -1;
    unit_digest(&u, digest);
    return journal_set(r->journal, "unit.server", json_string(digest), e);
}

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ctx;
    int rc = unit_probe(r, SERVER_UNIT, why, e);

    return rc <= 0 ? rc : server_answers(r, why, e);
}

static int answers_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    return ready_check(r, s, probe, ret, e);
}

static int answers_apply(struct run *r, const struct step *s, struct err *e)
{
    return ready_wait(r, s, probe, "Prefect server ready", e);
}

const struct step server_systemd_steps[] = {
    { "server/unit", PHASE_SERVER, unit_step_check, unit_step_apply, NULL, NULL },
    { "server/answers", PHASE_SERVER, answers_check, answers_apply, NULL, NULL },
};
const size_t server_systemd_n_steps = ARRAY_LEN(server_systemd_steps);
