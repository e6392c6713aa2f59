/* Versions and digests that slipway knows by itself, so that a spec works without a lock. */
#pragma once
#include "artifact/artifact.h"

struct pin {
    const char *name, *version, *arch, *file, *sha256;
    off_t size;  /* 0: not known */
    int sources; /* independent places the digest was read from */
    const char *url;
};

extern const struct pin pin_table[]; /* per name and arch the newest first; ends with a NULL name */

/* What a spec that names no version gets. */
extern const char pins_k3s[], pins_helm[], pins_prefect[], pins_charts[];

/* First pin after `from` (NULL: the first of all) for name, version (NULL: the newest of each arch) and arch ("any"
 * pins fit every arch; NULL: every arch). */
const struct pin *pins_find(const char *name, const char *version, const char *arch, const struct pin *from);
const struct pin *pins_by_digest(const char *sha256);
/* Versions, files and unlocked images for a spec that has no lock: those that its runtime needs. A version of the spec
 * without a pin: ERR_SPEC. */
int pins_fill(const struct spec *s, struct artifacts *ret, struct err *e) NODISCARD;
/* Roles and refs of the container images for a Prefect version. */
void pins_images(const struct spec *s, const char *prefect, struct artifacts *ret);
