#include "artifact/oci.h"
#include "artifact/tar.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    MAX_LAYERS = 512,
};

#define MAX_BLOB ((int64_t)32 << 30)

struct blob {
    char digest[72];
    off_t size;
};

struct blobs {
    struct blob rows[MAX_LAYERS + 1]; /* config and layers, by digest, each once */
    size_t n;
};

static int add_blob(struct blobs *b, const json_t *descriptor, struct err *e)
{
    const char *digest = jsonx_str(descriptor, "digest");
    int64_t size = jsonx_int(descriptor, "size", -1);
    size_t at = 0;

    if (!ref_is_digest(digest) || size < 0 || size > MAX_BLOB)
        return err_set(e, ERR_REMOTE, "a descriptor of the manifest has no sha256 digest or no sane size");
    if (json_array_size(json_object_get(descriptor, "urls")))
        return err_set(e, ERR_REMOTE, "layer '%s' is kept outside of the registry", digest);
    while (at < b->n && strcmp(b->rows[at].digest, digest) < 0)
        at++;
    if (at < b->n && strcmp(b->rows[at].digest, digest) == 0)
        return 0;
    memmove(&b->rows[at + 1], &b->rows[at], (b->n - at) * sizeof(b->rows[0]));
    memcpy(b->rows[at].digest, digest, sizeof(b->rows[at].digest));
    b->rows[at].size = size;
    b->n++;
    return 0;
}

static int list_blobs(const struct manifest *m, struct blobs *ret, struct err *e)
{
    AUTO_JSON json_t *doc = jsonx_parse(m->body.data, m->body.len, "image manifest", e);
    const json_t *layers = json_object_get(doc, "layers"), *layer;
    size_t i;

    if (!doc)
        return -1;
    if (jsonx_int(doc, "schemaVersion", 0) != 2 || !json_is_array(layers) || json_array_size(layers) > MAX_LAYERS)
        return err_set(e, ERR_REMOTE, "the manifest '%s' is not of schema 2", m->digest);
    if (add_blob(ret, json_object_get(doc, "config"), e) < 0)
        return -1;
    json_array_foreach (layers, i, layer) {
        if (add_blob(ret, layer, e) < 0)
            return -1;
    }
    return 0;
}

static char *index_text(const struct manifest *m, const struct ref *ref, const char *name, const char *arch)
{
    AUTO_JSON json_t *doc = json_pack("{s:i, s:s, s:[{s:s, s:s, s:I, s:{s:s, s:s}, s:{s:s, s:s}}]}", "schemaVersion", 2,
                                      "mediaType", "application/vnd.oci.image.index.v1+json", "manifests", "mediaType",
                                      m->media_type, "digest", m->digest, "size", (json_int_t)m->body.len, "platform",
                                      "architecture", arch, "os", "linux", "annotations", "io.containerd.image.name",
                                      name, "org.opencontainers.image.ref.name", ref->tag[0] ? ref->tag : "locked");
    return jsonx_text(doc, 0);
}

/* Blobs between the manifest's own place, so that the members are in order of name. */
static int add_members(struct tar *t, const struct manifest *m, const struct blobs *b, const char *scratch,
                       struct err *e)
{
    bool manifest_in = false;

    for (size_t i = 0; i <= b->n; i++) {
        if (!manifest_in && (i == b->n || strcmp(m->digest, b->rows[i].digest) < 0)) {
            AUTO_FREE char *name = xasprintf("blobs/sha256/%s", m->digest + 7);
            if (tar_add_text(t, name, m->body.data, m->body.len, e) < 0)
                return -1;
            manifest_in = true;
        }
        if (i == b->n)
            break;
        const char *hex = b->rows[i].digest + 7;
        AUTO_FREE char *name = xasprintf("blobs/sha256/%s", hex);
        AUTO_FREE char *from = fsx_join(scratch, hex);
        if (tar_add_file(t, name, from, b->rows[i].size, hex, e) < 0)
            return -1;
    }
    return 0;
}

static int write_archive(struct tar *t, const struct manifest *m, const struct blobs *b, const char *index,
                         const char *scratch, struct oci_archive *ret, struct err *e)
{
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

    if (tar_add_text(t, "oci-layout", layout, strlen(layout), e) < 0 ||
        tar_add_text(t, "index.json", index, strlen(index), e) < 0 || add_members(t, m, b, scratch, e) < 0 ||
        tar_finish(t, ret->sha256, e) < 0)
        return -1;
    ret->size = t->size;
    memcpy(ret->digest, m->digest, sizeof(ret->digest));
    return fsync(t->fd) < 0 ? err_sys(e, ERR_INTERNAL, "write archive") : 0;
}

static int store(const char *path, const struct manifest *m, const struct blobs *b, const char *index,
                 const char *scratch, struct oci_archive *ret, struct err *e)
{
    AUTO_FREE char *tmp = xasprintf("%s.tmp", path);
    AUTO_CLOSE int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct tar t;

    if (fd < 0 || fchmod(fd, 0644) < 0)
        return err_sys(e, ERR_INTERNAL, "create '%s'", tmp);
    tar_init(&t, fd);
    int rc = write_archive(&t, m, b, index, scratch, ret, e);
    tar_done(&t);
    if (rc == 0 && rename(tmp, path) < 0)
        rc = err_sys(e, ERR_INTERNAL, "rename '%s'", tmp);
    if (rc < 0)
        (void)unlink(tmp);
    return rc;
}

int oci_pull(struct registry *r, const struct ref *ref, const char *name, const char *arch, const char *want,
             const char *scratch, const char *path, struct oci_archive *ret, struct err *e)
{
    AUTO_MANIFEST struct manifest m = MANIFEST_INIT;
    AUTO_FREE struct blobs *b = xcalloc(1, sizeof(*b));
    struct ref at = *ref;

    if (want[0])
        memcpy(at.digest, want, sizeof(at.digest));
    if (registry_platform(r, &at, arch, scratch, &m, e) < 0 || list_blobs(&m, b, e) < 0)
        return err_wrap(e, "image '%s'", name);
    for (size_t i = 0; i < b->n; i++) {
        AUTO_FREE char *to = fsx_join(scratch, b->rows[i].digest + 7);
        if (registry_blob(r, ref, b->rows[i].digest, b->rows[i].size, to, e) < 0)
            return err_wrap(e, "image '%s'", name);
    }
    AUTO_FREE char *index = index_text(&m, ref, name, arch);
    if (store(path, &m, b, index, scratch, ret, e) < 0)
        return err_wrap(e, "image '%s'", name);
    return 0;
}
