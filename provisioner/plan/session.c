#include "plan/session.h"
#include "app/runtime.h"
#include "app/server_address.h"
#include "artifact/artifact.h"
#include "cloud/contact.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "host/node.h"
#include "kube/view.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include "step/lock.h"
#include "step/state.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool writes(enum session_mode mode)
{
    return mode == SESSION_WRITE || mode == SESSION_REMOVE;
}

static int override_artifacts(struct spec *spec, const char *dir, struct err *e)
{
    if (!dir)
        return 0;
    char *full = realpath(dir, NULL);
    if (!full)
        return err_sys(e, ERR_USAGE, "artifacts directory '%s'", dir);
    free(spec->artifacts.dir);
    spec->artifacts.dir = full;
    return 0;
}

static int open_for_writing(struct session *s, const struct session_opts *o, const char *journal, struct err *e)
{
    AUTO_FREE char *lock = fsx_join(s->dir, "lock");
    AUTO_FREE char *log = fsx_join(s->dir, "run.log");

    if (state_make_dir(s->dir, e) < 0 || lock_take(lock, o->command, &s->lock, e) < 0)
        return -1;
    if (journal_open(journal, s->spec->name, o->clock, &s->run.journal, e) < 0)
        return -1;
    return ui_log_to(o->ui, log, e);
}

static int open_for_reading(struct session *s, enum session_mode mode, const char *journal, struct err *e)
{
    if (journal_read(journal, &s->run.journal, e) == 0)
        return 0;
    if (e->sys != ENOENT)
        return -1;
    if (mode == SESSION_PLAN) {
        err_clear(e);
        return 0;
    }
    (void)err_set(e, ERR_USAGE, "there is no deployment '%s' in '%s'", s->spec->name, s->dir);
    return err_hint(e, "`slipway bootstrap` makes it; `slipway list` shows what there is");
}

/* What a deployment was made as, and stays. */
struct fact {
    const char *key, *what, *remedy;
    const char *(*value)(const struct spec *s);
    bool removal; /* also for taking away, which otherwise needs no more than the way to the machine */
};

static const char *provider_of(const struct spec *s)
{
    return s->provider;
}

static const char *runtime_name_of(const struct spec *s)
{
    return s->runtime;
}

static const char *database_of(const struct spec *s)
{
    return server_is_ours(s) ? s->prefect.server.database.type : "that of a server elsewhere";
}

static const struct fact facts[] = {
    /* Another one under the same name would lose sight of the first machine. */
    { "provider", "provider", "tear it down with its old spec first, or give the new one another name", provider_of,
      true },
    /* The other one would be installed beside the first. */
    { "runtime", "runtime", "tear it down with its old spec first, or give the new one another name", runtime_name_of,
      false },
    /* The server would start with an empty one, and every run and deployment would be out of sight. */
    { "database", "database", "write the old one again; slipway-prefect(7) says how to dump and restore", database_of,
      false },
};

static int same_facts(struct session *s, enum session_mode mode, struct err *e)
{
    for (size_t i = 0; s->run.journal && i < ARRAY_LEN(facts); i++) {
        const char *before = journal_str(s->run.journal, facts[i].key), *now = facts[i].value(s->spec);
        if (!*before && mode == SESSION_WRITE && journal_set(s->run.journal, facts[i].key, json_string(now), e) < 0)
            return -1;
        if (!*before || strcmp(before, now) == 0 || (mode == SESSION_REMOVE && !facts[i].removal))
            continue;
        (void)err_set(e, ERR_CONFLICT, "deployment '%s' was made with %s '%s', the spec says '%s'", s->spec->name,
                      facts[i].what, before, now);
        return err_hint(e, "%s", facts[i].remedy);
    }
    return 0;
}

int session_open(struct session *s, const struct session_opts *o, struct err *e)
{
    *s = (struct session){ .run = { .ui = o->ui, .clock = o->clock } };
    const char *path = o->spec_path ? o->spec_path : "slipway.yaml";
    bool lenient = o->mode == SESSION_READ || o->mode == SESSION_REMOVE;
    if ((lenient ? spec_load_lenient(path, &s->spec, e) : spec_load(path, &s->spec, e)) < 0)
        return -1;
    s->run.spec = s->spec;
    if (override_artifacts(s->spec, o->artifacts_dir, e) < 0)
        return -1;
    s->dir = state_dir(s->spec->name);
    s->run.dir = s->dir;
    s->run.phases = phases_new(o->clock);
    AUTO_FREE char *journal = fsx_join(s->dir, "journal");
    int rc = writes(o->mode) ? open_for_writing(s, o, journal, e) : open_for_reading(s, o->mode, journal, e);
    if (rc < 0 || same_facts(s, o->mode, e) < 0)
        return -1;
    const struct provider_ops *ops = provider_find(s->spec->provider);
    if (!ops)
        return err_set(e, ERR_SPEC, "provider '%s' is not in this build", s->spec->provider);
    for (size_t i = 0; o->mode == SESSION_WRITE && i < s->spec->warnings.len; i++)
        ui_warn(o->ui, "%s", s->spec->warnings.items[i]);
    if (runtime_of(&s->run)->packages)
        runtime_of(&s->run)->packages(s->spec, &s->run.packages);
    return ops->open(&s->run.provider, &s->run, e);
}

int session_connect(struct session *s, struct err *e)
{
    if (s->run.ssh)
        return 0;
    s->run.brief = true;
    return contact_open(&s->run, e);
}

void session_close(struct session *s)
{
    ssh_close(s->run.ssh);
    if (s->run.provider)
        s->run.provider->ops->close(s->run.provider);
    artifacts_free(s->run.artifacts);
    node_free(s->run.node);
    view_free(s->run.view);
    phases_free(s->run.phases);
    journal_free(s->run.journal);
    svec_done(&s->run.packages);
    lock_release(s->lock);
    spec_free(s->spec);
    free(s->dir);
}
