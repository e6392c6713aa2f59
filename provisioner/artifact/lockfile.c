#include "artifact/lockfile.h"
#include "artifact/ref.h"
#include "artifact/wheel_name.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum kind {
    KIND_FILE_NAME, /* one of the files slipway knows */
    KIND_ROLE,
    KIND_VERSION,
    KIND_ARCH,
    KIND_BASENAME,
    KIND_REF,
    KIND_SHA256, /* fixed field */
    KIND_DIGEST, /* fixed field; "" is "not locked" */
    KIND_SIZE,
    KIND_URLS,
};

struct key {
    const char *name;
    enum kind kind;
    bool required;
    size_t offset;
};

// clang-format off
static const struct key file_keys[] = {
    { "name",    KIND_FILE_NAME, true,  offsetof(struct artifact_file, name) },
    { "version", KIND_VERSION,   true,  offsetof(struct artifact_file, version) },
    { "arch",    KIND_ARCH,      true,  offsetof(struct artifact_file, arch) },
    { "file",    KIND_BASENAME,  true,  offsetof(struct artifact_file, file) },
    { "sha256",  KIND_SHA256,    true,  offsetof(struct artifact_file, sha256) },
    { "size",    KIND_SIZE,      false, offsetof(struct artifact_file, size) },
    { "urls",    KIND_URLS,      false, offsetof(struct artifact_file, urls) },
};

static const struct key image_keys[] = {
    { "role",    KIND_ROLE,      true,  offsetof(struct artifact_image, role) },
    { "ref",     KIND_REF,       true,  offsetof(struct artifact_image, ref) },
    { "arch",    KIND_ARCH,      true,  offsetof(struct artifact_image, arch) },
    { "digest",  KIND_DIGEST,    false, offsetof(struct artifact_image, digest) },
    { "file",    KIND_BASENAME,  false, offsetof(struct artifact_image, file) },
    { "sha256",  KIND_SHA256,    false, offsetof(struct artifact_image, sha256) },
    { "size",    KIND_SIZE,      false, offsetof(struct artifact_image, size) },
};

static const struct key version_keys[] = {
    { "k3s",     KIND_VERSION,   false, offsetof(struct artifacts, k3s) },
    { "helm",    KIND_VERSION,   false, offsetof(struct artifacts, helm) },
    { "prefect", KIND_VERSION,   true,  offsetof(struct artifacts, prefect) },
    { "charts",  KIND_VERSION,   false, offsetof(struct artifacts, charts) },
};

// clang-format on

static bool one_of(const char *s, const char *const *set)
{
    for (; *set; set++)
        if (strcmp(s, *set) == 0)
            return true;
    return false;
}

static bool all_in(const char *s, const char *more)
{
    static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (; *s; s++)
        if (!strchr(alnum, *s) && !strchr(more, *s))
            return false;
    return true;
}

/* Names go to file systems, URLs and remote commands: a plain base name, nothing hidden, nothing like an option. */
static bool basename_ok(const char *s)
{
    return s[0] && !strchr(".-", s[0]) && strlen(s) < 200 && all_in(s, "._+~@%=-");
}

/* NULL when `s` is good for `kind`, else what is wrong. */
static const char *problem(enum kind kind, const char *s)
{
    static const char *const names[] = { "k3s",         "k3s-images",           "helm",      "chart-prefect-server",
                                         "wheel-azure", "chart-prefect-worker", "wheel-aws", "wheel-prefect",
                                         "wheel-gcp",   "wheel-docker",         NULL };
    static const char *const roles[] = { "postgres", "prefect", "prefect-worker", NULL };
    static const char *const arches[] = { "amd64", "arm64", "any", NULL };
    struct err ignored = ERR_INIT;
    struct ref r;

    switch (kind) {
    case KIND_FILE_NAME:
        return one_of(s, names) ? NULL
                                : "not one of k3s, k3s-images, helm, chart-prefect-server, chart-prefect-worker, "
                                  "wheel-prefect, wheel-docker, wheel-aws, wheel-gcp, wheel-azure";
    case KIND_ROLE:
        return one_of(s, roles) ? NULL : "not one of postgres, prefect, prefect-worker";
    case KIND_ARCH:
        return one_of(s, arches) ? NULL : "not one of amd64, arm64, any";
    case KIND_VERSION:
        return s[0] && !strchr(".-", s[0]) && strlen(s) < 64 && all_in(s, "._+-") ? NULL : "not a version";
    case KIND_BASENAME:
        return basename_ok(s) ? NULL : "not a plain file name";
    case KIND_REF:
        return ref_parse(s, &r, &ignored) == 0 ? NULL : "not an image reference";
    case KIND_SHA256:
        return ref_is_sha256(s) ? NULL : "not 64 lower-case hex digits";
    case KIND_DIGEST:
        return !s[0] || ref_is_digest(s) ? NULL : "not sha256: and 64 lower-case hex digits";
    case KIND_SIZE:
    case KIND_URLS:
        break;
    }
    return "not a value of its kind";
}

static const char *urls_problem(const json_t *j, struct svec *ret)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(j) || json_array_size(j) > 16)
        return "not an array of at most 16 URLs";
    json_array_foreach (j, i, item) {
        const char *url = json_string_value(item);
        if (!url || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) || strlen(url) > 2000 ||
            strpbrk(url, " \t\r\n\"'\\"))
            return "holds something that is not an http(s) URL";
        svec_add(ret, url);
    }
    return NULL;
}

static const char *take_value(const struct key *k, const json_t *j, void *row)
{
    char *at = (char *)row + k->offset;

    if (k->kind == KIND_URLS)
        return urls_problem(j, (struct svec *)(void *)at);
    if (k->kind == KIND_SIZE) {
        if (!json_is_integer(j) || json_integer_value(j) < 0 || json_integer_value(j) > (json_int_t)1 << 40)
            return "not a size in bytes";
        *(off_t *)(void *)at = json_integer_value(j);
        return NULL;
    }
    if (!json_is_string(j) || strlen(json_string_value(j)) != json_string_length(j))
        return "not a string";
    const char *s = json_string_value(j), *why = problem(k->kind, s);
    if (why)
        return why;
    if (k->kind == KIND_SHA256 || k->kind == KIND_DIGEST)
        memcpy(at, s, strlen(s) + 1);
    else
        *(char **)(void *)at = xstrdup(s);
    return NULL;
}

/* One JSON object into `row` by its key table. `where` names it: "files[2]". */
static int take_object(const json_t *obj, const struct key *keys, size_t n, void *row, const char *path,
                       const char *where, struct err *e)
{
    const char *name;
    json_t *value;

    if (!json_is_object(obj))
        return err_set(e, ERR_SPEC, "%s: %s: not an object", path, where);
    json_object_foreach ((json_t *)(uintptr_t)obj, name, value) {
        size_t i = 0;
        while (i < n && strcmp(keys[i].name, name) != 0)
            i++;
        if (i == n)
            return err_set(e, ERR_SPEC, "%s: %s: unknown key '%s'", path, where, name);
        const char *why = take_value(&keys[i], value, row);
        if (why)
            return err_set(e, ERR_SPEC, "%s: %s.%s: %s", path, where, name, why);
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i].required && !json_object_get(obj, keys[i].name))
            return err_set(e, ERR_SPEC, "%s: %s: key '%s' is missing", path, where, keys[i].name);
    return 0;
}

/* What the name of a wheel says must be what the row says: it is chosen by the one and checked by the other. */
static int check_wheel(const struct artifact_file *f, const char *path, size_t at, struct err *e)
{
    const char *arch = wheel_arch(f->file);
    char name[128], version[64];

    if (!arch || !wheel_parse(f->file, name, version))
        return err_set(e, ERR_SPEC, "%s: files[%zu]: '%s' is not the name of a wheel for Linux", path, at, f->file);
    if (strcmp(arch, f->arch) != 0 || strcmp(version, f->version) != 0)
        return err_set(e, ERR_SPEC, "%s: files[%zu]: '%s' is not version %s for %s", path, at, f->file, f->version,
                       f->arch);
    return 0;
}

static bool is_wheel(const struct artifact_file *f)
{
    return strncmp(f->name, "wheel-", 6) == 0;
}

static int check_file(const struct artifacts *a, const char *path, size_t at, struct err *e)
{
    const struct artifact_file *f = &a->files[at];
    bool k3s = strncmp(f->name, "k3s", 3) == 0, chart = strncmp(f->name, "chart", 5) == 0;
    const char *want = k3s ? a->k3s : chart ? a->charts : NULL;

    if (is_wheel(f) && check_wheel(f, path, at, e) < 0)
        return -1;
    /* Helm's may differ by arch: see pins.c. */
    if ((k3s || chart) && (!want || strcmp(f->version, want) != 0))
        return err_set(e, ERR_SPEC, "%s: files[%zu]: version '%s' of '%s', but versions says '%s'", path, at,
                       f->version, f->name, want ? want : "");
    for (size_t i = 0; i < at; i++) {
        const struct artifact_file *g = &a->files[i];
        bool many = is_wheel(f) || strcmp(f->name, "k3s-images") == 0;
        /* Two groups of wheels may share a package. */
        bool shared = is_wheel(f) && is_wheel(g) && strcmp(f->name, g->name) != 0 && strcmp(f->sha256, g->sha256) == 0;
        if (!shared && strcmp(f->file, g->file) == 0)
            return err_set(e, ERR_SPEC, "%s: files[%zu]: a second row for the file '%s'", path, at, f->file);
        if (!many && strcmp(f->name, g->name) == 0 && strcmp(f->arch, g->arch) == 0)
            return err_set(e, ERR_SPEC, "%s: files[%zu]: a second row for '%s' on %s", path, at, f->name, f->arch);
    }
    return 0;
}

static int check_image(const struct artifacts *a, const char *path, size_t at, struct err *e)
{
    const struct artifact_image *m = &a->images[at];

    if (!m->file != !m->sha256[0])
        return err_set(e, ERR_SPEC, "%s: images[%zu]: file and sha256 go together", path, at);
    if (!m->file && !m->digest[0])
        return err_set(e, ERR_SPEC, "%s: images[%zu]: '%s' has neither digest nor file", path, at, m->ref);
    for (size_t i = 0; i < at; i++) {
        const struct artifact_image *o = &a->images[i];
        if (strcmp(m->role, o->role) == 0 && strcmp(m->arch, o->arch) == 0)
            return err_set(e, ERR_SPEC, "%s: images[%zu]: a second row for '%s' on %s", path, at, m->role, m->arch);
        /* One archive may hold the images of two roles. */
        if (m->file && o->file && strcmp(m->file, o->file) == 0 && strcmp(m->sha256, o->sha256) != 0)
            return err_set(e, ERR_SPEC, "%s: images[%zu]: '%s' has two digests", path, at, m->file);
    }
    return 0;
}

struct artifact_file *lockfile_add_file(struct artifacts *a)
{
    a->files = xrealloc(a->files, a->n_files + 1, sizeof(*a->files));
    memset(&a->files[a->n_files], 0, sizeof(*a->files));
    return &a->files[a->n_files++];
}

struct artifact_image *lockfile_add_image(struct artifacts *a)
{
    a->images = xrealloc(a->images, a->n_images + 1, sizeof(*a->images));
    memset(&a->images[a->n_images], 0, sizeof(*a->images));
    return &a->images[a->n_images++];
}

static int take_rows(const json_t *doc, const char *path, struct artifacts *ret, struct err *e)
{
    const json_t *files = json_object_get(doc, "files"), *images = json_object_get(doc, "images"), *row;
    char where[32];
    size_t i;

    if (!json_is_array(files) || !json_is_array(images) || json_array_size(files) > 4096 ||
        json_array_size(images) > 64)
        return err_set(e, ERR_SPEC, "%s: files and images: not arrays of at most 4096 and 64 rows", path);
    json_array_foreach (files, i, row) {
        (void)snprintf(where, sizeof(where), "files[%zu]", i);
        if (take_object(row, file_keys, ARRAY_LEN(file_keys), lockfile_add_file(ret), path, where, e) < 0 ||
            check_file(ret, path, i, e) < 0)
            return -1;
    }
    json_array_foreach (images, i, row) {
        (void)snprintf(where, sizeof(where), "images[%zu]", i);
        if (take_object(row, image_keys, ARRAY_LEN(image_keys), lockfile_add_image(ret), path, where, e) < 0 ||
            check_image(ret, path, i, e) < 0)
            return -1;
    }
    return 0;
}

int lockfile_parse(const char *text, size_t len, const char *path, struct artifacts *ret, struct err *e)
{
    static const char *const top[] = { "version", "versions", "files", "images", NULL };
    AUTO_JSON json_t *doc = jsonx_parse(text, len, path, e);
    const char *name;
    json_t *value;

    if (!doc) {
        e->code = ERR_SPEC;
        return -1;
    }
    int64_t version = jsonx_int(doc, "version", 0);
    if (version > LOCKFILE_VERSION) {
        (void)err_set(e, ERR_CONFLICT, "'%s' has version %lld, this slipway reads up to %d", path, (long long)version,
                      LOCKFILE_VERSION);
        return err_hint(e, "use the slipway that wrote it, or newer");
    }
    if (version != LOCKFILE_VERSION)
        return err_set(e, ERR_SPEC, "%s: version: not %d", path, LOCKFILE_VERSION);
    json_object_foreach (doc, name, value) {
        if (!one_of(name, top))
            return err_set(e, ERR_SPEC, "%s: unknown key '%s'", path, name);
    }
    if (take_object(json_object_get(doc, "versions"), version_keys, ARRAY_LEN(version_keys), ret, path, "versions", e) <
        0)
        return -1;
    return take_rows(doc, path, ret, e);
}

int lockfile_read(const char *path, struct artifacts *ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(8 << 20);

    if (fsx_read(path, &text, e) < 0) {
        if (text.overflow)
            e->code = ERR_SPEC;
        return -1;
    }
    if (lockfile_parse(text.data, text.len, path, ret, e) == 0)
        return 0;
    if (!e->hint[0])
        (void)err_hint(e, "repair it, or write it anew with `slipway lock`");
    return -1;
}

/* The inverse of take_object: optional keys without a value are left out. */
static json_t *put_object(const struct key *keys, size_t n, const void *row)
{
    json_t *obj = json_object();

    for (size_t i = 0; i < n; i++) {
        const char *at = (const char *)row + keys[i].offset;
        const struct svec *urls = (const void *)at;
        json_t *v = NULL;
        if (keys[i].kind == KIND_SIZE) {
            v = *(const off_t *)(const void *)at ? json_integer(*(const off_t *)(const void *)at) : NULL;
        } else if (keys[i].kind == KIND_URLS) {
            v = json_array();
            for (size_t k = 0; k < urls->len; k++)
                json_array_append_new(v, json_string(urls->items[k]));
        } else if (keys[i].kind == KIND_SHA256 || keys[i].kind == KIND_DIGEST) {
            v = at[0] ? json_string(at) : NULL;
        } else if (*(char *const *)(const void *)at) {
            v = json_string(*(char *const *)(const void *)at);
        }
        if (v)
            json_object_set_new(obj, keys[i].name, v);
    }
    return obj;
}

json_t *lockfile_versions(const struct artifacts *a)
{
    return put_object(version_keys, ARRAY_LEN(version_keys), a);
}

json_t *lockfile_files(const struct artifacts *a)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < a->n_files; i++)
        json_array_append_new(rows, put_object(file_keys, ARRAY_LEN(file_keys), &a->files[i]));
    return rows;
}

json_t *lockfile_images(const struct artifacts *a)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < a->n_images; i++)
        json_array_append_new(rows, put_object(image_keys, ARRAY_LEN(image_keys), &a->images[i]));
    return rows;
}

static int by_file(const void *x, const void *y)
{
    const struct artifact_file *a = x, *b = y;
    int d = strcmp(a->name, b->name);

    d = d ? d : strcmp(a->arch, b->arch);
    return d ? d : strcmp(a->file, b->file);
}

static int by_role(const void *x, const void *y)
{
    const struct artifact_image *a = x, *b = y;
    int d = strcmp(a->role, b->role);

    return d ? d : strcmp(a->arch, b->arch);
}

int lockfile_write(const char *path, struct artifacts *a, struct err *e)
{
    if (a->n_files)
        qsort(a->files, a->n_files, sizeof(*a->files), by_file);
    if (a->n_images)
        qsort(a->images, a->n_images, sizeof(*a->images), by_role);
    AUTO_JSON json_t *doc = json_pack("{s:i, s:o, s:o, s:o}", "version", LOCKFILE_VERSION, "versions",
                                      lockfile_versions(a), "files", lockfile_files(a), "images", lockfile_images(a));
    AUTO_FREE char *text = jsonx_text(doc, 2);
    AUTO_FREE char *line = xasprintf("%s\n", text);
    return fsx_replace(path, line, strlen(line), 0644, e);
}
