#include "host/place.h"
#include "cloud/provider.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/node.h"
#include "ssh/ssh.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define UPLOAD_MS  (INT64_C(30) * 60 * 1000)
#define HASHING_MS (INT64_C(5) * 60 * 1000)

/* Digest of a file there; "" when it is missing. */
static int digest_there(struct run *r, const char *path, char ret[static 65], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { "sha256sum", "--", path, NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true, .timeout_ms = HASHING_MS, .what = "sha256sum" };

    if (ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    (void)snprintf(ret, 65, "%.64s", res.status == 0 ? res.out.data : "");
    return 0;
}

int place_check(struct run *r, const char *there, const char *sha256, struct err *e)
{
    char got[65];

    if (digest_there(r, there, got, e) < 0)
        return -1;
    return strcmp(got, sha256) == 0;
}

static int demand(struct run *r, const char *path, const char *shown, const char *want, struct err *e)
{
    char got[65];

    if (digest_there(r, path, got, e) < 0)
        return -1;
    if (strcmp(got, want) == 0)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "'%s' has other bytes than the lock demands: sha256 %s, not %s", shown,
                  *got ? got : "(missing)", want);
    return err_hint(e, "fetch it again with `slipway artifacts pull`, or lock it anew with `slipway lock`");
}

/* The artifacts directory as the machine sees it; 0 when the provider cannot share it. */
static int shared(struct run *r, const char *file, char ret[static 256], struct err *e)
{
    char dir[256];
    int rc;

    if (!r->artifacts->dir || !r->provider->ops->shared_dir)
        return 0;
    rc = r->provider->ops->shared_dir(r, r->provider, r->artifacts->dir, dir, e);
    if (rc > 0)
        (void)snprintf(ret, 256, "%.120s/%.120s", dir, file);
    return rc;
}

struct upload {
    struct run *run;
    const char *name;
};

static void progress(void *ctx, off_t done, off_t total)
{
    const struct upload *u = ctx;

    ui_note(u->run->ui, "upload of %s: %lld of %lld MB", u->name, (long long)(done / 1000000),
            (long long)(total / 1000000));
}

static int upload(struct run *r, const char *local, const struct ssh_file *to, const char *name, struct err *e)
{
    struct upload u = { r, name };
    off_t size = 0;
    AUTO_CLOSE int fd = open(local, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", local);
    if (fsx_size(local, &size, e) < 0)
        return -1;
    if (ssh_put_fd(r->ssh, to, fd, size, UPLOAD_MS, progress, &u, e) < 0)
        return err_wrap(e, "bring '%s' to the machine", name);
    return 0;
}

static int fetch_there(struct run *r, const struct artifact_file *f, const char *there, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_SVEC struct svec args = SVEC_INIT;
    const struct ssh_opts o = { .sudo = true, .timeout_ms = UPLOAD_MS, .what = "fetching on the machine" };

    ui_note(r->ui, "%s: the machine fetches it itself", f->file);
    svec_add(&args, there);
    svec_add(&args, f->sha256);
    artifacts_urls(r->artifacts, f, &args);
    return ssh_script(r->ssh, template_get("templates/node-fetch.sh"), svec_argv(&args), &o, &res, e);
}

static int copy_there(struct run *r, const char *from, const char *there, const char *mode, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { "install", "-D", "-m", mode, "-T", "--", from, there, NULL };
    const struct ssh_opts o = { .sudo = true, .timeout_ms = HASHING_MS };

    return ssh_run(r->ssh, argv, &o, &res, e);
}

int place_file(struct run *r, const struct artifact_file *f, const char *there, const char *mode, struct err *e)
{
    char path[256];
    AUTO_FREE char *local = NULL;
    int rc = place_check(r, there, f->sha256, e);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    rc = shared(r, f->file, path, e);
    if (rc < 0)
        return -1;
    if (rc > 0) {
        AUTO_FREE char *tmp = xasprintf("%s.new", there);
        const char *const mv[] = { "mv", "-T", "--", tmp, there, NULL };
        AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
        const struct ssh_opts o = { .sudo = true };
        /* Checked as the copy, under a name that nothing runs. */
        if (copy_there(r, path, tmp, mode, e) < 0 || demand(r, tmp, f->file, f->sha256, e) < 0)
            return -1;
        return ssh_run(r->ssh, mv, &o, &res, e);
    }
    if (artifacts_fetch(r->artifacts, f, r->clock, r->ui, &local, e) == 0) {
        const struct ssh_file to = { there, mode, "root:root", f->sha256 };
        return upload(r, local, &to, f->file, e);
    }
    if (e->code != ERR_NET || r->artifacts->dir)
        return -1;
    struct err here = *e;
    if (fetch_there(r, f, there, e) < 0) {
        *e = here; /* the operator's own network is what he can mend */
        return -1;
    }
    return 0;
}

int place_image(struct run *r, const struct artifact_image *i, char ret[static 256], struct err *e)
{
    AUTO_FREE char *local = artifacts_image_path(r->artifacts, i);
    int rc = shared(r, i->file, ret, e);

    if (rc < 0)
        return -1;
    if (rc > 0)
        return demand(r, ret, i->file, i->sha256, e);
    (void)snprintf(ret, 256, NODE_DIR "/images/%.200s", i->file);
    rc = place_check(r, ret, i->sha256, e);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    const struct ssh_file to = { ret, "0600", "root:root", i->sha256 };
    return upload(r, local, &to, i->file, e);
}
