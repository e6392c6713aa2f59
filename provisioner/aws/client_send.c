#include <stdio.h>
#include <string.h>

#include "aws/client_internal.h"
#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "core/util.h"
#include "net/url.h"

enum { REQUEST_MS = 30000, HEADERS_MAX = 7, LINE_MAX_BYTES = 32 << 10 };

/* Lines of the request; wiped, for they hold the session token. */
struct lines {
    struct sbuf text[HEADERS_MAX];
    const char *items[HEADERS_MAX + 1];
    size_t n;
};

static void lines_done(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        sbuf_done(&l->text[i]);
}

static void add_line(struct lines *l, const char *name, const char *value)
{
    struct sbuf *line = &l->text[l->n];

    *line = (struct sbuf)SBUF_INIT(LINE_MAX_BYTES);
    sbuf_addf(line, "%s%s%s", name, *name ? ": " : "", value);
    l->items[l->n++] = line->data;
}

static int find_credentials(struct aws_client *c, const struct aws_credentials **ret, struct err *e)
{
    if (!c->chain) {
        const struct aws_chain_opts o = {
            .profiles = c->profiles, .region = c->region, .http = c->http, .clock = c->clock, .ui = c->ui
        };
        c->chain = aws_chain_new(&o);
    }
    if (aws_chain_get(c->chain, ret, e) < 0)
        return -1;
    (void)snprintf(c->source, sizeof(c->source), "%s", (*ret)->source);
    return 0;
}

static void add_lines(struct lines *l, const struct aws_request *r, const struct aws_credentials *k, const char *host,
                      const char *time)
{
    bool json = r->action->protocol == AWS_JSON;

    add_line(l, "Host", host);
    add_line(l, "Content-Type",
             json ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded; charset=utf-8");
    add_line(l, "X-Amz-Date", time);
    if (k->session)
        add_line(l, "X-Amz-Security-Token", k->session);
    if (json) {
        AUTO_FREE char *target = xasprintf("%s.%s", r->action->version, aws_action_wire(r->action));
        add_line(l, "X-Amz-Target", target);
    }
}

int aws_client_send(struct aws_client *c, const struct aws_request *r, struct http_resp *ret, struct err *e)
{
    __attribute__((cleanup(lines_done))) struct lines lines = { .n = 0 };
    AUTO_SBUF struct sbuf authorization = SBUF_INIT(LINE_MAX_BYTES);
    const struct aws_credentials *k = NULL;
    struct sigv4_scope scope = { .region = c->region, .service = r->action->service, .normalize = true };
    char endpoint[512], host[300], path[600];

    if (aws_endpoint(c->profiles, r->action->service, c->region, endpoint, e) < 0 || find_credentials(c, &k, e) < 0)
        return -1;
    AUTO_FREE char *url = xasprintf("%s/", endpoint);
    url_authority(url, host, sizeof(host));
    url_path(url, path, sizeof(path));
    sigv4_time(c->clock->wall_ms(c->clock), scope.time);
    add_lines(&lines, r, k, host, scope.time);
    const struct sigv4_request to_sign = { .method = "POST",
                                           .path = path,
                                           .query = "",
                                           .headers = lines.items,
                                           .body = r->body,
                                           .body_len = strlen(r->body) };
    if (sigv4_authorization(&authorization, &to_sign, &scope, k, e) < 0)
        return -1;
    add_line(&lines, "", authorization.data);
    for (size_t i = 0; i < lines.n; i++)
        if (sbuf_check(&lines.text[i], "a header of the request", e) < 0)
            return -1;
    const struct http_req req = {
        .method = "POST", .url = url, .headers = lines.items, .body = r->body, .timeout_ms = REQUEST_MS
    };
    c->http->once = r->action->repeat == AWS_ONCE;
    int rc = http_send(c->http, &req, ret, e);
    c->http->once = false;
    return rc;
}
