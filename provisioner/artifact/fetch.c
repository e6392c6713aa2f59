/* Where the bytes of an artifact are found: the artifacts directory, the cache, the network. */
#include "artifact/fetch.h"
#include "artifact/artifact.h"
#include "artifact/pins.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/download.h"
#include "step/state.h"
#include <errno.h>
#include <string.h>

/* 0: right bytes. -1: ERR_CONFLICT, or it cannot be read. */
static int check_bytes(const struct artifacts *a, const char *path, const char *want, struct err *e)
{
    char got[HASH_HEX];

    if (hash_sha256_file(path, got, e) < 0)
        return err_wrap(e, "artifact");
    if (strcmp(got, want) == 0)
        return 0;
    return err_set(e, ERR_CONFLICT, "artifact '%s' is not what %s demands: want sha256 %s, got %s", path,
                   a->lock_path ? a->lock_path : "slipway", want, got);
}

static int check_dir(const struct artifacts *a, const char *path, const char *want, struct err *e)
{
    if (check_bytes(a, path, want, e) == 0)
        return 0;
    if (e->code == ERR_CONFLICT)
        (void)err_hint(e, "the file was changed or damaged; `slipway artifacts pull --out %s` fetches it again",
                       a->dir);
    return -1;
}

static char *mirror_url(const char *prefix, const char *file)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    AUTO_SBUF struct sbuf url = SBUF_INIT(8192);
    size_t n = strlen(prefix);

    while (n && prefix[n - 1] == '/')
        n--;
    sbuf_add(&url, prefix, n);
    sbuf_addch(&url, '/');
    for (; *file; file++) {
        if (strchr(plain, *file))
            sbuf_addch(&url, *file);
        else
            sbuf_addf(&url, "%%%02X", (unsigned char)*file);
    }
    return sbuf_take(&url);
}

char *fetch_cache_path(const char *sha256, const char *file)
{
    AUTO_FREE char *cache = state_cache_dir();

    return xasprintf("%s/artifacts/%s/%s", cache, sha256, file);
}

static void all_urls(const struct svec *mirrors, const struct artifact_file *f, struct svec *ret)
{
    for (size_t i = 0; i < mirrors->len; i++) {
        AUTO_FREE char *url = mirror_url(mirrors->items[i], f->file);
        svec_add(ret, url);
    }
    for (size_t i = 0; i < f->urls.len; i++)
        svec_add(ret, f->urls.items[i]);
}

void artifacts_urls(const struct artifacts *a, const struct artifact_file *f, struct svec *ret)
{
    all_urls(&a->mirrors, f, ret);
}

int fetch_download(const struct svec *mirrors, const struct artifact_file *f, const char *path, char ret_sha256[65],
                   struct clock *clock, struct ui *ui, struct err *e)
{
    AUTO_SVEC struct svec urls = SVEC_INIT;
    AUTO_FREE char *dir = fsx_dirname(path);

    all_urls(mirrors, f, &urls);
    if (fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    struct download d = {
        .urls = svec_argv(&urls),
        .plain_urls = f->sha256[0] ? mirrors->len : 0, /* without a digest nothing else protects the bytes */
        .path = path,
        .label = f->file,
        .sha256 = f->sha256[0] ? f->sha256 : NULL,
        .size = f->size,
    };
    if (download_file(&d, clock, ui, ret_sha256, e) == 0)
        return 0;
    (void)rmdir(dir); /* goes only when nothing to resume is in it */
    return -1;
}

/* Say whose digest it was that the network did not satisfy. */
static int blame_pin(const struct artifacts *a, const struct artifact_file *f, struct err *e)
{
    const struct pin *p = pins_by_digest(f->sha256);

    if (e->code != ERR_CONFLICT)
        return -1;
    if (a->lock_path)
        return err_hint(e, "the publisher or a mirror has other bytes than when '%s' was written; nothing was used",
                        a->lock_path);
    if (!p)
        return err_hint(e, "the digest is built into slipway (from the index of PyPI); nothing was used");
    return err_hint(e,
                    "the digest is built into slipway (read from %d public source%s) and may itself be wrong; compare "
                    "the publisher's checksum, put it into slipway.lock and report it; nothing was used",
                    p->sources, p->sources == 1 ? "" : "s");
}

static int fetch_cached(const struct artifacts *a, const struct artifact_file *f, const char *path, struct ui *ui,
                        struct err *e)
{
    if (check_bytes(a, path, f->sha256, e) == 0)
        return 1;
    if (e->code != ERR_CONFLICT)
        return -1;
    /* The cache is ours: damage there is repaired, and said. */
    ui_warn(ui, "%s: removed from the cache", e->msg);
    err_clear(e);
    if (unlink(path) < 0)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", path);
    return 0;
}

int artifacts_fetch(const struct artifacts *a, const struct artifact_file *f, struct clock *clock, struct ui *ui,
                    char **ret_path, struct err *e)
{
    AUTO_FREE char *local = a->dir ? fsx_join(a->dir, f->file) : NULL;
    AUTO_FREE char *cached = fetch_cache_path(f->sha256, f->file);
    char got[HASH_HEX];

    if (local && fsx_exists(local)) {
        if (check_dir(a, local, f->sha256, e) < 0)
            return -1;
        *ret_path = TAKE_PTR(local);
        return 0;
    }
    int have = fsx_exists(cached) ? fetch_cached(a, f, cached, ui, e) : 0;
    if (have < 0)
        return -1;
    if (!have && !a->mirrors.len && !f->urls.len) {
        (void)err_set(e, ERR_CONFLICT, "'%s' is not in '%s', and %s has no URL for it", f->file, a->dir ? a->dir : "-",
                      a->lock_path ? a->lock_path : "slipway");
        return err_hint(e, "`slipway artifacts pull` makes a complete directory");
    }
    if (!have && fetch_download(&a->mirrors, f, cached, got, clock, ui, e) < 0) {
        (void)err_wrap(e, "artifact '%s'", f->file);
        return blame_pin(a, f, e);
    }
    *ret_path = TAKE_PTR(cached);
    return 0;
}

int artifacts_image_fetch(const struct artifacts *a, const struct artifact_image *i, char **ret_path, struct err *e)
{
    AUTO_FREE char *path = artifacts_image_path(a, i);

    *ret_path = NULL;
    if (!path)
        return 0;
    if (check_dir(a, path, i->sha256, e) < 0)
        return -1;
    *ret_path = TAKE_PTR(path);
    return 0;
}
