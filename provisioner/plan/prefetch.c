#include "plan/prefetch.h"
#include "artifact/artifact.h"
#include "cloud/provider.h"
#include "core/util.h"
#include "step/journal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* The machine's architecture is known once it answers; until then a machine on this host has this host's. */
static const char *likely_arch(void)
{
    struct utsname u;

    return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "amd64";
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)e;
    /* Files of an artifacts directory are local already, and are checked where they are used. */
    *ret = r->artifacts->dir || journal_mark(r->journal, s->name) == JOURNAL_DONE ? STEP_DONE : STEP_TODO;
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    const char *arch = likely_arch();

    (void)s;
    for (size_t i = 0; i < r->artifacts->n_files; i++) {
        const struct artifact_file *f = &r->artifacts->files[i];
        AUTO_FREE char *path = NULL;
        if (strcmp(f->arch, arch) != 0 && strcmp(f->arch, "any") != 0)
            continue;
        if (artifacts_fetch(r->artifacts, f, r->clock, r->ui, &path, e) == 0)
            continue;
        if (e->code != ERR_NET || r->provider->ops->same_network)
            return err_wrap(e, "fetch %s %s", f->name, f->version);
        ui_debug(r->ui, "%s", e->msg);
        err_clear(e);
    }
    return 0;
}

const struct step prefetch_steps[] = {
    { "artifacts/local", PHASE_ARTIFACTS, check, apply, NULL, NULL },
};
const size_t prefetch_n_steps = ARRAY_LEN(prefetch_steps);
