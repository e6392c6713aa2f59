#include "aws/credentials_source.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/url.h"
#include <string.h>

enum { REQUEST_MS = 2000, ANSWER_MAX = 64 << 10, TOKEN_MAX = 16 << 10 };

static const char what[] = "container credentials";

/* The token goes to this address: https, this host, or where ECS and EKS serve them. */
static int check_address(const char *url, struct err *e)
{
    static const char *const allowed[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23" };
    char host[256];

    url_host(url, host, sizeof(host));
    if (*host && (url_is_https(url) || url_is_loopback(url)))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        if (strcmp(host, allowed[i]) == 0)
            return 0;
    return err_set(e, ERR_AUTH,
                   "%s: AWS_CONTAINER_CREDENTIALS_FULL_URI: '%s' is neither https, nor loopback, nor an address of ECS "
                   "or EKS",
                   what, host);
}

/* NULL without an error: none is needed. */
static int read_header(const struct aws_look *l, char **ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(TOKEN_MAX);
    const char *file = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");

    *ret = NULL;
    if (file) {
        if (fsx_read(file, &text, e) < 0) {
            e->code = ERR_AUTH;
            return err_wrap(e, "%s", what);
        }
        token = text.data;
    }
    if (!token)
        return 0;
    *ret = aws_ask_header(l, "Authorization", token, "container credentials: the authorization token", e);
    return *ret ? 0 : -1;
}

int aws_source_container(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);
    AUTO_SECRET char *header = NULL;

    if (!relative && !full)
        return aws_absent(l, "no AWS_CONTAINER_CREDENTIALS_*_URI");
    if (relative && *relative != '/')
        return err_set(e, ERR_AUTH, "%s: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'", what);
    AUTO_FREE char *url = relative ? xasprintf("http://169.254.170.2%s", relative) : xstrdup(full);
    if (check_address(url, e) < 0 || read_header(l, &header, e) < 0)
        return -1;
    const char *headers[] = { "Accept: application/json", header, NULL };
    const struct http_req req = { .method = "GET", .url = url, .headers = headers, .timeout_ms = REQUEST_MS };
    if (aws_ask(l, &req, what, &resp, e) < 0)
        return -1;
    if (resp.status != 200)
        return aws_ask_refused(&resp, what, e);
    AUTO_JSON json_t *object = aws_ask_json(&resp, what, e);
    return object ? aws_found_json(l, ret, what, object, "Token", e) : -1;
}
