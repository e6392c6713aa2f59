/* slipway.lock: which bytes are in force, as JSON with sorted keys and rows, so that a diff shows only what changed.
 * {"version":1, "versions":{"k3s","helm","prefect","charts"}, of which runtime systemd has only prefect,
 *  "files":[{"name","version","arch","file","sha256","size","urls":[]}],
 *  "images":[{"role","ref","arch","digest","file","sha256","size"}]}
 * Read strictly: an unknown key, a bad digest, a path in `file` or two rows for one thing (for wheels: two of the same
 * group and file name) is ERR_SPEC; a version above ours is ERR_CONFLICT. */
#pragma once
#include "artifact/artifact.h"

#define LOCKFILE_NAME    "slipway.lock"
#define LOCKFILE_VERSION 1

/* Fill versions, files and images of `ret`, which holds none yet. On failure what was filled stays for artifacts_free.
 */
int lockfile_read(const char *path, struct artifacts *ret, struct err *e) NODISCARD;
int lockfile_parse(const char *text, size_t len, const char *path, struct artifacts *ret, struct err *e) NODISCARD;
/* Sorts the rows of `a`. */
int lockfile_write(const char *path, struct artifacts *a, struct err *e) NODISCARD;
/* Append an empty row; the pointer is good until the next one. */
struct artifact_file *lockfile_add_file(struct artifacts *a);
struct artifact_image *lockfile_add_image(struct artifacts *a);
/* The parts of the document; new references. */
json_t *lockfile_versions(const struct artifacts *a);
json_t *lockfile_files(const struct artifacts *a);
json_t *lockfile_images(const struct artifacts *a);
