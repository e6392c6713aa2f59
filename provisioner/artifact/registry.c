#include "artifact/registry.h"
#include "artifact/registry_auth.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/download.h"
#include "net/http.h"
#include "net/url.h"
#include <stdio.h>
#include <string.h>

enum {
    MANIFEST_TIMEOUT_MS = 30000,
    RATE_WAIT_MAX_S = 30, /* a longer Retry-After is the user's to decide */
    TRIES = 4,
    TOKEN_AGE_MS = 60000, /* what a registry must grant at least, by the token specification */
};

struct registry {
    struct http *http;
    struct clock *clock;
    struct ui *ui;
    char *scope;      /* "HOST/REPO" that `auth` is for */
    struct sbuf auth; /* "Authorization: ..." or "" */
    struct challenge challenge;
    int64_t auth_ms; /* when `auth` was made */
};

void manifest_done(struct manifest *m)
{
    sbuf_done(&m->body);
}

struct registry *registry_new(struct http *http, struct clock *clock, struct ui *ui)
{
    struct registry *r = xcalloc(1, sizeof(*r));

    *r = (struct registry){ .http = http, .clock = clock, .ui = ui, .auth = SBUF_INIT(64 << 10) };
    return r;
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    sbuf_done(&r->auth);
    free(r->scope);
    free(r);
}

static char *api_url(const struct ref *ref, const char *kind, const char *name)
{
    const char *host = strcmp(ref->host, "docker.io") == 0 ? "registry-1.docker.io" : ref->host;

    AUTO_FREE char *plain = xasprintf("http://%s/v2/%s/%s/%s", host, ref->repo, kind, name);

    if (url_is_loopback(plain))
        return TAKE_PTR(plain);
    return xasprintf("https://%s/v2/%s/%s/%s", host, ref->repo, kind, name);
}

/* A token is good for one repository. */
static void enter(struct registry *r, const struct ref *ref)
{
    AUTO_FREE char *scope = xasprintf("%s/%s", ref->host, ref->repo);

    if (r->scope && strcmp(r->scope, scope) == 0)
        return;
    sbuf_done(&r->auth);
    free(r->scope);
    r->scope = TAKE_PTR(scope);
}

static int renew(struct registry *r, const struct ref *ref, struct err *e)
{
    sbuf_reset(&r->auth);
    r->auth_ms = r->clock->mono_ms(r->clock);
    return registry_auth_answer(r->http, &r->challenge, ref->host, ref->repo, &r->auth, e);
}

static int answer_challenge(struct registry *r, const struct ref *ref, const struct http_resp *resp, struct err *e)
{
    char value[2048];

    http_header(resp, "WWW-Authenticate", value, sizeof(value));
    if (!registry_auth_parse(value, &r->challenge))
        return err_set(e, ERR_AUTH, "registry '%s' wants an authentication that slipway does not know: %.100s",
                       ref->host, value);
    return renew(r, ref, e);
}

static int refused(const struct ref *ref, const char *what, int status, const struct http_resp *resp, struct err *e)
{
    char after[64];

    switch (status) {
    case 401:
    case 403:
        (void)err_set(e, ERR_AUTH, "registry '%s' refuses %s (HTTP %d): it does not exist or needs a login", ref->host,
                      what, status);
        return err_hint(e, "check the name; `docker login` writes the credentials that slipway reads "
                           "(auths in ~/.docker/config.json)");
    case 404:
        return err_set(e, ERR_REMOTE, "registry '%s' has no %s", ref->host, what);
    case 429:
        http_header(resp, "Retry-After", after, sizeof(after));
        (void)err_set(e, ERR_QUOTA, "registry '%s' limits how often it is asked (HTTP 429; Retry-After: %s)", ref->host,
                      after[0] ? after : "not given");
        e->retryable = true;
        return err_hint(e, "wait and run again, or log in to have a higher limit (auths in ~/.docker/config.json)");
    default:
        (void)err_set(e, ERR_REMOTE, "registry '%s': %s: HTTP %d", ref->host, what, status);
        e->retryable = status >= 500;
        return -1;
    }
}

/* Seconds to wait before the next try, -1: none. */
static int64_t pause_s(const struct http_resp *resp, int tried)
{
    char after[64];

    if (tried + 1 >= TRIES || (resp->status != 429 && resp->status < 500))
        return -1;
    http_header(resp, "Retry-After", after, sizeof(after));
    if (!after[0])
        return resp->status == 429 ? -1 : 1 << tried;
    long n = strspn(after, "0123456789") == strlen(after) ? strtol(after, NULL, 10) : RATE_WAIT_MAX_S + 1;
    return n <= RATE_WAIT_MAX_S ? n : -1;
}

static int get(struct registry *r, const struct ref *ref, const char *url, const char *accept, const char *what,
               struct http_resp *ret, struct err *e)
{
    bool challenged = false;

    enter(r, ref);
    for (int tried = 0;; tried++) {
        const char *const headers[] = { accept, r->auth.len ? r->auth.data : NULL, NULL };
        struct http_req req = { .method = "GET", .url = url, .headers = headers, .timeout_ms = MANIFEST_TIMEOUT_MS };
        ret->status = 0;
        sbuf_reset(&ret->body);
        sbuf_reset(&ret->headers);
        if (http_send(r->http, &req, ret, e) < 0)
            return err_wrap(e, "registry '%s'", ref->host);
        if (ret->status == 200)
            return 0;
        if (ret->status == 401 && !challenged) {
            challenged = true;
            if (answer_challenge(r, ref, ret, e) < 0)
                return -1;
            tried--;
            continue;
        }
        int64_t wait = pause_s(ret, tried);
        if (wait < 0)
            return refused(ref, what, ret->status, ret, e);
        ui_note(r->ui, "registry '%s': HTTP %d, again in %lld s", ref->host, ret->status, (long long)wait);
        if (r->clock->sleep_ms(r->clock, wait * 1000, e) < 0)
            return -1;
    }
}

/* What `reference` (a tag or a digest) names: an index or a manifest.
 * ERR_REMOTE: no such image; ERR_AUTH: refused (or hidden); ERR_QUOTA: rate limit, with what the registry said about
 * when to come back; ERR_CONFLICT: the bytes are not what the digest says. */
static int registry_manifest(struct registry *r, const struct ref *ref, const char *reference, struct manifest *ret,
                             struct err *e)
{
    static const char accept[] = "Accept: application/vnd.oci.image.index.v1+json, "
                                 "application/vnd.docker.distribution.manifest.list.v2+json, "
                                 "application/vnd.oci.image.manifest.v1+json, "
                                 "application/vnd.docker.distribution.manifest.v2+json";
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(REGISTRY_MANIFEST_MAX);
    AUTO_FREE char *url = api_url(ref, "manifests", reference);
    AUTO_FREE char *what =
        xasprintf("image '%s/%s%c%s'", ref->host, ref->repo, strchr(reference, ':') ? '@' : ':', reference);
    char hex[HASH_HEX], said[128];

    if (get(r, ref, url, accept, what, &resp, e) < 0)
        return -1;
    hash_sha256_hex(resp.body.data, resp.body.len, hex);
    (void)snprintf(ret->digest, sizeof(ret->digest), "sha256:%s", hex);
    http_header(&resp, "Docker-Content-Digest", said, sizeof(said));
    const char *want = ref_is_digest(reference) ? reference : said;
    if (want[0] && strcmp(want, ret->digest) != 0)
        return err_set(e, ERR_CONFLICT, "%s: the manifest's bytes are not what the digest says: want %s, got %s", what,
                       want, ret->digest);
    http_header(&resp, "Content-Type", ret->media_type, sizeof(ret->media_type));
    ret->media_type[strcspn(ret->media_type, "; ")] = '\0';
    sbuf_reset(&ret->body);
    sbuf_add(&ret->body, resp.body.data, resp.body.len);
    return 0;
}

static bool is_index(const char *media_type)
{
    return strcmp(media_type, "application/vnd.oci.image.index.v1+json") == 0 ||
           strcmp(media_type, "application/vnd.docker.distribution.manifest.list.v2+json") == 0;
}

static bool is_manifest(const char *media_type)
{
    return strcmp(media_type, "application/vnd.oci.image.manifest.v1+json") == 0 ||
           strcmp(media_type, "application/vnd.docker.distribution.manifest.v2+json") == 0;
}

static int other_arch(const struct ref *ref, const char *arch, const char *have, struct err *e)
{
    AUTO_FREE char *text = ref_text(ref);

    return err_set(e, ERR_SPEC, "image '%s' does not exist for linux/%s (it has: %s)", text, arch,
                   have[0] ? have : "nothing");
}

/* Digest of linux/arch in an index. */
static int pick(const json_t *index, const struct ref *ref, const char *arch, char ret[72], struct err *e)
{
    AUTO_SBUF struct sbuf have = SBUF_INIT(256);
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(index, "manifests"), i, row) {
        const char *os = jsonx_str(row, "platform.os"), *cpu = jsonx_str(row, "platform.architecture");
        const char *variant = jsonx_str(row, "platform.variant"), *digest = jsonx_str(row, "digest");
        bool plain = !variant[0] || (strcmp(arch, "arm64") == 0 && strcmp(variant, "v8") == 0);
        if (strcmp(os, "linux") == 0 && strcmp(cpu, arch) == 0 && plain && ref_is_digest(digest)) {
            memcpy(ret, digest, 72);
            return 0;
        }
        if (strcmp(os, "linux") == 0)
            sbuf_addf(&have, "%slinux/%s", have.len ? ", " : "", cpu);
    }
    return other_arch(ref, arch, have.data, e);
}

/* An image without an index says in its config for which arch it is. */
static int check_config(struct registry *r, const struct ref *ref, const char *arch, const char *scratch,
                        const struct manifest *m, struct err *e)
{
    AUTO_JSON json_t *doc = jsonx_parse(m->body.data, m->body.len, "manifest", e);
    AUTO_SBUF struct sbuf text = SBUF_INIT(REGISTRY_MANIFEST_MAX);
    const char *digest = jsonx_str(doc, "config.digest");

    if (!doc)
        return -1;
    if (!ref_is_digest(digest))
        return err_set(e, ERR_REMOTE, "manifest '%s' has no config", m->digest);
    AUTO_FREE char *path = fsx_join(scratch, digest + 7);
    if (registry_blob(r, ref, digest, jsonx_int(doc, "config.size", 0), path, e) < 0 || fsx_read(path, &text, e) < 0)
        return -1;
    AUTO_JSON json_t *config = jsonx_parse(text.data, text.len, "image config", e);
    if (!config)
        return -1;
    if (strcmp(jsonx_str(config, "os"), "linux") == 0 && strcmp(jsonx_str(config, "architecture"), arch) == 0)
        return 0;
    AUTO_FREE char *have = xasprintf("%s/%s", jsonx_str(config, "os"), jsonx_str(config, "architecture"));
    return other_arch(ref, arch, have, e);
}

int registry_platform(struct registry *r, const struct ref *ref, const char *arch, const char *scratch,
                      struct manifest *ret, struct err *e)
{
    char digest[72];

    if (registry_manifest(r, ref, ref->digest[0] ? ref->digest : ref->tag, ret, e) < 0)
        return -1;
    if (is_index(ret->media_type)) {
        AUTO_JSON json_t *index = jsonx_parse(ret->body.data, ret->body.len, "image index", e);
        if (!index || pick(index, ref, arch, digest, e) < 0 || registry_manifest(r, ref, digest, ret, e) < 0)
            return -1;
    } else if (is_manifest(ret->media_type) && check_config(r, ref, arch, scratch, ret, e) < 0) {
        return -1;
    }
    if (!is_manifest(ret->media_type))
        return err_set(e, ERR_REMOTE, "registry '%s': '%s' is a '%s', not an image manifest of schema 2 or OCI",
                       ref->host, ref->repo, ret->media_type);
    return 0;
}

int registry_blob(struct registry *r, const struct ref *ref, const char *digest, off_t size, const char *path,
                  struct err *e)
{
    AUTO_FREE char *url = api_url(ref, "blobs", digest);
    AUTO_FREE char *label = xasprintf("%s %.12s", ref->repo, digest + 7);
    char got[HASH_HEX];

    if (fsx_exists(path) && hash_sha256_file(path, got, e) == 0 && strcmp(got, digest + 7) == 0)
        return 0;
    enter(r, ref);
    if (r->auth.len && r->clock->mono_ms(r->clock) - r->auth_ms > TOKEN_AGE_MS && renew(r, ref, e) < 0)
        return -1;
    const char *const headers[] = { r->auth.len ? r->auth.data : NULL, NULL };
    struct download d = {
        .urls = (const char *const[]){ url, NULL },
        .path = path,
        .label = label,
        .sha256 = digest + 7,
        .size = size,
        .headers = headers,
    };
    return download_file(&d, r->clock, r->ui, got, e);
}
