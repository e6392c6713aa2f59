/* An image as one file: an OCI image layout in a tar, as `ctr images import`, K3s's images directory and skopeo
 * (oci-archive:) read it. The manifest is stored byte for byte, so its digest is the registry's. */
#pragma once
#include "artifact/registry.h"

struct oci_archive {
    char digest[72]; /* of the manifest */
    char sha256[65]; /* of the file */
    off_t size;
};

/* Fetch `ref` for linux/`arch` and write `path` (never half: a temporary name until it is complete). `name` is what
 * the image is called when it is imported. `want`: the manifest's digest that is demanded, or "".
 * `scratch` is a directory for blobs; what it holds already is not fetched again. */
int oci_pull(struct registry *r, const struct ref *ref, const char *name, const char *arch, const char *want,
             const char *scratch, const char *path, struct oci_archive *ret, struct err *e) NODISCARD;
