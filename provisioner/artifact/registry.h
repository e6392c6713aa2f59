/* Docker registry v2 / OCI distribution, reading only: manifests and blobs, every byte checked against its digest.
 * https; http to loopback registries. Anonymous tokens, or user and password from `auths` of
 * ${DOCKER_CONFIG:-~/.docker}/config.json (credential helpers are not run). Wire: distribution-spec 1.1. */
#pragma once
#include "artifact/ref.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/sbuf.h"
#include "core/ui.h"
#include <sys/types.h>

#define REGISTRY_MANIFEST_MAX (4u << 20)

struct http;
struct registry;

struct manifest {
    char media_type[128];
    char digest[72]; /* of `body`, exactly as it came */
    struct sbuf body;
};

#define MANIFEST_INIT                            \
    {                                            \
        "", "", SBUF_INIT(REGISTRY_MANIFEST_MAX) \
    }
void manifest_done(struct manifest *m);
#define AUTO_MANIFEST __attribute__((cleanup(manifest_done)))

/* `http` stays the caller's. */
struct registry *registry_new(struct http *http, struct clock *clock, struct ui *ui);
void registry_free(struct registry *r);

/* The manifest of linux/`arch`, through an index if there is one. `scratch` is a directory for the config of an image
 * without an index, which says for which arch it is. ERR_SPEC when the image does not exist for `arch`. */
int registry_platform(struct registry *r, const struct ref *ref, const char *arch, const char *scratch,
                      struct manifest *ret, struct err *e) NODISCARD;
/* A blob to `path`; one that is there already with the right bytes is kept. */
int registry_blob(struct registry *r, const struct ref *ref, const char *digest, off_t size, const char *path,
                  struct err *e) NODISCARD;
