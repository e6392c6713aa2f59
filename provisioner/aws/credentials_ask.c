#include "aws/credentials_source.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <ctype.h>
#include <string.h>

enum { TRIES = 4, FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 20000 };

static bool worth_another(int rc, const struct http_resp *resp, const struct err *e)
{
    return rc < 0 ? e->retryable : resp->status == 429 || resp->status >= 500;
}

static int64_t pause_ms(const struct http_resp *resp, int rc, int attempt)
{
    char hint[32] = "", *end = hint;
    int64_t ms = (int64_t)FIRST_PAUSE_MS << attempt;

    if (rc == 0)
        http_header(resp, "Retry-After", hint, sizeof(hint));
    long seconds = strtol(hint, &end, 10);
    if (end != hint && !*end && seconds >= 0)
        ms = seconds < LONGEST_PAUSE_MS / 1000 ? seconds * 1000 : LONGEST_PAUSE_MS;
    return ms;
}

int aws_ask(const struct aws_look *l, const struct http_req *req, const char *what, struct http_resp *ret,
            struct err *e)
{
    struct clock *clock = l->o->clock;

    for (int attempt = 0;; attempt++) {
        int rc = http_send(l->o->http, req, ret, e);
        if (attempt + 1 == TRIES || !worth_another(rc, ret, e))
            return rc < 0 ? err_wrap(e, "%s", what) : 0;
        if (rc < 0)
            ui_debug(l->o->ui, "%s: %s; again", what, e->msg);
        else
            ui_debug(l->o->ui, "%s: HTTP %d; again", what, ret->status);
        err_clear(e);
        if (clock->sleep_ms(clock, pause_ms(ret, rc, attempt), e) < 0)
            return -1;
    }
}

int aws_ask_refused(const struct http_resp *resp, const char *what, struct err *e)
{
    static const char *const keys[] = { "message", "Message", "error_description", "error" };
    AUTO_JSON json_t *object = json_loadb(resp->body.data, resp->body.len, 0, NULL);
    enum err_code code = resp->status == 429 || resp->status >= 500 ? ERR_REMOTE : ERR_AUTH;
    const char *message = "";

    for (size_t i = 0; i < ARRAY_LEN(keys) && !*message; i++)
        message = jsonx_str(object, keys[i]);
    return err_set(e, code, "%s: HTTP %d%s%.300s", what, resp->status, *message ? ": " : "", message);
}

json_t *aws_ask_json(const struct http_resp *resp, const char *what, struct err *e)
{
    json_t *object = json_loadb(resp->body.data, resp->body.len, 0, NULL);

    if (json_is_object(object))
        return object;
    json_decref(object);
    (void)err_set(e, ERR_REMOTE, "%s: the answer is not a JSON object", what);
    return NULL;
}

char *aws_ask_header(const struct aws_look *l, const char *name, const char *value, const char *what, struct err *e)
{
    ui_secret(l->o->ui, value);
    for (const char *c = value; *c; c++)
        if (iscntrl((unsigned char)*c)) {
            (void)err_set(e, ERR_AUTH, "%s holds a line break or another control character", what);
            return NULL;
        }
    return xasprintf("%s: %s", name, value);
}
