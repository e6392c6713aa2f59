#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum { TEXT_MS = 60000, FULL = 28, CUT = 29, ALTERED = 30 };

/* openssl, where it is there, is five times as fast as sha256sum, and the disk works meanwhile.
 * $1 path, $2 mode, $3 owner or "", $4 sha256 or "", $5 size. The exit statuses are those of the enum. */
static const char receiver[] =
    "set -u; path=$1 mode=$2 owner=$3 sum=$4 size=$5 tmp=$1.tmp; umask 022\n"
    "fail() { status=$1; rm -f -- \"$tmp\"; exit \"$status\"; }\n"
    "trap 'fail 1' HUP INT TERM PIPE\n"
    "dir=${path%/*}; [ -z \"$dir\" ] || mkdir -p -- \"$dir\" || exit 1\n"
    "rm -f -- \"$tmp\"\n"
    "umask 077\n"
    "said=$(cat 2>&1 >\"$tmp\") || { [ -z \"$said\" ] || printf '%s\\n' \"$said\" >&2; cat >/dev/null\n"
    "  case $said in *'No space left'*|*'quota exceeded'*) fail 28;; esac; fail 1; }\n"
    "[ \"$(stat -c %s -- \"$tmp\")\" = \"$size\" ] || fail 29\n"
    "sync -- \"$tmp\" & syncing=$!\n"
    "if [ -n \"$sum\" ]; then\n"
    "  have=$(openssl dgst -sha256 -r <\"$tmp\" 2>/dev/null) || have=$(sha256sum <\"$tmp\") || fail 1\n"
    "  have=${have%% *}\n"
    "  [ \"$have\" = \"$sum\" ] || { printf '%s' \"$have\"; fail 30; }; fi\n"
    "wait \"$syncing\" || { case $(df --output=avail -- \"$tmp\") in *[!0-9]0) fail 28;; esac; fail 1; }\n"
    "if [ -n \"$owner\" ]; then chown -- \"$owner\" \"$tmp\" || fail 1; fi\n"
    "chmod -- \"$mode\" \"$tmp\" || fail 1\n"
    "mv -fT -- \"$tmp\" \"$path\" || fail 1\n";

struct upload {
    int fd;
    const char *text;
    off_t done, size;
    ssh_progress *progress;
    void *ctx;
};

static ssize_t fill(void *arg, char *buf, size_t size, struct err *e)
{
    struct upload *u = arg;
    size_t left = (size_t)(u->size - u->done), want = left < size ? left : size;
    ssize_t n = 0;

    if (!want)
        return 0;
    if (u->text) {
        memcpy(buf, u->text + u->done, want);
        n = (ssize_t)want;
    } else {
        do
            n = read(u->fd, buf, want);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return err_sys(e, ERR_INTERNAL, "read the file to upload");
        if (n == 0)
            return err_set(e, ERR_INTERNAL, "the file to upload became shorter while it was read");
    }
    u->done += n;
    if (u->progress)
        u->progress(u->ctx, u->done, u->size);
    return n;
}

static int judge(struct ssh *s, const struct ssh_file *f, const struct ssh_result *r, struct err *e)
{
    switch (r->status) {
    case 0:
        return 0;
    case FULL:
        (void)err_set(e, ERR_REMOTE, "no space left on the machine for '%s'", f->path);
        return err_hint(e, "free space there, or give the machine a larger disk (machine.disk_gib)");
    case CUT:
        (void)err_set(e, ERR_NET, "upload of '%s' to %s was cut off", f->path, s->name);
        e->retryable = true;
        return -1;
    case ALTERED:
        return err_set(e, ERR_CONFLICT, "'%s' on the machine has sha256 %.64s, not %.64s; removed", f->path,
                       r->out.data, f->sha256);
    default:
        return err_set(e, ERR_REMOTE, "upload of '%s': exit status %d: %.600s", f->path, r->status, r->err.data);
    }
}

static int put(struct ssh *s, const struct ssh_file *f, struct upload *u, int64_t timeout_ms, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_FREE char *what = xasprintf("upload of '%s'", f->path);

    svec_add(&argv, "sh");
    svec_add(&argv, "-c");
    svec_add(&argv, receiver);
    svec_add(&argv, "sh");
    svec_add(&argv, f->path);
    svec_add(&argv, f->mode ? f->mode : "0644");
    svec_add(&argv, f->owner ? f->owner : "");
    svec_add(&argv, f->sha256 ? f->sha256 : "");
    svec_addf(&argv, "%lld", (long long)u->size);
    struct ssh_exec x = { .argv = svec_argv(&argv),
                          .sudo = true,
                          .any_status = true,
                          .what = what,
                          .timeout_ms = timeout_ms ? timeout_ms : TEXT_MS,
                          .fill = fill,
                          .ctx = u };
    if (f->path[0] != '/')
        return err_set(e, ERR_INTERNAL, "upload to '%s': not an absolute path", f->path);
    if (ssh_exec(s, &x, &r, e) < 0)
        return -1;
    sbuf_trim(&r.err);
    return judge(s, f, &r, e);
}

int ssh_put_text(struct ssh *s, const struct ssh_file *f, const char *text, size_t len, struct err *e)
{
    struct upload u = { .fd = -1, .text = text, .size = (off_t)len };

    return put(s, f, &u, TEXT_MS, e);
}

int ssh_put_fd(struct ssh *s, const struct ssh_file *f, int fd, off_t size, int64_t timeout_ms, ssh_progress *progress,
               void *ctx, struct err *e)
{
    struct upload u = { .fd = fd, .size = size, .progress = progress, .ctx = ctx };

    return put(s, f, &u, timeout_ms, e);
}
