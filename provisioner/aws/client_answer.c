#include <stdlib.h>
#include <string.h>

#include "aws/client_internal.h"
#include "aws/xml.h"
#include "core/jsonx.h"
#include "core/util.h"

enum { LOGGED_MAX = 64 << 10, FOREIGN_MAX = 160 };

static void set(char *ret, size_t size, const char *text)
{
    (void)snprintf(ret, size, "%s", text);
}

static void read_times(const struct aws_client *c, const struct http_resp *resp, struct aws_attempt *a)
{
    char text[64];

    a->date_ms = http_header_time(resp, "Date");
    a->again_ms = -1;
    http_header(resp, "Retry-After", text, sizeof(text));
    if (!*text)
        return;
    if (strspn(text, "0123456789") == strlen(text)) {
        a->again_ms = strlen(text) > 9 ? INT64_MAX / 2 : strtoll(text, NULL, 10) * 1000;
        return;
    }
    int64_t at = http_header_time(resp, "Retry-After");
    int64_t now = a->date_ms >= 0 ? a->date_ms : c->clock->wall_ms(c->clock);
    if (at >= 0)
        a->again_ms = at > now ? at - now : 0;
}

static const char *first_of(const json_t *body, const char *const *names, size_t n)
{
    const char *found = "";

    for (size_t i = 0; !*found && i < n; i++)
        found = aws_xml_any(body, names[i]);
    return found;
}

static void read_ids(const struct http_resp *resp, const json_t *body, struct aws_attempt *a)
{
    static const char *const names[] = { "RequestID", "RequestId", "requestId" };
    static const char *const headers[] = { "x-amzn-RequestId", "x-amz-request-id" };

    set(a->failure.request_id, sizeof(a->failure.request_id), first_of(body, names, ARRAY_LEN(names)));
    for (size_t i = 0; !a->failure.request_id[0] && i < ARRAY_LEN(headers); i++)
        http_header(resp, headers[i], a->failure.request_id, sizeof(a->failure.request_id));
}

/* The "Code" of XML, at any depth; of JSON "com.amazonaws.ssm#ParameterNotFound", or "ParameterNotFound:http://..."
 * in a header. Source: Smithy, "AWS JSON 1.1 protocol", operation error serialization. */
static void read_code(const struct http_resp *resp, const json_t *body, struct aws_attempt *a)
{
    static const char *const codes[] = { "Code", "__type", "code" };
    static const char *const messages[] = { "Message", "message" };
    char header[192];
    const char *code = first_of(body, codes, ARRAY_LEN(codes));

    if (!*code) {
        http_header(resp, "x-amzn-ErrorType", header, sizeof(header));
        code = header;
    }
    const char *hash = strrchr(code, '#');
    if (hash)
        code = hash + 1;
    (void)snprintf(a->failure.code, sizeof(a->failure.code), "%.*s", (int)strcspn(code, ": \t\r\n"), code);
    const char *message = first_of(body, messages, ARRAY_LEN(messages));
    bool foreign = !a->failure.code[0]; /* a proxy's own words */
    if (foreign)
        message = resp->body.data;
    message += strspn(message, " \t\r\n");
    int len = (int)strcspn(message, "\r\n");
    (void)snprintf(a->message, sizeof(a->message), "%.*s", foreign && len > FOREIGN_MAX ? FOREIGN_MAX : len, message);
}

static enum aws_class class_of(const struct aws_failure *f)
{
    const struct aws_code *row = aws_code_find(f->code);

    if (row)
        return row->class;
    if (f->status == 429)
        return AWS_CLASS_THROTTLED;
    if (f->status >= 500 || f->status == 408)
        return AWS_CLASS_TRANSIENT;
    return f->status == 407 ? AWS_CLASS_RIGHTS : AWS_CLASS_OTHER;
}

static json_t *parse(const struct aws_request *r, const struct http_resp *resp, struct err *e)
{
    const char *what = r->action->name;

    /* Errors may come in the other protocol's form: from gateways in front of a service. */
    const char *begin = resp->body.data + strspn(resp->body.data, " \t\r\n");
    if (r->action->protocol == AWS_JSON ? *begin != '<' : *begin == '{')
        return jsonx_parse(resp->body.data, resp->body.len, what, e);
    return aws_xml_parse(resp->body.data, resp->body.len, what, e);
}

/* Any XML with status 200 would else be an answer in which nothing is: of a proxy, or of another service. */
static int check_kind(const struct aws_request *r, const struct http_resp *resp, struct err *e)
{
    const char *begin = resp->body.data + strspn(resp->body.data, " \t\r\n");
    char root[128] = "", wanted[128];

    if (r->action->protocol == AWS_JSON && *begin == '{')
        return 0;
    (void)snprintf(wanted, sizeof(wanted), "%sResponse", aws_action_wire(r->action));
    if (*begin == '<')
        aws_xml_root(begin, root);
    if (r->action->protocol == AWS_QUERY && strcmp(root, wanted) == 0)
        return 0;
    (void)err_set(e, ERR_REMOTE, "this is not AWS's answer (it begins '%.40s')", begin);
    return err_hint(e, "is there a proxy in between, or another service at AWS_ENDPOINT_URL?");
}

int aws_client_read(const struct aws_client *c, const struct aws_request *r, const struct http_resp *resp,
                    struct aws_attempt *a)
{
    bool mutates = r->action->repeat != AWS_READ, done = resp->status >= 200 && resp->status < 300;
    struct err broken = ERR_INIT;
    AUTO_JSON json_t *body = parse(r, resp, &broken);

    a->failure.status = resp->status;
    read_times(c, resp, a);
    read_ids(resp, body, a);
    ui_debug(c->ui, "%s in %s: HTTP %d, request %s", r->action->name, c->region, resp->status, a->failure.request_id);
    if (done && json_is_object(body) && check_kind(r, resp, &broken) == 0) {
        a->reply = TAKE_PTR(body);
        return 0;
    }
    ui_debug(c->ui, "%s: the answer: %.*s", r->action->name, LOGGED_MAX, resp->body.data);
    if (done) { /* cut off on the way */
        a->failure.class = AWS_CLASS_TRANSIENT;
        a->failure.ambiguous = mutates;
        a->e = broken;
        if (!a->e.code)
            (void)err_set(&a->e, ERR_REMOTE, "%s: not an object", r->action->name);
        return -1;
    }
    read_code(resp, body, a);
    a->failure.class = class_of(&a->failure);
    a->failure.ambiguous = mutates && a->failure.class == AWS_CLASS_TRANSIENT && resp->status >= 500;
    return -1;
}
