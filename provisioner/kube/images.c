#include "kube/images.h"
#include "core/mem.h"
#include "core/util.h"
#include "host/cause.h"
#include "host/node.h"
#include "host/place.h"
#include "kube/k3s.h"
#include "kube/kubectl.h"
#include "kube/view.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include <string.h>

static int find_image(const struct run *r, const char *role, const struct artifact_image **ret, struct err *e)
{
    *ret = artifacts_image(r->artifacts, role, r->node->arch);
    if (!*ret) {
        (void)err_set(e, ERR_SPEC, "the lock has no '%s' image for %s", role, r->node->arch);
        return err_hint(e, "run `slipway lock`");
    }
    return 0;
}

int image_name(const struct run *r, const char *role, struct sbuf *out, struct err *e)
{
    const struct artifact_image *i;

    if (find_image(r, role, &i, e) < 0)
        return -1;
    sbuf_addstr(out, i->ref);
    if (*i->digest)
        sbuf_addf(out, "@%s", i->digest);
    return 0;
}

static int on_node(struct run *r, const char *const argv[], struct ssh_result *res, struct err *e)
{
    const int64_t left = phases_deadline_ms(r->phases, PHASE_IMAGES, r->spec->timeouts) - r->clock->mono_ms(r->clock);
    const struct ssh_opts o = { .sudo = true, .timeout_ms = left > 1000 ? left : 1000, .what = argv[1] };

    return ssh_run(r->ssh, argv, &o, res, e);
}

/* Digest under which containerd knows the name; "" when it does not. */
static int digest_on_node(struct run *r, const char *name, char ret[static 72], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *filter = xasprintf("name==%s", name);
    const char *const argv[] = { K3S_BINARY, "ctr", "-n", "k8s.io", "images", "ls", filter, NULL };
    int usable = view_usable(r, e);

    if (usable > 0)
        view_image_digest(r, name, ret);
    if (usable != 0)
        return usable < 0 ? -1 : 0;

    if (on_node(r, argv, &res, e) < 0)
        return -1;
    view_parse_image(res.out.data, name, ret);
    return 0;
}

/* Both names must be there: pods ask by digest, people look for the tag. */
static int image_there(struct run *r, const struct artifact_image *i, struct err *e)
{
    char got[72];

    if (digest_on_node(r, i->ref, got, e) < 0)
        return -1;
    if (!*got || (*i->digest && strcmp(got, i->digest) != 0))
        return 0;
    if (!*i->digest)
        return 1;
    AUTO_FREE char *name = artifacts_image_pull_ref(i);
    if (digest_on_node(r, name, got, e) < 0)
        return -1;
    return strcmp(got, i->digest) == 0;
}

static int import_archive(struct run *r, const struct artifact_image *i, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    char path[256], got[72];
    const char *const argv[] = { K3S_BINARY, "ctr", "-n", "k8s.io", "images", "import", path, NULL };

    ui_note(r->ui, "import of %s", i->ref);
    if (digest_on_node(r, i->ref, got, e) < 0)
        return -1;
    /* Two roles may share one archive: the first import brought both names. */
    if (*got && strcmp(got, i->digest) == 0)
        return 0;
    if (place_image(r, i, path, e) < 0 || on_node(r, argv, &res, e) < 0 || digest_on_node(r, i->ref, got, e) < 0)
        return -1;
    if (!*got || (*i->digest && strcmp(got, i->digest) != 0))
        return err_set(e, ERR_CONFLICT, "archive '%s' holds %s as %s, the lock demands %s", i->file, i->ref,
                       *got ? got : "nothing", *i->digest ? i->digest : "that name");
    return 0;
}

static int pull(struct run *r, const struct artifact_image *i, const char *name, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { K3S_BINARY, "crictl", "pull", name, NULL };

    ui_note(r->ui, "pull of %s", name);
    if (on_node(r, argv, &res, e) == 0)
        return 0;
    const char *cause = e->code == ERR_REMOTE ? cause_find(e->msg) : NULL;
    if (cause)
        (void)err_set(e, ERR_REMOTE, "%s", cause);
    (void)err_wrap(e, "image '%s'", i->ref);
    return err_hint(e,
                    "can the machine reach the registry? `slipway artifacts pull` makes a directory for artifacts.dir");
}

static int tag(struct run *r, const char *from, const char *to, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { K3S_BINARY, "ctr", "-n", "k8s.io", "images", "tag", "--force", from, to, NULL };

    return strcmp(from, to) == 0 ? 0 : on_node(r, argv, &res, e);
}

static int image_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    const struct artifact_image *i;

    if (find_image(r, s->arg, &i, e) < 0)
        return -1;
    int rc = view_usable(r, e);
    if (rc < 0 || (rc == 0 && k3s_wait_containerd(r, e) < 0))
        return -1;
    rc = image_there(r, i, e);
    *ret = rc > 0 ? STEP_DONE : STEP_TODO;
    return rc < 0 ? -1 : 0;
}

static int image_apply(struct run *r, const struct step *s, struct err *e)
{
    const struct artifact_image *i;

    if (find_image(r, s->arg, &i, e) < 0)
        return -1;
    AUTO_FREE char *by_digest = artifacts_image_pull_ref(i);
    if (i->file)
        return import_archive(r, i, e) < 0 ? -1 : tag(r, i->ref, by_digest, e);
    return pull(r, i, by_digest, e) < 0 ? -1 : tag(r, by_digest, i->ref, e);
}

const struct step image_steps[] = {
    { "images/postgres", PHASE_IMAGES, image_check, image_apply, NULL, "postgres" },
    { "images/prefect", PHASE_IMAGES, image_check, image_apply, NULL, "prefect" },
    { "images/prefect-worker", PHASE_IMAGES, image_check, image_apply, NULL, "prefect-worker" },
};
const size_t image_n_steps = ARRAY_LEN(image_steps);
