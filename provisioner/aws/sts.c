#include "aws/sts.h"
#include "aws/endpoint.h"
#include "aws/query.h"
#include "aws/sigv4.h"
#include "aws/xml.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/url.h"
#include <string.h>

enum { REQUEST_MS = 20000, ANSWER_MAX = 64 << 10, IDP_TRIES = 4, IDP_PAUSE_MS = 1000, HEADER_MAX = 32 << 10 };

#define CONTENT_TYPE "Content-Type: application/x-www-form-urlencoded; charset=utf-8"

static void add_role(struct aws_query *q, const char *action, const struct aws_role *role)
{
    aws_query_add(q, "Action", action);
    aws_query_add(q, "Version", "2011-06-15");
    aws_query_add(q, "RoleArn", role->arn);
    aws_query_add(q, "RoleSessionName", role->session_name ? role->session_name : "slipway");
    if (role->duration_s)
        aws_query_add(q, "DurationSeconds", role->duration_s);
    if (role->external_id)
        aws_query_add(q, "ExternalId", role->external_id);
}

static int refused(const struct http_resp *resp, const char *what, struct err *e)
{
    enum err_code class = resp->status == 429 || resp->status >= 500 ? ERR_REMOTE : ERR_AUTH;
    struct err unread = ERR_INIT;
    AUTO_JSON json_t *root = aws_xml_parse(resp->body.data, resp->body.len, what, &unread);
    const char *code = aws_xml_any(root, "Code");

    (void)err_set(e, class, "%s: STS: HTTP %d%s%.64s%s%.500s", what, resp->status, *code ? ": " : "", code,
                  *code ? ": " : "", aws_xml_any(root, "Message"));
    if (strcmp(code, "AccessDenied") == 0)
        (void)err_hint(e, "the role's trust policy, and the rights of who asks, must both allow this");
    if (strcmp(code, "ExpiredToken") == 0 || strcmp(code, "ExpiredTokenException") == 0)
        (void)err_hint(e, "log in again, or renew the token that this source builds on");
    return -1;
}

static int read_answer(const struct aws_look *l, const struct aws_role *role, const struct http_resp *resp,
                       struct aws_credentials *ret, struct err *e)
{
    AUTO_JSON json_t *root = NULL;

    if (resp->status != 200)
        return refused(resp, role->source, e);
    root = aws_xml_parse(resp->body.data, resp->body.len, role->source, e);
    if (!root || aws_found(l, ret, role->source, aws_xml_any(root, "AccessKeyId"), aws_xml_any(root, "SecretAccessKey"),
                           aws_xml_any(root, "SessionToken"), e) < 0)
        return -1;
    return aws_found_until(ret, aws_xml_any(root, "Expiration"), e);
}

/* STS could not reach the one who issued the token: its own name for "try again". */
static bool issuer_unreached(const struct http_resp *resp)
{
    return resp->status == 400 && strstr(resp->body.data, "IDPCommunicationError");
}

static int call(const struct aws_look *l, const struct aws_role *role, const struct http_req *req,
                struct aws_credentials *ret, struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);

    for (int i = 0;; i++) {
        if (aws_ask(l, req, role->source, &resp, e) < 0)
            return -1;
        if (!issuer_unreached(&resp) || i + 1 == IDP_TRIES)
            return read_answer(l, role, &resp, ret, e);
        if (l->o->clock->sleep_ms(l->o->clock, IDP_PAUSE_MS << i, e) < 0)
            return -1;
    }
}

static int find_url(const struct aws_look *l, const char *source, char **ret, struct err *e)
{
    char endpoint[512];

    if (aws_endpoint(l->o->profiles, "sts", l->o->region ? l->o->region : "", endpoint, e) < 0)
        return err_wrap(e, "%s", source);
    *ret = xasprintf("%s/", endpoint);
    return 0;
}

int aws_sts_web_identity(const struct aws_look *l, const struct aws_role *role, const char *token,
                         struct aws_credentials *ret, struct err *e)
{
    static const char *const headers[] = { CONTENT_TYPE, NULL };
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *url = NULL;

    add_role(&q, "AssumeRoleWithWebIdentity", role);
    aws_query_add(&q, "WebIdentityToken", token);
    if (sbuf_check(&q.body, role->source, e) < 0 || find_url(l, role->source, &url, e) < 0)
        return -1;
    const struct http_req req = {
        .method = "POST", .url = url, .headers = headers, .body = q.body.data, .timeout_ms = REQUEST_MS
    };
    return call(l, role, &req, ret, e);
}

int aws_sts_assume_role(const struct aws_look *l, const struct aws_role *role, const struct aws_credentials *by,
                        struct aws_credentials *ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_SBUF struct sbuf authorization = SBUF_INIT(HEADER_MAX);
    struct sigv4_scope scope = { .region = l->o->region, .service = "sts", .normalize = true };
    char host[300], path[512], date[64];
    AUTO_FREE char *url = NULL;

    add_role(&q, "AssumeRole", role);
    if (sbuf_check(&q.body, role->source, e) < 0 || find_url(l, role->source, &url, e) < 0)
        return -1;
    url_authority(url, host, sizeof(host));
    url_path(url, path, sizeof(path));
    sigv4_time(l->o->clock->wall_ms(l->o->clock), scope.time);
    (void)snprintf(date, sizeof(date), "X-Amz-Date: %s", scope.time);
    AUTO_FREE char *host_line = xasprintf("Host: %s", host);
    AUTO_SECRET char *token = by->session ? xasprintf("X-Amz-Security-Token: %s", by->session) : NULL;
    const char *headers[] = { CONTENT_TYPE, host_line, date, token, NULL };
    const struct sigv4_request to_sign = {
        .method = "POST", .path = path, .query = "", .headers = headers, .body = q.body.data, .body_len = q.body.len
    };
    if (sigv4_authorization(&authorization, &to_sign, &scope, by, e) < 0)
        return err_wrap(e, "%s", role->source);
    const char *all[] = { CONTENT_TYPE, host_line, date, authorization.data, token, NULL };
    const struct http_req req = {
        .method = "POST", .url = url, .headers = all, .body = q.body.data, .timeout_ms = REQUEST_MS
    };
    return call(l, role, &req, ret, e);
}
