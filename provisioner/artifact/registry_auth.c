#include "artifact/registry_auth.h"
#include "core/base64.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/http.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    TOKEN_TIMEOUT_MS = 30000,
};

/* key="value" or key=value at *at, moved behind it. False at the end or when it is neither. */
static bool next_param(const char **at, char *key, size_t key_size, char *value, size_t value_size)
{
    const char *p = *at + strspn(*at, " \t,");
    size_t n = strcspn(p, "= \t,"), len = 0;

    if (!n || p[n] != '=' || n >= key_size)
        return false;
    memcpy(key, p, n);
    key[n] = '\0';
    p += n + 1;
    bool quoted = *p == '"';
    p += quoted;
    while (*p && (quoted ? *p != '"' : !strchr(" \t,", *p))) {
        p += quoted && *p == '\\' && p[1];
        if (len + 1 >= value_size)
            return false;
        value[len++] = *p++;
    }
    value[len] = '\0';
    *at = p + (quoted && *p == '"');
    return true;
}

bool registry_auth_parse(const char *value, struct challenge *ret)
{
    struct challenge c = { false, "", "", "" };
    char key[32], text[sizeof(c.realm)];

    if (strncasecmp(value, "Basic", 5) == 0 && (value[5] == ' ' || !value[5])) {
        *ret = c;
        return true;
    }
    if (strncasecmp(value, "Bearer ", 7) != 0)
        return false;
    c.bearer = true;
    for (const char *p = value + 7; next_param(&p, key, sizeof(key), text, sizeof(text));) {
        if (strcasecmp(key, "realm") == 0)
            (void)snprintf(c.realm, sizeof(c.realm), "%s", text);
        else if (strcasecmp(key, "service") == 0)
            (void)snprintf(c.service, sizeof(c.service), "%.*s", (int)sizeof(c.service) - 1, text);
        else if (strcasecmp(key, "scope") == 0)
            (void)snprintf(c.scope, sizeof(c.scope), "%.*s", (int)sizeof(c.scope) - 1, text);
    }
    *ret = c;
    return c.realm[0] != '\0';
}

/* base64("user:password") of the docker configuration for `host`, "" when there is none. */
static int stored_auth(const char *host, struct sbuf *ret, struct err *e)
{
    static const char hub[] = "https://index.docker.io/v1/";
    const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20), plain = SBUF_INIT(8192);
    struct err absent = ERR_INIT;

    if (!(dir && dir[0]) && !(home && home[0]))
        return 0;
    AUTO_FREE char *path = dir && dir[0] ? xasprintf("%s/config.json", dir) : xasprintf("%s/.docker/config.json", home);
    if (fsx_read(path, &text, &absent) < 0) {
        if (absent.sys == ENOENT || absent.sys == ENOTDIR)
            return 0;
        *e = absent;
        return -1;
    }
    AUTO_JSON json_t *doc = jsonx_parse(text.data, text.len, path, e);
    if (!doc) /* the parser's message quotes the file, which holds passwords */
        return err_set(e, ERR_AUTH, "'%s' is not JSON", path);
    const json_t *auths = json_object_get(doc, "auths");
    const json_t *row = json_object_get(auths, strcmp(host, "docker.io") == 0 ? hub : host);
    const char *auth = json_string_value(json_object_get(row, "auth"));
    if (!auth || !auth[0])
        return 0;
    if (base64_decode(&plain, auth, strlen(auth), e) < 0 || !memchr(plain.data, ':', plain.len))
        return err_set(e, ERR_AUTH, "'%s': auth of '%s' is not base64 of user:password", path, host);
    base64_encode(ret, plain.data, plain.len); /* ours, so that no line break of theirs gets into a header */
    return sbuf_check(ret, "credentials", e);
}

static void add_query(struct sbuf *url, const char *key, const char *value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    if (!value[0])
        return;
    sbuf_addf(url, "%c%s=", strchr(url->data, '?') ? '&' : '?', key);
    for (; *value; value++) {
        if (strchr(plain, *value))
            sbuf_addch(url, *value);
        else
            sbuf_addf(url, "%%%02X", (unsigned char)*value);
    }
}

static int fetch_token(struct http *http, const struct challenge *c, const char *repo, const char *basic,
                       struct sbuf *ret_header, struct err *e)
{
    AUTO_SBUF struct sbuf url = SBUF_INIT(8192), line = SBUF_INIT(16384);
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(256 << 10);
    AUTO_FREE char *scope = xasprintf("repository:%s:pull", repo);
    struct err hidden = ERR_INIT;

    sbuf_addstr(&url, c->realm);
    add_query(&url, "service", c->service);
    add_query(&url, "scope", c->scope[0] ? c->scope : scope);
    sbuf_addf(&line, "Authorization: Basic %s", basic);
    const char *const headers[] = { basic[0] ? line.data : NULL, NULL };
    struct http_req req = { .method = "GET", .url = url.data, .headers = headers, .timeout_ms = TOKEN_TIMEOUT_MS };
    if (sbuf_check(&url, "token request", e) < 0 || http_send(http, &req, &resp, e) < 0)
        return err_wrap(e, "token from '%s'", c->realm);
    if (resp.status != 200)
        return err_set(e, resp.status == 401 || resp.status == 403 ? ERR_AUTH : ERR_REMOTE,
                       "token from '%s': HTTP %d%s", c->realm, resp.status,
                       basic[0] ? " for the user in the docker configuration" : "");
    AUTO_JSON json_t *doc = jsonx_parse(resp.body.data, resp.body.len, "token", &hidden);
    const char *token = jsonx_str(doc, "token");
    if (!token[0])
        token = jsonx_str(doc, "access_token");
    if (!token[0] || strpbrk(token, "\r\n"))
        return err_set(e, ERR_REMOTE, "token from '%s': the answer holds no token", c->realm);
    sbuf_addf(ret_header, "Authorization: Bearer %s", token);
    if (doc) /* jansson's copy */
        for (const char *const *k = (const char *const[]){ "token", "access_token", NULL }; *k; k++) {
            json_t *v = json_object_get(doc, *k);
            if (json_is_string(v))
                secret_wipe((void *)(uintptr_t)json_string_value(v), json_string_length(v));
        }
    return sbuf_check(ret_header, "token", e);
}

int registry_auth_answer(struct http *http, const struct challenge *c, const char *host, const char *repo,
                         struct sbuf *ret_header, struct err *e)
{
    AUTO_SBUF struct sbuf basic = SBUF_INIT(16384);

    if (stored_auth(host, &basic, e) < 0)
        return -1;
    if (c->bearer)
        return fetch_token(http, c, repo, basic.data, ret_header, e);
    if (basic.len)
        sbuf_addf(ret_header, "Authorization: Basic %s", basic.data);
    return sbuf_check(ret_header, "credentials", e);
}
