#include "aws/credentials_source.h"
#include "aws/sts.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/url.h"
#include <string.h>

enum { TOKEN_MAX = 64 << 10, REQUEST_MS = 20000 };

/* The variable is stronger than the profile's key. */
static const char *setting(const struct aws_look *l, const char *variable, const char *key)
{
    const char *value = l->env ? aws_env(variable) : NULL;

    return value ? value : aws_look_value(l, key);
}

static int from_file(const struct aws_look *l, const struct aws_role *role, const char *path,
                     struct aws_credentials *ret, struct err *e)
{
    AUTO_SBUF struct sbuf token = SBUF_INIT(TOKEN_MAX);

    if (fsx_read(path, &token, e) < 0) {
        e->code = ERR_AUTH;
        return err_wrap(e, "%s: the token", role->source);
    }
    sbuf_trim(&token);
    if (!token.len)
        return err_set(e, ERR_AUTH, "%s: the token file '%s' is empty", role->source, path);
    ui_secret(l->o->ui, token.data);
    return aws_sts_web_identity(l, role, token.data, ret, e);
}

/* Source: GitHub Docs, "OpenID Connect reference", requesting the JWT with environment variables. */
static int from_github(const struct aws_look *l, const struct aws_role *role, const char *url, const char *bearer,
                       struct aws_credentials *ret, struct err *e)
{
    static const char what[] = "GitHub OIDC token";
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(TOKEN_MAX);
    AUTO_SECRET char *value = xasprintf("Bearer %s", bearer);
    AUTO_SECRET char *header = NULL;
    AUTO_FREE char *with = xasprintf("%s%caudience=sts.amazonaws.com", url, strchr(url, '?') ? '&' : '?');

    ui_secret(l->o->ui, bearer);
    if (!url_is_https(url) && !url_is_loopback(url))
        return err_set(e, ERR_AUTH, "%s: ACTIONS_ID_TOKEN_REQUEST_URL is neither https nor loopback", what);
    header = aws_ask_header(l, "Authorization", value, "GitHub OIDC token: ACTIONS_ID_TOKEN_REQUEST_TOKEN", e);
    if (!header)
        return -1;
    const char *headers[] = { header, "Accept: application/json", NULL };
    const struct http_req req = { .method = "GET", .url = with, .headers = headers, .timeout_ms = REQUEST_MS };
    if (aws_ask(l, &req, what, &resp, e) < 0)
        return -1;
    if (resp.status != 200)
        return aws_ask_refused(&resp, what, e);
    AUTO_JSON json_t *object = aws_ask_json(&resp, what, e);
    const char *token = jsonx_str(object, "value");
    if (!object)
        return -1;
    if (!*token)
        return err_set(e, ERR_REMOTE, "%s: the answer holds none", what);
    ui_secret(l->o->ui, token);
    return aws_sts_web_identity(l, role, token, ret, e);
}

int aws_source_web_identity(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    const char *file = setting(l, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    const char *url = l->env ? aws_env("ACTIONS_ID_TOKEN_REQUEST_URL") : NULL;
    const char *bearer = l->env ? aws_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN") : NULL;
    const char *arn = setting(l, "AWS_ROLE_ARN", "role_arn");

    if (file || !bearer || !aws_env("AWS_ROLE_ARN"))
        url = NULL;
    if (!file && !url)
        return l->env ? aws_absent(l, "no AWS_WEB_IDENTITY_TOKEN_FILE, no OIDC variables of GitHub with AWS_ROLE_ARN")
                      : 0;
    if (!arn) {
        (void)err_set(e, ERR_AUTH, "web identity: a token file is given, but no role");
        return err_hint(e, "set AWS_ROLE_ARN, or role_arn in profile '%s'", l->profile);
    }
    AUTO_FREE char *source = xasprintf("web identity (%s), role '%s'", file ? "token file" : "GitHub OIDC", arn);
    const struct aws_role role = { .arn = arn,
                                   .session_name = setting(l, "AWS_ROLE_SESSION_NAME", "role_session_name"),
                                   .source = source };
    return url ? from_github(l, &role, url, bearer, ret, e) : from_file(l, &role, file, ret, e);
}
