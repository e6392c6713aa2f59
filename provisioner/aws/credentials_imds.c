#include "aws/credentials_source.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { REQUEST_MS = 1000, ANSWER_MAX = 64 << 10 };

static const char what[] = "instance metadata";

/* Without a slash at the end. */
static char *find_endpoint(const struct aws_look *l)
{
    const char *url = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (!url)
        url = aws_look_value(l, "ec2_metadata_service_endpoint");
    if (!mode)
        mode = aws_look_value(l, "ec2_metadata_service_endpoint_mode");
    if (!url)
        url = mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    size_t len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    return xstrndup(url, len);
}

/* One try: 1 answered, 0 nobody there. On a machine outside of EC2 this must not take long. */
static int ask(const struct aws_look *l, const char *method, const char *url, const char *header,
               struct http_resp *resp, struct err *e)
{
    const char *headers[] = { header, NULL };
    const struct http_req req = { .method = method, .url = url, .headers = headers, .timeout_ms = REQUEST_MS };

    if (http_send(l->o->http, &req, resp, e) == 0)
        return 1;
    if (e->code != ERR_NET)
        return err_wrap(e, "%s", what);
    err_clear(e);
    return aws_absent(l, "%s did not answer", what);
}

/* The name becomes part of a path. Source: IAM User Guide, "IAM and AWS STS quotas, name requirements". */
static bool is_role_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("+=,.@_-", *c))
            return false;
    return *name != '\0';
}

static int read_keys(const struct aws_look *l, struct aws_credentials *ret, const struct http_resp *resp,
                     const char *role, struct err *e)
{
    AUTO_JSON json_t *object = aws_ask_json(resp, what, e);
    AUTO_FREE char *source = xasprintf("%s, role '%s'", what, role);

    if (!object)
        return -1;
    /* A role that EC2 may not take on is said with status 200. */
    const char *code = jsonx_str(object, "Code");
    if (*code && strcmp(code, "Success") != 0)
        return err_set(e, ERR_AUTH, "%s: %.64s: %.300s", source, code, jsonx_str(object, "Message"));
    return aws_found_json(l, ret, source, object, "Token", e);
}

static int ask_role(const struct aws_look *l, const char *base, const char *token, struct aws_credentials *ret,
                    struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);
    AUTO_SECRET char *header = aws_ask_header(l, "x-aws-ec2-metadata-token", token, "instance metadata: the token", e);
    AUTO_FREE char *list = xasprintf("%s/latest/meta-data/iam/security-credentials/", base);

    if (!header)
        return -1;
    int rc = ask(l, "GET", list, header, &resp, e);
    if (rc <= 0)
        return rc;
    sbuf_trim(&resp.body);
    if (resp.status != 200 || !resp.body.len)
        return aws_absent(l, "the instance has no role (HTTP %d)", resp.status);
    if (!is_role_name(resp.body.data))
        return err_set(e, ERR_REMOTE, "%s: the answer is not the name of a role", what);
    AUTO_FREE char *role = xstrdup(resp.body.data);
    AUTO_FREE char *url = xasprintf("%s%s", list, role);
    rc = ask(l, "GET", url, header, &resp, e);
    if (rc <= 0)
        return rc;
    return resp.status == 200 ? read_keys(l, ret, &resp, role, e) : aws_ask_refused(&resp, what, e);
}

int aws_source_imds(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);
    const char *disabled = aws_env("AWS_EC2_METADATA_DISABLED");
    AUTO_FREE char *base = find_endpoint(l);
    AUTO_FREE char *url = xasprintf("%s/latest/api/token", base);

    if (disabled && strcasecmp(disabled, "true") == 0)
        return aws_absent(l, "%s is switched off by AWS_EC2_METADATA_DISABLED", what);
    int rc = ask(l, "PUT", url, "x-aws-ec2-metadata-token-ttl-seconds: 21600", &resp, e);
    if (rc <= 0)
        return rc;
    if (resp.status != 200)
        return aws_absent(l, "%s gave no token (HTTP %d)", what, resp.status);
    AUTO_SECRET char *token = xstrdup(resp.body.data);
    return ask_role(l, base, token, ret, e);
}
