/* `slipway artifacts pull`: everything that is pinned into one directory. */
#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "artifact/oci.h"
#include "artifact/ref.h"
#include "artifact/registry.h"
#include "artifact/wheels.h"
#include "core/cancel.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/http.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CHUNK = 1 << 18,
};

struct pulling {
    const struct artifacts *from;
    struct artifacts *old; /* of an earlier pull into this directory, or NULL */
    struct artifacts *now;
    const char *arch, *dir;
    char *scratch;
    struct clock *clock;
    struct ui *ui;
};

/* True when `path` has the digest already: an earlier pull that was interrupted goes on behind it. */
static bool have(const char *path, const char *sha256)
{
    struct err ignored = ERR_INIT;
    char got[HASH_HEX];

    return fsx_exists(path) && hash_sha256_file(path, got, &ignored) == 0 && strcmp(got, sha256) == 0;
}

static int copy_bytes(int from, int to, const char *shown, char ret_hex[static HASH_HEX], struct err *e)
{
    AUTO_FREE char *buf = xcalloc(1, CHUNK);
    struct hash_sha256 *hash = hash_sha256_new();
    ssize_t n;
    int rc = 0;

    while (rc == 0 && (n = read(from, buf, CHUNK)) != 0) {
        if (n < 0 && errno != EINTR)
            rc = err_sys(e, ERR_INTERNAL, "read '%s'", shown);
        if (n <= 0)
            continue;
        hash_sha256_add(hash, buf, (size_t)n);
        rc = fsx_write_all(to, buf, (size_t)n, e);
        if (rc == 0)
            rc = cancel_check(e);
    }
    hash_sha256_free(hash, ret_hex);
    if (rc == 0 && fsync(to) < 0)
        rc = err_sys(e, ERR_INTERNAL, "write the copy of '%s'", shown);
    return rc;
}

/* Hashed while it is copied, so what lands is what was checked. */
static int copy_file(const char *from, const char *to, const char *sha256, struct err *e)
{
    AUTO_FREE char *tmp = xasprintf("%s.tmp", to);
    AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int out = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    char got[HASH_HEX];

    /* The directory may become a web server's: the umask is for secrets, these are none. */
    if (in < 0 || out < 0 || fchmod(out, 0644) < 0)
        return err_sys(e, ERR_INTERNAL, "copy '%s' to '%s'", from, to);
    int rc = copy_bytes(in, out, from, got, e);
    if (rc == 0 && strcmp(got, sha256) != 0)
        rc = err_set(e, ERR_CONFLICT, "'%s' changed while it was copied: want sha256 %s, got %s", from, sha256, got);
    if (rc == 0 && rename(tmp, to) < 0)
        rc = err_sys(e, ERR_INTERNAL, "rename '%s'", tmp);
    if (rc < 0)
        (void)unlink(tmp);
    return rc;
}

static struct artifact_file *record_file(struct pulling *p, const struct artifact_file *f)
{
    struct artifact_file *row = lockfile_add_file(p->now);

    row->name = xstrdup(f->name);
    row->version = xstrdup(f->version);
    row->arch = xstrdup(f->arch);
    row->file = xstrdup(f->file);
    memcpy(row->sha256, f->sha256, sizeof(row->sha256));
    row->size = f->size;
    for (size_t i = 0; i < f->urls.len; i++)
        svec_add(&row->urls, f->urls.items[i]);
    return row;
}

static int pull_file(struct pulling *p, const struct artifact_file *f, struct err *e)
{
    AUTO_FREE char *to = fsx_join(p->dir, f->file);
    AUTO_FREE char *from = NULL;
    off_t size;

    if (!have(to, f->sha256)) {
        if (artifacts_fetch(p->from, f, p->clock, p->ui, &from, e) < 0 || copy_file(from, to, f->sha256, e) < 0)
            return -1;
    }
    if (fsx_size(to, &size, e) < 0)
        return -1;
    record_file(p, f)->size = size;
    ui_info(p->ui, "%s: %lld bytes, sha256 %s", f->file, (long long)size, f->sha256);
    return 0;
}

static struct artifact_image *record_image(struct pulling *p, const struct artifact_image *m, const char *arch)
{
    struct artifact_image *row = lockfile_add_image(p->now);

    row->role = xstrdup(m->role);
    row->ref = xstrdup(m->ref);
    row->arch = xstrdup(arch);
    row->file = m->file ? xstrdup(m->file) : NULL;
    memcpy(row->digest, m->digest, sizeof(row->digest));
    memcpy(row->sha256, m->sha256, sizeof(row->sha256));
    row->size = m->size;
    return row;
}

/* "prefecthq-prefect-3.8.3-python3.11-amd64.oci.tar" */
static char *archive_name(const struct ref *ref, const char *arch)
{
    char *name = xasprintf("%s-%.40s-%s.oci.tar", ref->repo, ref->tag[0] ? ref->tag : ref->digest + 7, arch);

    for (char *c = name; *c; c++)
        *c = *c == '/' ? '-' : *c;
    return name;
}

/* The archive of an earlier pull is kept when it is whole and of the digest that is demanded now. */
static const struct artifact_image *kept(const struct pulling *p, const struct artifact_image *m)
{
    const struct artifact_image *was = p->old ? artifacts_image(p->old, m->role, p->arch) : NULL;

    if (!was || !was->file || strcmp(was->ref, m->ref) != 0 || !m->digest[0] || strcmp(was->digest, m->digest) != 0)
        return NULL;
    AUTO_FREE char *path = fsx_join(p->dir, was->file);
    return have(path, was->sha256) ? was : NULL;
}

/* Two roles may name one image: one archive serves both. */
static const struct artifact_image *pulled_before(const struct pulling *p, const struct artifact_image *m)
{
    for (size_t i = 0; i < p->now->n_images; i++) {
        const struct artifact_image *o = &p->now->images[i];
        if (strcmp(o->ref, m->ref) == 0 && (!m->digest[0] || strcmp(o->digest, m->digest) == 0))
            return o;
    }
    return NULL;
}

static int pull_image(struct pulling *p, struct registry *r, const struct artifact_image *m, struct err *e)
{
    const struct artifact_image *was = pulled_before(p, m);
    AUTO_FREE char *local = NULL;
    struct oci_archive got;
    struct ref ref;

    if (!was)
        was = kept(p, m);
    if (was) {
        struct artifact_image row = *was; /* the table may move when it grows */
        row.role = m->role;
        (void)record_image(p, &row, p->arch);
        return 0;
    }
    if (artifacts_image_fetch(p->from, m, &local, e) < 0 || ref_parse(m->ref, &ref, e) < 0)
        return -1;
    if (local) {
        AUTO_FREE char *to = fsx_join(p->dir, m->file);
        if (!have(to, m->sha256) && copy_file(local, to, m->sha256, e) < 0)
            return -1;
        (void)record_image(p, m, p->arch);
        return 0;
    }
    AUTO_FREE char *name = archive_name(&ref, p->arch);
    AUTO_FREE char *path = fsx_join(p->dir, name);
    if (oci_pull(r, &ref, m->ref, p->arch, m->digest, p->scratch, path, &got, e) < 0)
        return -1;
    struct artifact_image *row = record_image(p, m, p->arch);
    row->file = TAKE_PTR(name);
    memcpy(row->digest, got.digest, sizeof(row->digest));
    memcpy(row->sha256, got.sha256, sizeof(row->sha256));
    row->size = got.size;
    ui_info(p->ui, "%s: %s, %lld bytes%s", row->file, row->digest, (long long)row->size,
            m->digest[0] ? "" : "; it was not locked, the digest is what the tag names today");
    return 0;
}

/* NULL: not of this runtime. */
static bool same(const char *x, const char *y)
{
    return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool same_versions(const struct artifacts *a, const struct artifacts *b)
{
    return same(a->k3s, b->k3s) && same(a->helm, b->helm) && same(a->prefect, b->prefect) && same(a->charts, b->charts);
}

/* A second pull into the same directory, for another arch, adds to it. */
static void keep_other_arch(struct pulling *p)
{
    if (!p->old || !same_versions(p->old, p->now))
        return;
    for (size_t i = 0; i < p->old->n_files; i++)
        if (strcmp(p->old->files[i].arch, "any") != 0 && strcmp(p->old->files[i].arch, p->arch) != 0)
            (void)record_file(p, &p->old->files[i]);
    for (size_t i = 0; i < p->old->n_images; i++)
        if (strcmp(p->old->images[i].arch, "any") != 0 && strcmp(p->old->images[i].arch, p->arch) != 0)
            (void)record_image(p, &p->old->images[i], p->old->images[i].arch);
}

static int pull_files(struct pulling *p, struct err *e)
{
    static const char *const names[] = { "k3s", "k3s-images", "helm", "chart-prefect-server", "chart-prefect-worker" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct artifact_file *f = NULL;
        if (artifacts_require(p->from, names[i], p->arch, &f, e) < 0)
            return -1;
        for (; f; f = artifacts_file(p->from, names[i], p->arch, f))
            if (pull_file(p, f, e) < 0)
                return -1;
    }
    return 0;
}

/* Every group's wheels for each Python that a machine of this arch may have. */
static int pull_wheels(struct pulling *p, struct err *e)
{
    AUTO_FREE const struct artifact_file **files = NULL;
    AUTO_SVEC struct svec paths = SVEC_INIT;
    size_t n = 0;

    if (wheels_of_arch(p->from, p->arch, &files, &n, e) < 0 ||
        wheels_fetch(p->from, files, n, p->clock, p->ui, &paths, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *to = fsx_join(p->dir, files[i]->file);
        off_t size;
        if ((!have(to, files[i]->sha256) && copy_file(paths.items[i], to, files[i]->sha256, e) < 0) ||
            fsx_size(to, &size, e) < 0)
            return -1;
        record_file(p, files[i])->size = size;
    }
    ui_info(p->ui, "%zu Python wheels for %s, each with the sha256 that was demanded", n, p->arch);
    return 0;
}

static int pull_images(struct pulling *p, struct err *e)
{
    static const char *const roles[] = { "postgres", "prefect", "prefect-worker" };
    struct http *http = http_new(p->clock);
    struct registry *r = registry_new(http, p->clock, p->ui);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(roles); i++) {
        const struct artifact_image *m = artifacts_image(p->from, roles[i], p->arch);
        if (m)
            rc = pull_image(p, r, m, e);
        else
            rc = err_set(e, ERR_SPEC, "there is no image '%s' for %s in %s", roles[i], p->arch,
                         p->from->lock_path ? p->from->lock_path : "slipway");
    }
    registry_free(r);
    http_free(http);
    return rc;
}

static void copy_versions(const struct artifacts *from, struct artifacts *to)
{
    to->k3s = from->k3s ? xstrdup(from->k3s) : NULL;
    to->helm = from->helm ? xstrdup(from->helm) : NULL;
    to->prefect = xstrdup(from->prefect);
    to->charts = from->charts ? xstrdup(from->charts) : NULL;
}

static int pull_all(struct pulling *p, bool systemd, struct err *e)
{
    AUTO_FREE char *lock = fsx_join(p->dir, LOCKFILE_NAME);

    if (fsx_mkdirs(p->dir, 0755, e) < 0 || fsx_mkdirs(p->scratch, 0700, e) < 0)
        return -1;
    if (fsx_exists(lock)) {
        p->old = xcalloc(1, sizeof(*p->old));
        if (lockfile_read(lock, p->old, e) < 0)
            return err_hint(e, "name another directory, or remove '%s'", lock);
    }
    copy_versions(p->from, p->now);
    if (systemd ? pull_wheels(p, e) < 0 : pull_files(p, e) < 0 || pull_images(p, e) < 0)
        return -1;
    keep_other_arch(p);
    if (lockfile_write(lock, p->now, e) < 0)
        return -1;
    return fsx_remove_tree(p->scratch, e);
}

int artifacts_pull(const struct spec *s, const char *arch, const char *out_dir, struct clock *clock, struct ui *ui,
                   struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *from = NULL;
    struct pulling p = { .arch = arch, .dir = out_dir, .clock = clock, .ui = ui };

    if (strcmp(arch, "amd64") != 0 && strcmp(arch, "arm64") != 0)
        return err_set(e, ERR_USAGE, "arch '%s' is neither amd64 nor arm64", arch);
    if (artifacts_resolve(s, &from, e) < 0)
        return -1;
    p.from = from;
    p.now = xcalloc(1, sizeof(*p.now));
    p.scratch = fsx_join(out_dir, ".blobs");
    int rc = pull_all(&p, wheels_needed(s), e);
    if (rc < 0) { /* each goes only when it is empty */
        (void)rmdir(p.scratch);
        (void)rmdir(out_dir);
    }
    artifacts_free(p.old);
    artifacts_free(p.now);
    free(p.scratch);
    return rc;
}
