#include "systemd/packages.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "ssh/ssh.h"
#include <string.h>

struct package_row {
    const char *name;
    bool (*wanted)(const struct spec *s); /* NULL: always */
};

static bool database(const struct spec *s)
{
    return !s->prefect.server.url && !s->prefect.server.cloud.account &&
           strcmp(s->prefect.server.database.type, "postgres") == 0;
}

static bool docker(const struct spec *s)
{
    for (size_t i = 0; i < s->prefect.n_work_pools; i++)
        if (strcmp(s->prefect.work_pools[i].type, "docker") == 0)
            return true;
    return false;
}

/* git: what `git_clone`, and people who fetch a requirement from a repository, call. */
static const struct package_row rows[] = {
    { "python3-venv", NULL },   { "git", NULL },         { "ca-certificates", NULL },
    { "postgresql", database }, { "docker.io", docker },
};

void packages_wanted(const struct spec *s, struct svec *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].wanted || rows[i].wanted(s))
            svec_add(ret, rows[i].name);
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_SVEC struct svec argv = SVEC_INIT;
    const struct ssh_opts o = { .any_status = true, .what = "looking for packages" };
    static const char *const query[] = { "dpkg-query", "-W", "-f", "${db:Status-Abbrev}\\n" };
    size_t installed = 0;

    (void)s;
    for (size_t i = 0; i < ARRAY_LEN(query); i++)
        svec_add(&argv, query[i]);
    for (size_t i = 0; i < r->packages.len; i++)
        svec_add(&argv, r->packages.items[i]);
    if (ssh_run(r->ssh, svec_argv(&argv), &o, &res, e) < 0)
        return -1;
    for (const char *line = res.out.data; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        installed += strncmp(line, "ii", 2) == 0;
    }
    *ret = installed >= r->packages.len ? STEP_DONE : STEP_TODO;
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const int64_t left = phases_deadline_ms(r->phases, s->phase, r->spec->timeouts) - r->clock->mono_ms(r->clock);
    const struct ssh_opts o = { .sudo = true, .timeout_ms = left > 1000 ? left : 1000, .what = "apt-get" };

    ui_note(r->ui, "packages of the distribution");
    if (ssh_script(r->ssh, template_get("templates/packages.sh"), svec_argv(&r->packages), &o, &res, e) == 0)
        return 0;
    (void)err_wrap(e, "install packages on the machine");
    return err_hint(e, "runtime systemd wants a Debian or Ubuntu whose package mirror the machine can reach");
}

const struct step packages_steps[] = {
    { "system/packages", PHASE_SYSTEM, check, apply, NULL, NULL },
};
const size_t packages_n_steps = ARRAY_LEN(packages_steps);
