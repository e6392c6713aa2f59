/* `slipway lock`: every artifact of a spec to a digest, once. */
#include "artifact/artifact.h"
#include "artifact/fetch.h"
#include "artifact/lockfile.h"
#include "artifact/origin.h"
#include "artifact/pins.h"
#include "artifact/registry.h"
#include "artifact/wheels.h"
#include "artifact/wheels_lock.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/download.h"
#include "net/http.h"
#include "step/state.h"
#include <string.h>

static const char *const arches[] = { "amd64", "arm64" };

struct locking {
    const struct spec *spec;
    struct artifacts *old; /* the lock that is there, or NULL */
    struct artifacts *now;
    struct clock *clock;
    struct ui *ui;
    char *scratch;
};

static void add_file(struct locking *l, const char *name, const char *version, const char *arch, const char *file,
                     const char *sha256, off_t size, const char *url)
{
    struct artifact_file *f = lockfile_add_file(l->now);

    f->name = xstrdup(name);
    f->version = xstrdup(version);
    f->arch = xstrdup(arch);
    f->file = xstrdup(file);
    memcpy(f->sha256, sha256, sizeof(f->sha256));
    f->size = size;
    svec_add(&f->urls, url);
}

/* What the publisher says of the file, held against what came. Unreachable is said, not fatal. */
static int cross_check(struct locking *l, const struct origin *o, const char *got, struct err *e)
{
    AUTO_FREE char *path = xasprintf("%s/sums", l->scratch);
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    struct err off = ERR_INIT;
    char sum[65], whole[65];
    struct download d = {
        .urls = (const char *const[]){ o->sums, NULL },
        .path = path,
        .label = "published checksums",
        .max_bytes = 64 << 10,
    };

    if (download_file(&d, l->clock, l->ui, whole, &off) < 0 || fsx_read(path, &text, &off) < 0) {
        if (off.code == ERR_CANCELED) {
            *e = off;
            return -1;
        }
        ui_warn(l->ui, "%s: trusted on first use; the published checksums were not reached (%s)", o->file, off.msg);
        return 0;
    }
    (void)unlink(path);
    if (!origin_sum(text.data, o->published, sum)) {
        ui_warn(l->ui, "%s: trusted on first use; '%s' does not name it", o->file, o->sums);
        return 0;
    }
    if (strcmp(sum, got) != 0)
        return err_set(e, ERR_CONFLICT, "'%s': the publisher's checksum is %s, what came has %s", o->file, sum, got);
    ui_info(l->ui, "%s: trusted on first use; agrees with the publisher's checksum", o->file);
    return 0;
}

/* A version without a pin: the old lock's digest, else download once and record. */
static int first_use(struct locking *l, const char *name, const char *version, const char *arch, struct err *e)
{
    AUTO_ORIGIN struct origin o;
    char got[HASH_HEX];
    off_t size;

    if (!origin_of(name, version, arch, &o))
        return err_set(e, ERR_INTERNAL, "'%s' %s has no pin and no origin", name, version);
    for (size_t i = 0; l->old && i < l->old->n_files; i++) {
        const struct artifact_file *f = &l->old->files[i];
        if (strcmp(f->name, name) == 0 && strcmp(f->arch, arch) == 0 && strcmp(f->version, version) == 0) {
            ui_info(l->ui, "%s: digest kept from the lock that was there", o.file);
            add_file(l, name, version, arch, o.file, f->sha256, f->size, o.url);
            return 0;
        }
    }
    struct artifact_file f = { .file = o.file, .urls = SVEC_INIT };
    AUTO_FREE char *path = fsx_join(l->scratch, o.file);
    svec_add(&f.urls, o.url);
    int rc = fetch_download(&l->spec->artifacts.mirrors, &f, path, got, l->clock, l->ui, e);
    svec_done(&f.urls);
    if (rc < 0 || cross_check(l, &o, got, e) < 0)
        return err_wrap(e, "'%s' %s for %s has no digest built into slipway", name, version, arch);
    AUTO_FREE char *cached = fetch_cache_path(got, o.file);
    AUTO_FREE char *dir = fsx_dirname(cached);
    if (fsx_size(path, &size, e) < 0 || fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    if (rename(path, cached) < 0)
        return err_sys(e, ERR_INTERNAL, "store '%s'", cached);
    add_file(l, name, version, arch, o.file, got, size, o.url);
    return 0;
}

static int lock_file(struct locking *l, const char *name, const char *version, const char *arch, struct err *e)
{
    const struct pin *p = pins_find(name, version, arch, NULL);

    if (!p)
        return first_use(l, name, version, arch, e);
    for (size_t i = 0; i < l->now->n_files; i++)
        if (strcmp(l->now->files[i].file, p->file) == 0)
            return 0; /* "any": in already by the other arch */
    add_file(l, p->name, p->version, p->arch, p->file, p->sha256, p->size, p->url);
    return 0;
}

static int lock_files(struct locking *l, struct err *e)
{
    const struct {
        const char *name, *version;
    } rows[] = {
        { "k3s", l->now->k3s },
        { "k3s-images", l->now->k3s },
        { "helm", l->spec->helm.version }, /* NULL: the newest pin of each arch */
        { "chart-prefect-server", l->now->charts },
        { "chart-prefect-worker", l->now->charts },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t k = 0; k < ARRAY_LEN(arches); k++)
            if (lock_file(l, rows[i].name, rows[i].version, arches[k], e) < 0)
                return -1;
    return 0;
}

static void report_image(const struct locking *l, const struct artifact_image *m)
{
    const struct artifact_image *was = l->old ? artifacts_image(l->old, m->role, m->arch) : NULL;

    if (was && strcmp(was->ref, m->ref) == 0 && was->digest[0] && strcmp(was->digest, m->digest) != 0)
        ui_info(l->ui, "%s (%s): now %s, was %s", m->ref, m->arch, m->digest, was->digest);
    else
        ui_info(l->ui, "%s (%s): %s", m->ref, m->arch, m->digest);
}

static int lock_image(struct locking *l, struct registry *r, const struct artifact_image *want, struct err *e)
{
    struct err missing = ERR_INIT;
    struct ref ref;
    size_t found = 0;

    if (ref_parse(want->ref, &ref, e) < 0)
        return -1;
    for (size_t k = 0; k < ARRAY_LEN(arches); k++) {
        AUTO_MANIFEST struct manifest m = MANIFEST_INIT;
        ui_note(l->ui, "%s (%s)", want->ref, arches[k]);
        if (registry_platform(r, &ref, arches[k], l->scratch, &m, e) < 0) {
            if (e->code != ERR_SPEC) /* that is: exists, but not for this arch */
                return err_wrap(e, "image '%s'", want->ref);
            missing = *e;
            err_clear(e);
            continue;
        }
        struct artifact_image *row = lockfile_add_image(l->now);
        row->role = xstrdup(want->role);
        row->ref = ref_text(&ref);
        row->arch = xstrdup(arches[k]);
        memcpy(row->digest, m.digest, sizeof(row->digest));
        report_image(l, row);
        found++;
    }
    if (!found) {
        *e = missing;
        return -1;
    }
    if (missing.code)
        ui_warn(l->ui, "%s", missing.msg);
    return 0;
}

static int lock_images(struct locking *l, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *wanted = xcalloc(1, sizeof(*wanted));
    struct http *http = http_new(l->clock);
    struct registry *r = registry_new(http, l->clock, l->ui);
    int rc = 0;

    pins_images(l->spec, l->now->prefect, wanted);
    for (size_t i = 0; rc == 0 && i < wanted->n_images; i++)
        rc = lock_image(l, r, &wanted->images[i], e);
    registry_free(r);
    http_free(http);
    return rc;
}

/* The lock that is there, for digests that were trusted before. A broken one is an error, not silently replaced: the
 * digests in it are somebody's trust. */
static int read_old(struct locking *l, const char *path, struct err *e)
{
    if (!fsx_exists(path))
        return 0;
    l->old = xcalloc(1, sizeof(*l->old));
    if (lockfile_read(path, l->old, e) == 0)
        return 0;
    return err_hint(e, "remove '%s' to lock from nothing; digests that it recorded are then trusted anew", path);
}

static int lock_all(struct locking *l, const char *path, struct err *e)
{
    const struct spec *s = l->spec;

    l->now->prefect = xstrdup(s->prefect.version ? s->prefect.version : pins_prefect);
    if (wheels_needed(s)) {
        for (size_t i = 0; i < s->artifacts.mirrors.len; i++)
            svec_add(&l->now->mirrors, s->artifacts.mirrors.items[i]);
        if (wheels_lock(s, l->now->prefect, l->now, l->scratch, l->clock, l->ui, e) < 0)
            return -1;
        return lockfile_write(path, l->now, e);
    }
    l->now->k3s = xstrdup(s->k3s.version ? s->k3s.version : pins_k3s);
    l->now->helm = xstrdup(s->helm.version ? s->helm.version : pins_helm);
    l->now->charts = xstrdup(pins_charts);
    if (read_old(l, path, e) < 0 || fsx_mkdirs(l->scratch, 0700, e) < 0 || lock_files(l, e) < 0 ||
        lock_images(l, e) < 0)
        return -1;
    return lockfile_write(path, l->now, e);
}

int artifacts_lock(const struct spec *s, struct clock *clock, struct ui *ui, char **ret_path, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(s->path);
    AUTO_FREE char *path = fsx_join(dir, LOCKFILE_NAME);
    AUTO_FREE char *cache = state_cache_dir();
    struct locking l = { .spec = s, .clock = clock, .ui = ui, .now = xcalloc(1, sizeof(struct artifacts)) };

    l.scratch = xasprintf("%s/artifacts/lock", cache);
    int rc = lock_all(&l, path, e);
    if (rc == 0 && s->artifacts.dir)
        ui_warn(ui, "artifacts.dir is set: '%s/%s' stays in force, not this one", s->artifacts.dir, LOCKFILE_NAME);
    artifacts_free(l.old);
    artifacts_free(l.now);
    free(l.scratch);
    if (rc == 0)
        *ret_path = TAKE_PTR(path);
    return rc;
}
