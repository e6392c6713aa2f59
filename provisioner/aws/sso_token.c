#include "aws/sso_token.h"
#include "aws/endpoint.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <errno.h>
#include <mbedtls/sha1.h>
#include <string.h>

enum { FILE_MAX = 256 << 10, REQUEST_MS = 20000, RENEW_MS = 15 * 60 * 1000 };

static int ended(const struct aws_sso *sso, const char *why, struct err *e)
{
    (void)err_set(e, ERR_AUTH, "SSO of profile '%s': %s", sso->profile, why);
    return err_hint(e, "log in: aws sso login --profile %s", sso->profile);
}

static int find_file(const struct aws_sso *sso, char **ret, struct err *e)
{
    const char *name = sso->session ? sso->session : sso->start_url, *home = aws_env("HOME");
    unsigned char digest[20];
    char hex[2 * sizeof(digest) + 1];

    /* Only a file's name: what it was made from is no secret, and its maker chose SHA-1. */
    int rc = mbedtls_sha1_ret((const unsigned char *)name, strlen(name), digest);
    if (rc)
        return err_set(e, ERR_INTERNAL, "SHA-1: mbedtls error -0x%04x", (unsigned)-rc);
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    *ret = xasprintf("%s/.aws/sso/cache/%s.json", home ? home : "", hex);
    return 0;
}

static int read_cache(const struct aws_sso *sso, const char *path, json_t **ret, int64_t *until_ms, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(FILE_MAX);

    if (fsx_read(path, &text, e) < 0) {
        bool absent = e->sys == ENOENT || e->sys == ENOTDIR;
        e->code = ERR_AUTH;
        if (!absent)
            return err_wrap(e, "SSO of profile '%s'", sso->profile);
        err_clear(e);
        return ended(sso, "nobody has logged in, the token's file is absent", e);
    }
    *ret = json_loadb(text.data, text.len, 0, NULL);
    if (!*jsonx_str(*ret, "accessToken") || aws_time_parse(jsonx_str(*ret, "expiresAt"), until_ms) < 0)
        return ended(sso, "the token's file does not hold a token with its expiry", e);
    return 0;
}

static char *refresh_body(const json_t *cache)
{
    AUTO_JSON json_t *body =
        json_pack("{ss ss ss ss}", "grantType", "refresh_token", "clientId", jsonx_str(cache, "clientId"),
                  "clientSecret", jsonx_str(cache, "clientSecret"), "refreshToken", jsonx_str(cache, "refreshToken"));

    return jsonx_text(body, 0);
}

static bool can_renew(const struct aws_look *l, const struct aws_sso *sso, const json_t *cache)
{
    int64_t registered_ms = 0;
    struct clock *clock = l->o->clock;

    return sso->session && *jsonx_str(cache, "refreshToken") && *jsonx_str(cache, "clientId") &&
           *jsonx_str(cache, "clientSecret") &&
           aws_time_parse(jsonx_str(cache, "registrationExpiresAt"), &registered_ms) == 0 &&
           registered_ms > clock->wall_ms(clock);
}

/* The token serves this run even when it cannot be kept for the next one. */
static void save(const struct aws_look *l, const json_t *cache, const char *path)
{
    AUTO_SECRET char *text = jsonx_text(cache, 0);
    struct err e = ERR_INIT;

    if (fsx_replace(path, text, strlen(text), 0600, &e) < 0)
        ui_warn(l->o->ui, "the renewed SSO token could not be kept: %s", e.msg);
}

/* Source: IAM Identity Center OIDC API Reference, CreateToken. */
static int renew(const struct aws_look *l, const struct aws_sso *sso, json_t *cache, const char *path,
                 int64_t *until_ms, struct err *e)
{
    static const char what[] = "SSO: renewing the token";
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(FILE_MAX);
    AUTO_SECRET char *body = refresh_body(cache);
    struct clock *clock = l->o->clock;
    char endpoint[512], until[21];

    ui_secret(l->o->ui, jsonx_str(cache, "refreshToken"));
    ui_secret(l->o->ui, jsonx_str(cache, "clientSecret"));
    if (aws_endpoint(l->o->profiles, "oidc", sso->region, endpoint, e) < 0)
        return -1;
    AUTO_FREE char *url = xasprintf("%s/token", endpoint);
    const struct http_req req = {
        .method = "POST", .url = url, .headers = headers, .body = body, .timeout_ms = REQUEST_MS
    };
    if (aws_ask(l, &req, what, &resp, e) < 0)
        return -1;
    if (resp.status != 200)
        return aws_ask_refused(&resp, what, e);
    AUTO_JSON json_t *reply = aws_ask_json(&resp, what, e);
    if (!reply || !*jsonx_str(reply, "accessToken"))
        return reply ? err_set(e, ERR_REMOTE, "%s: the answer holds none", what) : -1;
    *until_ms = clock->wall_ms(clock) + jsonx_int(reply, "expiresIn", 0) * 1000;
    clock_iso8601(*until_ms, until);
    (void)json_object_set(cache, "accessToken", json_object_get(reply, "accessToken"));
    (void)json_object_set_new(cache, "expiresAt", json_string(until));
    if (*jsonx_str(reply, "refreshToken"))
        (void)json_object_set(cache, "refreshToken", json_object_get(reply, "refreshToken"));
    save(l, cache, path);
    return 0;
}

int aws_sso_token(const struct aws_look *l, const struct aws_sso *sso, char **ret, struct err *e)
{
    struct clock *clock = l->o->clock;
    AUTO_FREE char *path = NULL;
    AUTO_JSON json_t *cache = NULL;
    int64_t until_ms = 0, now_ms = clock->wall_ms(clock);

    if (find_file(sso, &path, e) < 0 || read_cache(sso, path, &cache, &until_ms, e) < 0)
        return -1;
    if (until_ms - now_ms < RENEW_MS && can_renew(l, sso, cache) && renew(l, sso, cache, path, &until_ms, e) < 0) {
        if (until_ms <= now_ms || e->code == ERR_CANCELED) {
            (void)err_hint(e, "log in: aws sso login --profile %s", sso->profile);
            return err_wrap(e, "SSO of profile '%s': the token has expired", sso->profile);
        }
        ui_warn(l->o->ui, "the SSO token ends soon: %s", e->msg);
        err_clear(e);
    }
    if (until_ms <= now_ms)
        return ended(sso, "the token has expired", e);
    *ret = xstrdup(jsonx_str(cache, "accessToken"));
    return 0;
}
