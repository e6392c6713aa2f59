#include "aws/console.h"
#include "aws/instance_state.h"
#include "core/base64.h"
#include "core/jsonx.h"
#include "core/util.h"
#include <string.h>

enum { CONSOLE_MAX = 128 << 10 };

/* EC2 wraps its base64 in lines. */
static int decode(const char *wrapped, struct sbuf *text, struct err *e)
{
    AUTO_SBUF struct sbuf bare = SBUF_INIT((size_t)2 * CONSOLE_MAX);

    for (const char *p = wrapped; *p; p++)
        if (!strchr(" \t\r\n", *p))
            sbuf_addch(&bare, *p);
    return base64_decode(text, bare.data, bare.len, e);
}

static int ask(struct aws *a, const char *id, bool latest, json_t **ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    aws_query_add(&q, "InstanceId", id);
    if (latest)
        aws_query_add(&q, "Latest", "true");
    return aws_call(a->client, "GetConsoleOutput", &q, 0, ret, e);
}

int aws_console(struct run *r, struct provider *p, struct sbuf *out, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_JSON json_t *reply = NULL;
    AUTO_SBUF struct sbuf text = SBUF_INIT(CONSOLE_MAX);
    const char *id;

    if (aws_instance_known(r, &id, e) < 0)
        return -1;
    /* Older types know only what was there at the last change of state. */
    if (ask(a, id, true, &reply, e) < 0) {
        if (strcmp(aws_client_failure(a->client)->code, "UnsupportedOperation") != 0)
            return -1;
        err_clear(e);
        if (ask(a, id, false, &reply, e) < 0)
            return -1;
    }
    if (decode(jsonx_str(reply, "output"), &text, e) < 0)
        return err_wrap(e, "console of '%s'", id);
    /* The newest part is what explains a failure. */
    size_t from = text.len >= out->max ? text.len - out->max + 1 : 0;
    sbuf_add(out, text.data + from, text.len - from);
    return 0;
}
