#include "net/download.h"
#include "core/cancel.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/transfer.h"
#include "net/url.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
    TRIES = 4,            /* without a new byte, per source */
    TRIES_EVER = 30,      /* with new bytes each time */
    FIRST_PAUSE_MS = 250, /* doubles */
    LOCK_POLL_MS = 250,
    STALL_MS = 30000,
};

#define MAX_BYTES ((off_t)8 << 30)

struct job {
    const struct download *d;
    struct clock *clock;
    struct ui *ui;
    char *part_path, *meta_path;
    struct part part;
    struct sbuf tried; /* "URL: reason; URL: reason" */
    char wrong[256];   /* the last wrong digest and its size; "" when none came */
};

static void job_done(struct job *j)
{
    if (j->part.fd >= 0)
        close(j->part.fd);
    hash_sha256_free(j->part.hash, NULL);
    free(j->part_path);
    free(j->meta_path);
    sbuf_done(&j->tried);
}

/* Open PATH.part and own it. 1: owned. 0: another process finished it meanwhile, open again. */
static int part_lock(struct job *j, bool *ret_waited, struct err *e)
{
    struct stat mine, named;

    j->part.fd = open(j->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->part.fd < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", j->part_path);
    while (flock(j->part.fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "lock '%s'", j->part_path);
        *ret_waited = true;
        ui_note(j->ui, "%s: another slipway downloads it", j->d->label);
        if (j->clock->sleep_ms(j->clock, LOCK_POLL_MS, e) < 0)
            return -1;
    }
    if (fstat(j->part.fd, &mine) == 0 && stat(j->part_path, &named) == 0 && mine.st_ino == named.st_ino &&
        mine.st_dev == named.st_dev)
        return 1;
    close(TAKE_FD(j->part.fd));
    return 0;
}

/* What an earlier run left: its bytes into the digest, its validator from PATH.part.meta. */
static int part_load(struct job *j, struct err *e)
{
    AUTO_FREE char *buf = xcalloc(1, 1 << 18);
    AUTO_SBUF struct sbuf meta = SBUF_INIT(1024);
    struct err absent = ERR_INIT;
    struct part *p = &j->part;
    ssize_t n;

    while ((n = read(p->fd, buf, 1 << 18)) != 0) {
        if (n < 0 && errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "read '%s'", j->part_path);
        if (n > 0) {
            hash_sha256_add(p->hash, buf, (size_t)n);
            p->have += n;
        }
    }
    p->resumed = p->have > 0;
    if (p->have && fsx_read(j->meta_path, &meta, &absent) == 0)
        (void)sscanf(meta.data, "%64s %255[^\n]", p->source, p->validator);
    /* More than the whole can only be of another file. */
    if (p->have > (j->d->size ? j->d->size : j->d->max_bytes ? j->d->max_bytes : MAX_BYTES))
        return part_restart(p, e);
    return 0;
}

/* For the next run. Losing it costs bytes only. */
static void part_save(const struct job *j)
{
    AUTO_FREE char *meta = xasprintf("%s %s\n", j->part.source, j->part.validator);
    struct err ignored = ERR_INIT;

    if (j->part.have && j->part.validator[0])
        (void)!fsx_replace(j->meta_path, meta, strlen(meta), 0600, &ignored);
    else
        (void)unlink(j->meta_path);
}

static void part_drop(const struct job *j)
{
    (void)unlink(j->part_path);
    (void)unlink(j->meta_path);
}

static void note_failure(struct job *j, const char *url, const char *why)
{
    char shown[512];

    url_show(url, shown, sizeof(shown));
    sbuf_addf(&j->tried, "%s%s: %s", j->tried.len ? "; " : "", shown, why);
    ui_debug(j->ui, "%s: %s: %s", j->d->label, shown, why);
}

static int finish(const struct job *j, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(j->d->path);
    AUTO_CLOSE int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dirfd < 0 || fsync(j->part.fd) < 0 || rename(j->part_path, j->d->path) < 0 || fsync(dirfd) < 0) {
        (void)err_sys(e, ERR_INTERNAL, "store '%s'", j->d->path);
        part_drop(j);
        return -1;
    }
    (void)unlink(j->meta_path);
    return 0;
}

/* Compare what is complete with what was asked for. 1: right. 0: wrong, and the partial file is empty again. */
static int judge(struct job *j, const char *url, bool *ret_again, char got[65], struct err *e)
{
    hash_sha256_free(TAKE_PTR(j->part.hash), got);
    j->part.hash = hash_sha256_new();
    if (!j->d->sha256 || strcmp(got, j->d->sha256) == 0)
        return 1;
    *ret_again = j->part.resumed;
    (void)snprintf(j->wrong, sizeof(j->wrong), "want sha256 %s, got %s (%lld bytes)", j->d->sha256, got,
                   (long long)j->part.have);
    if (!*ret_again)
        note_failure(j, url, "other bytes");
    else
        (void)err_set(e, ERR_NET, "other bytes after a resume");
    return part_restart(&j->part, e) < 0 ? -1 : 0;
}

/* All tries at one source. 1: the file is there. 0: next source. */
static int try_source(struct job *j, const char *url, bool plain_ok, char ret_sha256[65], struct err *e)
{
    const struct download *d = j->d;
    struct transfer t = {
        .url = url,
        .label = d->label,
        .headers = d->headers,
        .plain_ok = plain_ok,
        .any_source = d->sha256 != NULL,
        .want = d->size,
        .max_bytes = d->max_bytes ? d->max_bytes : MAX_BYTES,
        .stall_ms = d->stall_ms ? d->stall_ms : STALL_MS,
        .clock = j->clock,
        .ui = j->ui,
        .part = &j->part,
    };
    int64_t pause = FIRST_PAUSE_MS, moved_ms = j->clock->mono_ms(j->clock);

    for (int idle = 0, ever = 0; idle < TRIES && ever < TRIES_EVER; idle++, ever++) {
        off_t before = j->part.have;
        bool again = false;
        enum transfer_end end = transfer_run(&t, e);
        if (end == TRANSFER_STOP)
            return -1;
        if (end == TRANSFER_DONE) {
            int right = judge(j, url, &again, ret_sha256, e);
            if (right || !again)
                return right;
            continue;
        }
        int64_t now_ms = j->clock->mono_ms(j->clock);
        if (j->part.have > before) {
            idle = -1;
            pause = FIRST_PAUSE_MS;
            moved_ms = now_ms;
        }
        /* A host that swallows packets would otherwise cost each try its full time-out. */
        if (end == TRANSFER_NEXT || idle + 1 == TRIES || ever + 1 == TRIES_EVER || now_ms - moved_ms >= t.stall_ms)
            break;
        ui_debug(j->ui, "%s: %s; trying again", d->label, e->msg);
        if (j->clock->sleep_ms(j->clock, pause, e) < 0)
            return -1;
        pause *= 2;
    }
    if (e->code == ERR_CONFLICT)
        (void)snprintf(j->wrong, sizeof(j->wrong), "want sha256 %s, got a larger file", d->sha256 ? d->sha256 : "-");
    note_failure(j, url, e->msg);
    return 0;
}

static int try_all(struct job *j, char ret_sha256[65], struct err *e)
{
    const struct download *d = j->d;
    size_t i;

    for (i = 0; d->urls[i]; i++) {
        int rc = cancel_check(e) < 0 ? -1 : try_source(j, d->urls[i], i < d->plain_urls, ret_sha256, e);
        if (rc > 0) {
            err_clear(e); /* of tries that failed before */
            return finish(j, e);
        }
        if (rc < 0) {
            if (e->code == ERR_INTERNAL)
                part_drop(j);
            return err_wrap(e, "download '%s'", d->label);
        }
    }
    if (i == 0)
        return err_set(e, ERR_NET, "no URL to download '%s' from", d->label);
    if (j->wrong[0])
        return err_set(e, ERR_CONFLICT, "%s; tried %s", j->wrong, j->tried.data);
    (void)err_set(e, ERR_NET, "not reached: %s", j->tried.data);
    e->retryable = true;
    return err_hint(e, "run again to resume; where the network is closed, name a mirror in artifacts.mirrors or a "
                       "directory made by `slipway artifacts pull` in artifacts.dir");
}

/* True when the process that we waited for left the right file. */
static bool others_work(const struct download *d, char ret_sha256[65])
{
    struct err ignored = ERR_INIT;

    return fsx_exists(d->path) && hash_sha256_file(d->path, ret_sha256, &ignored) == 0 &&
           (!d->sha256 || strcmp(ret_sha256, d->sha256) == 0);
}

int download_file(const struct download *d, struct clock *clock, struct ui *ui, char ret_sha256[65], struct err *e)
{
    struct job j = {
        .d = d,
        .clock = clock,
        .ui = ui,
        .part_path = xasprintf("%s.part", d->path),
        .meta_path = xasprintf("%s.part.meta", d->path),
        .part = { .fd = -1, .hash = hash_sha256_new() },
        .tried = SBUF_INIT(3000),
    };
    bool waited = false;
    int rc;

    do {
        rc = part_lock(&j, &waited, e);
    } while (rc == 0);
    if (rc > 0 && waited && others_work(d, ret_sha256)) {
        part_drop(&j);
        job_done(&j);
        return 0;
    }
    rc = rc < 0 ? -1 : part_load(&j, e);
    if (rc == 0)
        rc = try_all(&j, ret_sha256, e);
    if (rc < 0 && j.part.fd >= 0 && j.part.have && e->code != ERR_INTERNAL)
        part_save(&j);
    else if (rc < 0 && !j.part.have)
        part_drop(&j);
    job_done(&j);
    return rc;
}
