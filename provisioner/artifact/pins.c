#include "artifact/pins.h"
#include "artifact/lockfile.h"
#include "artifact/ref.h"
#include "artifact/wheels.h"
#include "artifact/wheels_pins.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

const char pins_k3s[] = "v1.34.2+k3s1";
const char pins_helm[] = "v3.19.0";
const char pins_prefect[] = "3.8.3";
const char pins_charts[] = "2026.8.18172642";

#define K3S    "https://github.com/k3s-io/k3s/releases/download/v1.34.2%2Bk3s1/"
#define HELM   "https://get.helm.sh/"
#define CHARTS "https://prefecthq.github.io/prefect-helm/charts/"

/* Helm follows Kubernetes within three minor versions, so each arch gets the newest version that has a pin for it:
 * v3.19.0 on amd64, v3.17.3 on arm64. A spec that names helm.version gets exactly that or an error. */
// clang-format off
const struct pin pin_table[] = {
    /* K3s release v1.34.2+k3s1: digests from one public source. */
    { "k3s", "v1.34.2+k3s1", "amd64", "k3s-v1.34.2+k3s1-amd64",
      "15811d34187e03fe29d0e46108c42cc33e62cec1b3d9d80f50944536ebcad40a", 0, 1, K3S "k3s" },
    { "k3s", "v1.34.2+k3s1", "arm64", "k3s-v1.34.2+k3s1-arm64",
      "2e1db0e54a8b0d0ab8a264a119c9c617561f9290e7bb2722d795f8bc91b24cf8", 0, 1, K3S "k3s-arm64" },
    { "k3s-images", "v1.34.2+k3s1", "amd64", "k3s-airgap-images-v1.34.2+k3s1-amd64.tar.zst",
      "24359781bd775f513691e98031853d79eac53e265f7d72d1e7325df4f3b18eb0", 0, 1, K3S "k3s-airgap-images-amd64.tar.zst" },
    { "k3s-images", "v1.34.2+k3s1", "arm64", "k3s-airgap-images-v1.34.2+k3s1-arm64.tar.zst",
      "41b34aab92bc5166135dc73217ead65766688fd3543166ce32ffff7e101bef46", 0, 1, K3S "k3s-airgap-images-arm64.tar.zst" },
    /* Helm v3.19.0: one public source; v3.17.3: the same digest in ten public sources. */
    { "helm", "v3.19.0", "amd64", "helm-v3.19.0-linux-amd64.tar.gz",
      "a7f81ce08007091b86d8bd696eb4d86b8d0f2e1b9f6c714be62f82f96a594496", 0, 1, HELM "helm-v3.19.0-linux-amd64.tar.gz" },
    { "helm", "v3.17.3", "amd64", "helm-v3.17.3-linux-amd64.tar.gz",
      "ee88b3c851ae6466a3de507f7be73fe94d54cbf2987cbaa3d1a3832ea331f2cd", 0, 10, HELM "helm-v3.17.3-linux-amd64.tar.gz" },
    { "helm", "v3.17.3", "arm64", "helm-v3.17.3-linux-arm64.tar.gz",
      "7944e3defd386c76fd92d9e6fec5c2d65a323f6fadc19bfb5e704e3eee10348e", 0, 10, HELM "helm-v3.17.3-linux-arm64.tar.gz" },
    /* Charts: the digest in the publisher's index, and that of the archive itself. */
    { "chart-prefect-server", "2026.8.18172642", "any", "prefect-server-2026.8.18172642.tgz",
      "c0d16d469bf9235fa69c28f8957eb8299aac03005891dca3976e4995099577ba", 232800, 2,
      CHARTS "prefect-server-2026.8.18172642.tgz" },
    { "chart-prefect-worker", "2026.8.18172642", "any", "prefect-worker-2026.8.18172642.tgz",
      "919624d89dcc0b6c6587bd1203ce1cafea8dad29b624c954a7428be11625a524", 47750, 2,
      CHARTS "prefect-worker-2026.8.18172642.tgz" },
    { NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};

// clang-format on

static bool is_newest(const struct pin *p)
{
    for (const struct pin *q = pin_table; q < p; q++)
        if (strcmp(q->name, p->name) == 0 && strcmp(q->arch, p->arch) == 0 && strcmp(q->version, p->version) != 0)
            return false;
    return true;
}

const struct pin *pins_find(const char *name, const char *version, const char *arch, const struct pin *from)
{
    for (const struct pin *p = from ? from + 1 : pin_table; p->name; p++) {
        if (strcmp(p->name, name) != 0 || (version ? strcmp(p->version, version) != 0 : !is_newest(p)))
            continue;
        if (!arch || strcmp(p->arch, "any") == 0 || strcmp(p->arch, arch) == 0)
            return p;
    }
    return NULL;
}

const struct pin *pins_by_digest(const char *sha256)
{
    for (const struct pin *p = pin_table; p->name; p++)
        if (strcmp(p->sha256, sha256) == 0)
            return p;
    return NULL;
}

void pins_images(const struct spec *s, const char *prefect, struct artifacts *ret)
{
    const char *database = s->prefect.server.database.image;
    AUTO_FREE char *server = xasprintf("docker.io/prefecthq/prefect:%s-python3.11", prefect);
    AUTO_FREE char *worker = xasprintf("%s-kubernetes", server);

    const struct {
        const char *role, *ref;
    } rows[] = {
        { "postgres", database ? database : "docker.io/library/postgres:17-bookworm" },
        { "prefect", server },
        { "prefect-worker", worker },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct artifact_image *img = lockfile_add_image(ret);
        struct err ignored = ERR_INIT;
        struct ref r;
        img->role = xstrdup(rows[i].role);
        img->arch = xstrdup("any");
        /* A reference that cannot be read is refused where it is used; `plan` shows it as it is. */
        if (ref_parse(rows[i].ref, &r, &ignored) < 0) {
            img->ref = xstrdup(rows[i].ref);
            continue;
        }
        img->ref = ref_text(&r);
        memcpy(img->digest, r.digest, sizeof(img->digest));
    }
}

static int unknown_version(const char *key, const char *have, const char *known, struct err *e)
{
    (void)err_set(e, ERR_SPEC, "%s '%s' has no digest built into slipway (which knows '%s'), and there is no %s", key,
                  have, known, LOCKFILE_NAME);
    return err_hint(e, "`slipway lock` resolves it once and writes %s beside the spec", LOCKFILE_NAME);
}

static int fill_k3s(const struct spec *s, struct artifacts *ret, struct err *e)
{
    static const char *const names[] = { "k3s", "k3s-images", "helm", "chart-prefect-server", "chart-prefect-worker" };

    if (s->k3s.version && !pins_find("k3s", s->k3s.version, NULL, NULL))
        return unknown_version("k3s.version", s->k3s.version, pins_k3s, e);
    if (s->helm.version && !pins_find("helm", s->helm.version, NULL, NULL))
        return unknown_version("helm.version", s->helm.version, pins_helm, e);
    ret->k3s = xstrdup(s->k3s.version ? s->k3s.version : pins_k3s);
    ret->helm = xstrdup(s->helm.version ? s->helm.version : pins_helm);
    ret->charts = xstrdup(pins_charts);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *version = strncmp(names[i], "k3s", 3) == 0 ? ret->k3s : NULL;
        if (strcmp(names[i], "helm") == 0)
            version = s->helm.version;
        for (const struct pin *p = pins_find(names[i], version, NULL, NULL); p;
             p = pins_find(names[i], version, NULL, p)) {
            struct artifact_file *f = lockfile_add_file(ret);
            f->name = xstrdup(p->name);
            f->version = xstrdup(p->version);
            f->arch = xstrdup(p->arch);
            f->file = xstrdup(p->file);
            memcpy(f->sha256, p->sha256, sizeof(f->sha256));
            f->size = p->size;
            svec_add(&f->urls, p->url);
        }
    }
    pins_images(s, ret->prefect, ret);
    return 0;
}

int pins_fill(const struct spec *s, struct artifacts *ret, struct err *e)
{
    if (s->prefect.version && strcmp(s->prefect.version, pins_prefect) != 0)
        return unknown_version("prefect.version", s->prefect.version, pins_prefect, e);
    ret->prefect = xstrdup(pins_prefect);
    return wheels_needed(s) ? wheels_pins_add(ret->prefect, ret, e) : fill_k3s(s, ret, e);
}
