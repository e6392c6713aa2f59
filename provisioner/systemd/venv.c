#include "systemd/venv.h"
#include "artifact/tar.h"
#include "artifact/wheels.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/template.h"
#include "core/util.h"
#include "host/node.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wheel_set {
    const struct artifact_file **files;
    size_t n;
    char *requirements;
    char digest[HASH_HEX];
};

static void wheel_set_done(struct wheel_set *w)
{
    free(w->files);
    free(w->requirements);
}

#define AUTO_WHEEL_SET __attribute__((cleanup(wheel_set_done)))

static int python_minor(struct run *r, int *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    static const char *const argv[] = { "/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])", NULL };
    const struct ssh_opts o = { .any_status = true, .what = "asking for Python's version" };
    int major = 0;

    if (ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    if (res.status != 0 || sscanf(res.out.data, "%d %d", &major, ret) != 2 || major != 3)
        return err_set(e, ERR_REMOTE, "the machine has no Python 3 at /usr/bin/python3");
    return 0;
}

/* The digest stands for every byte that goes in, and for the recipe. */
static int wanted(struct run *r, struct wheel_set *ret, struct err *e)
{
    const char *groups[WHEELS_GROUPS_MAX];
    int minor = 0;

    wheels_groups(r->spec, groups);
    if (python_minor(r, &minor, e) < 0 ||
        wheels_select(r->artifacts, groups, r->node->arch, minor, &ret->files, &ret->n, e) < 0)
        return -1;
    ret->requirements = wheels_requirements(ret->files, ret->n);
    AUTO_FREE char *all = xasprintf("3.%d %s\n%s", minor, template_get("templates/venv-install.sh"), ret->requirements);
    hash_sha256_hex(all, strlen(all), ret->digest);
    ret->digest[16] = '\0';
    return 0;
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_WHEEL_SET struct wheel_set want = { 0 };
    static const char *const argv[] = { "readlink", NODE_DIR "/venv", NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true };

    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    if (wanted(r, &want, e) < 0 || ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    AUTO_FREE char *target = xasprintf("venv-%s\n", want.digest);
    if (res.status == 0 && strcmp(res.out.data, target) == 0)
        *ret = STEP_DONE;
    return 0;
}

static int add_wheels(struct tar *t, const struct wheel_set *w, const struct svec *paths, struct err *e)
{
    AUTO_SBUF struct sbuf names = SBUF_INIT(256 << 10);

    /* A tar of this simple kind holds no long names, and wheels have them. */
    for (size_t i = 0; i < w->n; i++) {
        char number[24];
        off_t size = 0;
        (void)snprintf(number, sizeof(number), "%zu", i);
        sbuf_addf(&names, "%s %s\n", number, w->files[i]->file);
        if (fsx_size(paths->items[i], &size, e) < 0 ||
            tar_add_file(t, number, paths->items[i], size, w->files[i]->sha256, e) < 0)
            return -1;
    }
    return tar_add_text(t, "names", names.data, names.len, e);
}

static int pack(struct run *r, const struct wheel_set *w, const char *path, char ret_sha256[static HASH_HEX],
                off_t *ret_size, struct err *e)
{
    AUTO_SVEC struct svec paths = SVEC_INIT;
    struct tar t;

    if (wheels_fetch(r->artifacts, w->files, w->n, r->clock, r->ui, &paths, e) < 0)
        return -1;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "create '%s'", path);
    tar_init(&t, fd);
    int rc = add_wheels(&t, w, &paths, e);
    if (rc == 0)
        rc = tar_finish(&t, ret_sha256, e);
    *ret_size = t.size;
    tar_done(&t);
    return rc;
}

static int bring(struct run *r, const struct wheel_set *w, const char *dir, struct err *e)
{
    AUTO_FREE char *local = fsx_join(r->dir, "wheels.tar");
    AUTO_FREE char *there = xasprintf("%s/wheels.tar", dir);
    AUTO_FREE char *list = xasprintf("%s/requirements.txt", dir);
    char sha256[HASH_HEX];
    off_t size = 0;

    int rc = pack(r, w, local, sha256, &size, e);
    if (rc == 0) {
        AUTO_CLOSE int fd = open(local, O_RDONLY | O_CLOEXEC);
        const struct ssh_file tar = { there, "0600", "root:root", sha256 };
        const struct ssh_file text = { list, "0600", "root:root", NULL };
        ui_note(r->ui, "upload of %zu wheels, %lld MB", w->n, (long long)(size / 1000000));
        rc = fd < 0 ? err_sys(e, ERR_INTERNAL, "open '%s'", local)
                    : ssh_put_fd(r->ssh, &tar, fd, size, INT64_C(1800000), NULL, NULL, e);
        if (rc == 0)
            rc = ssh_put_text(r->ssh, &text, w->requirements, strlen(w->requirements), e);
    }
    (void)unlink(local);
    return rc;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_WHEEL_SET struct wheel_set want = { 0 };
    const struct ssh_opts o = { .sudo = true, .timeout_ms = 600000, .what = "making the venv" };

    (void)s;
    if (wanted(r, &want, e) < 0)
        return -1;
    /* A directory of this run's own: one that was killed here may still be reading its own there. */
    char nonce[37];
    rng_uuid(nonce);
    AUTO_FREE char *dir = xasprintf(NODE_DIR "/wheels-%.8s", nonce);
    if (bring(r, &want, dir, e) < 0)
        return -1;
    ui_note(r->ui, "pip installs %zu wheels", want.n);
    const char *const args[] = { dir, want.digest, NULL };
    if (ssh_script(r->ssh, template_get("templates/venv-install.sh"), args, &o, &res, e) < 0)
        return -1;
    return journal_set(r->journal, "venv.digest", json_string(want.digest), e);
}

const struct step venv_steps[] = {
    { "venv/install", PHASE_IMAGES, check, apply, NULL, NULL },
};
const size_t venv_n_steps = ARRAY_LEN(venv_steps);
