#include "artifact/wheels_batch.h"
#include "artifact/fetch.h"
#include "core/cancel.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/curl_options.h"
#include "net/url.h"
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
    SLOTS = 8,
    STALL_S = 30,
    POLL_MS = 250,   /* how soon Ctrl-C is seen */
    GIVE_UP = SLOTS, /* failures before the first success: the source is not worth asking for the rest */
};

#define MAX_BYTES ((off_t)512 << 20)

struct batch {
    const struct artifacts *a;
    const struct artifact_file *const *files;
    size_t n;
    bool *missing; /* by file */
    size_t total, done, failed;
    CURLM *multi;
    struct clock *clock;
    struct ui *ui;
};

/* One transfer. */
struct slot {
    struct batch *b;
    CURL *curl;
    size_t at; /* of the file */
    int fd;    /* of the partial file, -1: idle */
    char *path, *part_path;
    struct hash_sha256 *hash;
    off_t have;
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    off_t want = s->b->files[s->at]->size;
    struct err ignored = ERR_INIT;

    (void)size; /* always 1 */
    if ((off_t)n > (want ? want : MAX_BYTES) - s->have || fsx_write_all(s->fd, data, n, &ignored) < 0)
        return 0;
    hash_sha256_add(s->hash, data, n);
    s->have += (off_t)n;
    return n;
}

/* The partial file of download_file, under the same lock. False: somebody else has it. */
static bool open_part(struct slot *s)
{
    struct stat mine, named;

    s->fd = open(s->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return s->fd >= 0 && flock(s->fd, LOCK_EX | LOCK_NB) == 0 && fstat(s->fd, &mine) == 0 &&
           stat(s->part_path, &named) == 0 && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev &&
           ftruncate(s->fd, 0) == 0;
}

static void slot_done(struct slot *s)
{
    if (s->fd >= 0)
        close(TAKE_FD(s->fd));
    if (s->hash)
        hash_sha256_free(TAKE_PTR(s->hash), NULL);
    free(TAKE_PTR(s->path));
    free(TAKE_PTR(s->part_path));
}

static void set_options(struct slot *s, const char *url, bool plain_ok)
{
    CURL *c = s->curl;

    curl_easy_reset(c);
    curl_options_download(c, url, plain_ok);
    (void)curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, s);
}

/* Begin with file `at` at its source number `source`. 1: begun. 0: not this one. */
static int begin(struct slot *s, size_t at, size_t source, struct err *e)
{
    const struct batch *b = s->b;
    const struct artifact_file *f = b->files[at];
    AUTO_SVEC struct svec urls = SVEC_INIT;

    artifacts_urls(b->a, f, &urls);
    if (source >= urls.len)
        return 0;
    s->at = at;
    s->path = fetch_cache_path(f->sha256, f->file);
    s->part_path = xasprintf("%s.part", s->path);
    AUTO_FREE char *dir = fsx_dirname(s->path);
    if (fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    if (!open_part(s)) {
        slot_done(s);
        return 0;
    }
    s->hash = hash_sha256_new();
    s->have = 0;
    set_options(s, urls.items[source], source < b->a->mirrors.len);
    (void)curl_multi_add_handle(b->multi, s->curl);
    return 1;
}

/* Complete: right bytes get their name, anything else goes. */
static void end(struct slot *s, CURLcode rc)
{
    struct batch *b = s->b;
    const struct artifact_file *f = b->files[s->at];
    char got[HASH_HEX];

    (void)curl_multi_remove_handle(b->multi, s->curl);
    hash_sha256_free(TAKE_PTR(s->hash), got);
    if (rc == CURLE_OK && strcmp(got, f->sha256) == 0 && rename(s->part_path, s->path) == 0) {
        b->missing[s->at] = false;
        b->done++;
        ui_note(b->ui, "wheels: %zu of %zu", b->done, b->total);
    } else {
        (void)unlink(s->part_path);
        b->failed++;
        ui_debug(b->ui, "%s: %s", f->file, rc == CURLE_OK ? "other bytes" : curl_easy_strerror(rc));
    }
    slot_done(s);
}

static int pump(struct batch *b, struct err *e)
{
    int running, left;
    const CURLMsg *m;

    if (cancel_check(e) < 0)
        return -1;
    if (curl_multi_perform(b->multi, &running) != CURLM_OK)
        return err_set(e, ERR_INTERNAL, "libcurl does not go on");
    bool moved = false;
    while ((m = curl_multi_info_read(b->multi, &left))) {
        struct slot *s = NULL;
        CURLcode rc = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        end(s, rc);
        moved = true;
    }
    if (moved)
        return 0; /* slots are free: fill them before waiting */
    int64_t before = b->clock->mono_ms(b->clock);
    (void)curl_multi_poll(b->multi, NULL, 0, POLL_MS, NULL);
    b->clock->waited_ms += b->clock->mono_ms(b->clock) - before;
    return 0;
}

/* What is missing, from everyone's source number `source`. */
static int round_of(struct batch *b, struct slot *slots, size_t source, struct err *e)
{
    size_t next = 0, done = b->done;
    int rc = 0;

    b->failed = 0;
    for (;;) {
        bool busy = false, hopeless = b->failed >= GIVE_UP && b->done == done;
        for (size_t i = 0; rc >= 0 && i < SLOTS; i++) {
            while (slots[i].fd < 0 && next < b->n && !hopeless && rc >= 0) {
                rc = b->missing[next] ? begin(&slots[i], next, source, e) : 0;
                next++;
            }
            busy |= slots[i].fd >= 0;
        }
        if (rc < 0 || !busy)
            return rc < 0 ? -1 : 0;
        if (pump(b, e) < 0)
            return -1;
    }
}

static int all_rounds(struct batch *b, struct err *e)
{
    struct slot slots[SLOTS] = { 0 };
    size_t sources = 0;
    int rc = 0;

    for (size_t i = 0; i < b->n; i++) {
        size_t own = b->a->mirrors.len + b->files[i]->urls.len;
        sources = own > sources ? own : sources;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        slots[i] = (struct slot){ .b = b, .fd = -1, .curl = curl_easy_init() };
        if (!slots[i].curl)
            rc = err_set(e, ERR_INTERNAL, "libcurl does not start");
    }
    for (size_t k = 0; rc == 0 && k < sources && b->done < b->total; k++)
        rc = round_of(b, slots, k, e);
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].fd >= 0) {
            (void)curl_multi_remove_handle(b->multi, slots[i].curl);
            (void)unlink(slots[i].part_path);
        }
        slot_done(&slots[i]);
        curl_easy_cleanup(slots[i].curl);
    }
    return rc;
}

static bool is_local(const struct artifacts *a, const struct artifact_file *f)
{
    AUTO_FREE char *local = a->dir ? fsx_join(a->dir, f->file) : NULL;
    AUTO_FREE char *cached = fetch_cache_path(f->sha256, f->file);

    return (local && fsx_exists(local)) || fsx_exists(cached);
}

int wheels_batch(const struct artifacts *a, const struct artifact_file *const *files, size_t n, struct clock *clock,
                 struct ui *ui, struct err *e)
{
    AUTO_FREE bool *missing = xcalloc(n + 1, sizeof(*missing));
    struct batch b = { .a = a, .files = files, .n = n, .missing = missing, .clock = clock, .ui = ui };
    off_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        missing[i] = !is_local(a, files[i]);
        b.total += missing[i];
        bytes += missing[i] ? files[i]->size : 0;
    }
    if (b.total == 0)
        return 0;
    b.multi = curl_multi_init();
    if (!b.multi)
        return err_set(e, ERR_INTERNAL, "libcurl does not start");
    ui_note(ui, "wheels: %zu files, %.1f MiB", b.total, (double)bytes / 1048576);
    int rc = all_rounds(&b, e);
    (void)curl_multi_cleanup(b.multi);
    return rc;
}
