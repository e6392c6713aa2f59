/* The machine alone, through the real code: machine_driver up|exec|down|sweep|running|user-data SPEC [ARGV...].
 * Used by machine_nspawn.sh and machine_qemu.sh. */
#include "cloud/contact.h"
#include "cloud/provider.h"
#include "core/clock.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/ui.h"
#include "core/util.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/engine.h"
#include "step/journal.h"
#include "step/lock.h"
#include "step/state.h"
#include <string.h>

static size_t all_steps(const struct run *r, struct step *steps, size_t max)
{
    size_t n = provider_steps(r->provider->ops, steps, max);

    for (size_t i = 0; i < contact_n_steps; i++)
        steps[n++] = contact_steps[i];
    return n;
}

static int up(struct run *r, char **argv, struct err *e)
{
    struct step steps[16];

    (void)argv;
    if (engine_apply(r, steps, all_steps(r, steps, 8), e) < 0)
        return -1;
    printf("host key %s\n%s\n", ssh_host_key(r->ssh), r->changed ? "changed" : "no change");
    return 0;
}

static int exec(struct run *r, char **argv, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true };

    if (contact_open(r, e) < 0 || ssh_run(r->ssh, (const char *const *)(void *)argv, &o, &res, e) < 0)
        return -1;
    printf("%s", res.out.data);
    return 0;
}

static int sweep(struct run *r, char **argv, struct err *e)
{
    AUTO_JSON json_t *rows = json_array();

    (void)argv;
    if (r->provider->ops->sweep(r, r->provider, rows, e) < 0)
        return -1;
    AUTO_FREE char *text = jsonx_text(rows, 0);
    printf("%s\n", text);
    return 0;
}

static int down(struct run *r, char **argv, struct err *e)
{
    struct step steps[16];

    contact_close(r);
    if (engine_undo(r, steps, provider_steps(r->provider->ops, steps, 8), e) < 0)
        return -1;
    return sweep(r, argv, e);
}

static int running(struct run *r, char **argv, struct err *e)
{
    char why[256];

    (void)argv;
    return r->provider->ops->running(r, r->provider, why, e) < 0 ? -1 : 0;
}

static int user_data(struct run *r, char **argv, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 16);

    (void)argv;
    if (user_data_frozen(r, &text, e) < 0)
        return -1;
    printf("%s", text.data);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct run *r, char **argv, struct err *e);
} verbs[] = { { "up", up },     { "exec", exec },       { "sweep", sweep },
              { "down", down }, { "running", running }, { "user-data", user_data } };

static int act(struct run *r, const char *verb, char **argv, struct err *e)
{
    AUTO_FREE char *journal = fsx_join(r->dir, "journal"), *lock_path = fsx_join(r->dir, "lock");
    struct lock *lock = NULL;

    if (state_make_dir(r->dir, e) < 0 || lock_take(lock_path, verb, &lock, e) < 0)
        return -1;
    int rc = journal_open(journal, r->spec->name, r->clock, &r->journal, e);
    if (rc == 0)
        rc = provider_find(r->spec->provider)->open(&r->provider, r, e);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0)
            rc = verbs[i].run(r, argv, e);
    contact_close(r);
    if (r->provider)
        r->provider->ops->close(r->provider);
    journal_free(r->journal);
    lock_release(lock);
    return rc;
}

int main(int argc, char **argv)
{
    AUTO_SPEC struct spec *spec = NULL;
    struct err e = ERR_INIT;
    const struct ui_opts opts = { .verbose = true };

    if (argc < 3)
        return 2;
    struct run r = { .clock = clock_real(), .ui = ui_new(&opts, clock_real()), .phases = phases_new(clock_real()) };
    int rc = spec_load(argv[2], &spec, &e);
    if (rc == 0) {
        AUTO_FREE char *dir = state_dir(spec->name);
        r.spec = spec;
        r.dir = dir;
        rc = act(&r, argv[1], argv + 3, &e);
    }
    if (rc < 0)
        fprintf(stderr, "error: %s\nhint: %s\n", e.msg, e.hint);
    phases_free(r.phases);
    ui_free(r.ui);
    return rc < 0 ? err_exit_status(e.code) : 0;
}
