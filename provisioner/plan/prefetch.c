#include "plan/prefetch.h"
#include "artifact/artifact.h"
#include "artifact/fetch.h"
#include "artifact/wheels.h"
#include "cloud/provider.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/http.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* The machine's architecture is known once it answers; until then a machine on this host has this host's. */
static const char *likely_arch(const struct run *r)
{
    const char *known = r->provider->ops->arch ? r->provider->ops->arch(r) : NULL;
    struct utsname u;

    if (known)
        return known;
    return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "amd64";
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)e;
    /* Files of an artifacts directory are local already, and are checked where they are used. */
    *ret = r->artifacts->dir || journal_mark(r->journal, s->name) == JOURNAL_DONE ? STEP_DONE : STEP_TODO;
    return 0;
}

/* Best effort for a machine elsewhere: it may reach what this host does not, and have another architecture. */
static int forgive(struct run *r, struct err *e)
{
    if ((e->code != ERR_NET && e->code != ERR_SPEC) || r->provider->ops->same_network)
        return -1;
    ui_debug(r->ui, "%s", e->msg);
    err_clear(e);
    return 0;
}

/* The wheels for the Python that the machine most likely has: Debian 12's, or the first that there are wheels for. */
static int likely_wheels(const struct run *r, const struct artifact_file ***ret, size_t *ret_n, struct err *e)
{
    const char *groups[WHEELS_GROUPS_MAX];
    struct err other = ERR_INIT;

    wheels_groups(r->spec, groups);
    if (wheels_select(r->artifacts, groups, likely_arch(r), WHEELS_PYTHON_MIN, ret, ret_n, e) == 0)
        return 0;
    for (int minor = WHEELS_PYTHON_MIN + 1; minor <= WHEELS_PYTHON_MAX; minor++) {
        if (wheels_select(r->artifacts, groups, likely_arch(r), minor, ret, ret_n, &other) == 0) {
            err_clear(e);
            return 0;
        }
    }
    return -1;
}

static int apply_wheels(struct run *r, struct err *e)
{
    AUTO_FREE const struct artifact_file **files = NULL;
    AUTO_SVEC struct svec paths = SVEC_INIT;
    size_t n;

    if (likely_wheels(r, &files, &n, e) < 0)
        return forgive(r, e);
    if (wheels_fetch(r->artifacts, files, n, r->clock, r->ui, &paths, e) < 0 && forgive(r, e) < 0)
        return err_wrap(e, "fetch the Python wheels");
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    const char *arch = likely_arch(r);

    (void)s;
    if (wheels_needed(r->spec))
        return apply_wheels(r, e);
    for (size_t i = 0; i < r->artifacts->n_files; i++) {
        const struct artifact_file *f = &r->artifacts->files[i];
        AUTO_FREE char *path = NULL;
        if (strcmp(f->arch, arch) != 0 && strcmp(f->arch, "any") != 0)
            continue;
        if (artifacts_fetch(r->artifacts, f, r->clock, r->ui, &path, e) == 0)
            continue;
        if (forgive(r, e) < 0)
            return err_wrap(e, "fetch %s %s", f->name, f->version);
    }
    return 0;
}

/* Any answer will do: the download itself reports what is wrong with a server that is there. */
static bool answers(struct run *r, struct http *http, const char *url)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(64 << 10);
    const struct http_req req = { "HEAD", url, NULL, NULL, 10000 };
    struct err e = ERR_INIT;

    if (http_send(http, &req, &resp, &e) == 0)
        return true;
    ui_debug(r->ui, "%s: %s", url, e.msg);
    return false;
}

static bool any_source(struct run *r, const struct artifact_file *f)
{
    AUTO_SVEC struct svec urls = SVEC_INIT;
    struct http *http = http_new(r->clock);
    bool found = false;

    artifacts_urls(r->artifacts, f, &urls);
    for (size_t i = 0; !found && i < urls.len; i++)
        found = answers(r, http, urls.items[i]);
    http_free(http);
    return found;
}

static int no_source(const char *what, const char *version, struct err *e)
{
    (void)err_set(e, ERR_NET, "%s %s cannot be reached from here, and no artifacts directory is given", what, version);
    return err_hint(e, "on a host that can reach it: `slipway artifacts pull -o DIR`; then here: --artifacts DIR, or "
                       "artifacts.dir or artifacts.mirrors in the spec");
}

static int wheels_possible(struct run *r, struct err *e)
{
    AUTO_FREE const struct artifact_file **files = NULL;
    size_t n;

    if (likely_wheels(r, &files, &n, e) < 0)
        return -1;
    for (size_t i = 0; !r->artifacts->dir && i < n; i++) {
        AUTO_FREE char *cached = fetch_cache_path(files[i]->sha256, files[i]->file);
        if (fsx_exists(cached))
            continue;
        /* The one that is missing stands for the rest: they come from one place. */
        return any_source(r, files[i]) ? 0 : no_source("the package index with Prefect", r->artifacts->prefect, e);
    }
    return 0;
}

int prefetch_possible(struct run *r, struct err *e)
{
    const struct artifact_file *f;

    /* Elsewhere neither the network nor the architecture is this host's. */
    if (!r->provider->ops->same_network || (r->journal && journal_mark(r->journal, "artifacts/local") == JOURNAL_DONE))
        return 0;
    if (wheels_needed(r->spec))
        return wheels_possible(r, e);
    if (r->artifacts->dir)
        return 0;
    if (artifacts_require(r->artifacts, "k3s", likely_arch(r), &f, e) < 0)
        return -1;
    AUTO_FREE char *cached = fetch_cache_path(f->sha256, f->file);
    return fsx_exists(cached) || any_source(r, f) ? 0 : no_source("the release host of K3s", f->version, e);
}

const struct step prefetch_steps[] = {
    { "artifacts/local", PHASE_ARTIFACTS, check, apply, NULL, NULL },
};
const size_t prefetch_n_steps = ARRAY_LEN(prefetch_steps);
