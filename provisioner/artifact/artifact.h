/* What is installed, exactly: versions, digests, where the bytes come from. Sources, in order: spec.artifacts.dir with
 * its own slipway.lock; slipway.lock beside the spec; the built-in pins (artifact/pins.c). A version that the spec
 * asks for and no source knows is ERR_SPEC with the remedy `slipway lock`; a spec that differs from the lock is
 * ERR_CONFLICT.
 *
 * Trust: a path is handed out only after its bytes were hashed in this very call, in the artifacts directory and in
 * the cache alike (no stamp of size and time stands for the bytes: 100 MB take 0.3 s). Who copies the file to a
 * machine checks the digest once more there, so that what runs is what was demanded. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include "spec/spec.h"
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct artifact_file {
    char *name;    /* k3s | k3s-images | helm | chart-prefect-server | chart-prefect-worker | wheel-GROUP
                      (artifact/wheels.h); k3s-images and wheels may repeat */
    char *version; /* "v1.34.2+k3s1" */
    char *arch;    /* amd64 | arm64 | any */
    char *file;    /* base name */
    char sha256[65];
    off_t size;       /* 0: not known */
    struct svec urls; /* origins, in order; mirrors go before them */
};

struct artifact_image {
    char *role; /* postgres | prefect | prefect-worker */
    char *ref;  /* "docker.io/library/postgres:17-bookworm" */
    char *arch;
    char digest[72]; /* "sha256:..." of the manifest that the ref had for this arch when it was locked (not of the
                        index above it: so the pulled archive and a pull by the node prove the same digest);
                        "" = not locked, the node pulls by tag */
    char *file;      /* OCI archive in the artifacts directory, or NULL: the node pulls by digest */
    char sha256[65]; /* of the archive */
    off_t size;
};

struct artifacts {
    char *dir;                 /* artifacts directory, or NULL */
    char *lock_path;           /* the lock in force, or NULL: built-in pins */
    char *prefect;             /* versions in force */
    char *k3s, *helm, *charts; /* NULL with runtime systemd */
    struct artifact_file *files;
    size_t n_files;
    struct artifact_image *images;
    size_t n_images;
    struct svec mirrors; /* of the spec: URL prefixes, each holds the files under their names here */
};

/* Decide what is in force for a spec. Reads files only. */
int artifacts_resolve(const struct spec *s, struct artifacts **ret, struct err *e) NODISCARD;
void artifacts_free(struct artifacts *a);

static inline void artifacts_free_ptr(struct artifacts **a)
{
    artifacts_free(*a);
}

#define AUTO_ARTIFACTS __attribute__((cleanup(artifacts_free_ptr)))
/* First row after `from` (NULL: the first of all) with this name and arch (or "any"); NULL when there is none:
 * `while ((f = artifacts_file(a, "k3s-images", arch, f)))`. */
const struct artifact_file *artifacts_file(const struct artifacts *a, const char *name, const char *arch,
                                           const struct artifact_file *from);
/* The same, but absence is ERR_SPEC that names versions and remedy. */
int artifacts_require(const struct artifacts *a, const char *name, const char *arch, const struct artifact_file **ret,
                      struct err *e) NODISCARD;
const struct artifact_image *artifacts_image(const struct artifacts *a, const char *role, const char *arch);

/* A local path with the right bytes: in dir, in the cache, or downloaded (resumed; mirrors in order), checked against
 * sha256. Wrong bytes: ERR_CONFLICT naming file, want and got. Unreachable: ERR_NET naming each URL tried. */
int artifacts_fetch(const struct artifacts *a, const struct artifact_file *f, struct clock *clock, struct ui *ui,
                    char **ret_path, struct err *e) NODISCARD;
/* Where `f` can be downloaded, in order: MIRROR/FILE for each mirror (a directory made by `artifacts pull`, put on any
 * web server, is a mirror), then the publisher. Appends to `ret`. */
void artifacts_urls(const struct artifacts *a, const struct artifact_file *f, struct svec *ret);
/* Path of an image's archive in the artifacts directory, caller frees; NULL when the node must pull. Not checked. */
char *artifacts_image_path(const struct artifacts *a, const struct artifact_image *i);
/* The same, hashed: wrong bytes are ERR_CONFLICT. NULL in `ret_path`: the node must pull. */
int artifacts_image_fetch(const struct artifacts *a, const struct artifact_image *i, char **ret_path, struct err *e)
    NODISCARD;
/* What the node pulls: "docker.io/library/postgres@sha256:...", or the ref itself when it is not locked. Caller frees.
 */
char *artifacts_image_pull_ref(const struct artifact_image *i);
/* For people and `plan`: {"lock", "dir", "versions": {...}, "files": [...], "images": [...]}, where the hundreds of
 * wheels are one row a group: {"name", "file": "271 wheels, 150.0 MiB", "count", "size", "sha256": digest of the sorted
 * lines "SHA256  FILE" of all of them}; new reference. */
json_t *artifacts_json(const struct artifacts *a);

/* `slipway lock`: resolve every artifact of the spec to a digest (registry manifests, sha256 of downloads without a
 * pin) for amd64 and arm64 and write slipway.lock beside the spec. */
int artifacts_lock(const struct spec *s, struct clock *clock, struct ui *ui, char **ret_path, struct err *e) NODISCARD;
/* `slipway artifacts pull -o DIR`: everything pinned for `arch`, images as OCI archives, and a lock of its own. */
int artifacts_pull(const struct spec *s, const char *arch, const char *out_dir, struct clock *clock, struct ui *ui,
                   struct err *e) NODISCARD;
