#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "artifact/pins.h"
#include "artifact/ref.h"
#include "artifact/wheels.h"
#include "artifact/wheels_summary.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void artifacts_free(struct artifacts *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_files; i++) {
        struct artifact_file *f = &a->files[i];
        free(f->name);
        free(f->version);
        free(f->arch);
        free(f->file);
        svec_done(&f->urls);
    }
    for (size_t i = 0; i < a->n_images; i++) {
        struct artifact_image *m = &a->images[i];
        free(m->role);
        free(m->ref);
        free(m->arch);
        free(m->file);
    }
    free(a->files);
    free(a->images);
    free(a->dir);
    free(a->lock_path);
    free(a->k3s);
    free(a->helm);
    free(a->prefect);
    free(a->charts);
    svec_done(&a->mirrors);
    free(a);
}

static int differs(const struct artifacts *a, const char *key, const char *spec, const char *lock, struct err *e)
{
    (void)err_set(e, ERR_CONFLICT, "the spec has %s '%s', '%s' has '%s'", key, spec, a->lock_path, lock);
    if (a->dir)
        return err_hint(e, "set %s to '%s', or fill '%s' anew with `slipway artifacts pull`", key, lock, a->dir);
    return err_hint(e, "`slipway lock` writes the lock anew, or set %s to '%s'", key, lock);
}

static bool has_file(const struct artifacts *a, const char *name)
{
    for (size_t i = 0; i < a->n_files; i++)
        if (strcmp(a->files[i].name, name) == 0)
            return true;
    return false;
}

/* A lock is made for a runtime: that of the other has nothing of what this one needs. */
static int match_runtime(const struct artifacts *a, const struct spec *s, struct err *e)
{
    if (wheels_needed(s) ? has_file(a, "wheel-prefect") : a->k3s && a->helm && a->charts)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "the spec has runtime '%s', '%s' was not made for it",
                  wheels_needed(s) ? "systemd" : "k3s", a->lock_path);
    if (a->dir)
        return err_hint(e, "fill '%s' anew with `slipway artifacts pull`", a->dir);
    return err_hint(e, "`slipway lock` writes the lock anew");
}

/* Every version that the spec names must be the one that is locked. */
static int match_spec(const struct artifacts *a, const struct spec *s, struct err *e)
{
    bool k3s = !wheels_needed(s);

    const struct {
        const char *key, *spec, *lock;
    } rows[] = {
        { "k3s.version", k3s ? s->k3s.version : NULL, a->k3s },
        { "helm.version", k3s ? s->helm.version : NULL, a->helm },
        { "prefect.version", s->prefect.version, a->prefect },
    };

    const char *database = s->prefect.server.database.image;
    struct ref r;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].spec && rows[i].lock && strcmp(rows[i].spec, rows[i].lock) != 0)
            return differs(a, rows[i].key, rows[i].spec, rows[i].lock, e);
    if (!database || !k3s)
        return 0;
    if (ref_parse(database, &r, e) < 0)
        return err_wrap(e, "prefect.server.database.image");
    AUTO_FREE char *want = ref_text(&r);
    for (size_t i = 0; i < a->n_images; i++)
        if (strcmp(a->images[i].role, "postgres") == 0 && strcmp(a->images[i].ref, want) != 0)
            return differs(a, "prefect.server.database.image", want, a->images[i].ref, e);
    return 0;
}

static int read_sources(struct artifacts *a, const struct spec *s, struct err *e)
{
    AUTO_FREE char *base = s->artifacts.dir ? xstrdup(s->artifacts.dir) : fsx_dirname(s->path);
    AUTO_FREE char *lock = fsx_join(base, LOCKFILE_NAME);

    if (s->artifacts.dir) {
        a->dir = xstrdup(s->artifacts.dir);
        if (!fsx_exists(lock)) {
            (void)err_set(e, ERR_SPEC, "artifacts.dir '%s' has no %s", a->dir, LOCKFILE_NAME);
            return err_hint(e, "`slipway artifacts pull --out %s` makes such a directory", a->dir);
        }
    }
    if (!fsx_exists(lock))
        return pins_fill(s, a, e);
    a->lock_path = TAKE_PTR(lock);
    if (lockfile_read(a->lock_path, a, e) < 0)
        return -1;
    return match_runtime(a, s, e) < 0 ? -1 : match_spec(a, s, e);
}

int artifacts_resolve(const struct spec *s, struct artifacts **ret, struct err *e)
{
    struct artifacts *a = xcalloc(1, sizeof(*a));

    for (size_t i = 0; i < s->artifacts.mirrors.len; i++)
        svec_add(&a->mirrors, s->artifacts.mirrors.items[i]);
    if (read_sources(a, s, e) < 0) {
        artifacts_free(a);
        return -1;
    }
    *ret = a;
    return 0;
}

static bool arch_fits(const char *row, const char *arch)
{
    return strcmp(row, "any") == 0 || strcmp(row, arch) == 0;
}

const struct artifact_file *artifacts_file(const struct artifacts *a, const char *name, const char *arch,
                                           const struct artifact_file *from)
{
    for (size_t i = from ? (size_t)(from - a->files) + 1 : 0; i < a->n_files; i++)
        if (strcmp(a->files[i].name, name) == 0 && arch_fits(a->files[i].arch, arch))
            return &a->files[i];
    return NULL;
}

int artifacts_require(const struct artifacts *a, const char *name, const char *arch, const struct artifact_file **ret,
                      struct err *e)
{
    const struct artifact_file *f = artifacts_file(a, name, arch, NULL);

    if (f) {
        *ret = f;
        return 0;
    }
    (void)err_set(e, ERR_SPEC, "%s has no '%s' for %s", a->lock_path ? a->lock_path : "the table built into slipway",
                  name, arch);
    if (a->dir)
        return err_hint(e, "`slipway artifacts pull --arch %s --out DIR` makes a directory that has it", arch);
    return err_hint(e, "`slipway lock` resolves it for amd64 and arm64");
}

const struct artifact_image *artifacts_image(const struct artifacts *a, const char *role, const char *arch)
{
    for (size_t i = 0; i < a->n_images; i++)
        if (strcmp(a->images[i].role, role) == 0 && arch_fits(a->images[i].arch, arch))
            return &a->images[i];
    return NULL;
}

char *artifacts_image_path(const struct artifacts *a, const struct artifact_image *i)
{
    return a->dir && i->file ? fsx_join(a->dir, i->file) : NULL;
}

char *artifacts_image_pull_ref(const struct artifact_image *i)
{
    struct err ignored = ERR_INIT;
    struct ref r;

    if (!i->digest[0] || ref_parse(i->ref, &r, &ignored) < 0)
        return xstrdup(i->ref);
    return ref_pinned(&r, i->digest);
}

json_t *artifacts_json(const struct artifacts *a)
{
    return json_pack("{s:s?, s:s?, s:o, s:o, s:o}", "lock", a->lock_path, "dir", a->dir, "versions",
                     lockfile_versions(a), "files", wheels_summary(lockfile_files(a)), "images", lockfile_images(a));
}
