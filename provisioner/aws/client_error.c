#include <stdlib.h>
#include <string.h>

#include "aws/client_internal.h"
#include "core/util.h"

enum { SKEW_MS = 4 * 60 * 1000, SAYS_MAX = 512 };

bool aws_client_skewed(const struct aws_client *c, const struct aws_attempt *a, char *ret, size_t size)
{
    static const char *const codes[] = { "RequestExpired", "SignatureDoesNotMatch", "AuthFailure",
                                         "InvalidSignatureException", "RequestTimeTooSkewed" };
    bool may = false;

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        may = may || strcmp(a->failure.code, codes[i]) == 0;
    if (!may || a->date_ms < 0)
        return false;
    int64_t ahead = c->clock->wall_ms(c->clock) - a->date_ms;
    int64_t seconds = (ahead < 0 ? -ahead : ahead) / 1000;
    if (seconds * 1000 <= SKEW_MS)
        return false;
    const char *side = ahead < 0 ? "behind" : "ahead of";
    if (seconds < 3600)
        (void)snprintf(ret, size, "%lld min %lld s %s", (long long)(seconds / 60), (long long)(seconds % 60), side);
    else
        (void)snprintf(ret, size, "%lld h %lld min %s", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
                       side);
    return true;
}

/* The word after `mark` in AWS's sentence. */
static bool word_after(const char *text, const char *mark, char *ret, size_t size)
{
    const char *at = strstr(text, mark);

    if (!at)
        return false;
    at += strlen(mark);
    (void)snprintf(ret, size, "%.*s", (int)strcspn(at, " ,"), at);
    return *ret != '\0';
}

/* "User: arn:aws:iam::123456789012:user/x is not authorized to perform: ec2:RunInstances on resource: ..." */
static void say_rights(const struct aws_client *c, const struct aws_request *r, const char *message, char *ret)
{
    char caller[256], right[128];

    if (!word_after(message, "authorized to perform: ", right, sizeof(right)))
        (void)snprintf(right, sizeof(right), "%s:%s", r->action->service, aws_action_wire(r->action));
    if (word_after(message, "User: ", caller, sizeof(caller)))
        (void)snprintf(ret, SAYS_MAX, "'%s' lacks the right '%s'", caller, right);
    else
        (void)snprintf(ret, SAYS_MAX, "the credentials (%s) lack the right '%s'", c->source, right);
}

static void say(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                const struct aws_code *row, char *ret)
{
    const char *code = a->failure.code;

    ret[0] = '\0';
    if (row && row->class == AWS_CLASS_RIGHTS && !row->says)
        say_rights(c, r, a->message, ret);
    else if (row && row->class == AWS_CLASS_RIGHTS && *c->source)
        (void)snprintf(ret, SAYS_MAX, "%s (credentials: %s)", row->says, c->source);
    else if (row && row->says)
        (void)snprintf(ret, SAYS_MAX, "%s", row->says);
    else if (!*code)
        (void)snprintf(ret, SAYS_MAX, "HTTP %d", a->failure.status);
}

static void hint(const struct aws_client *c, const char *remedy, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(sizeof(e->hint));
    const char *mark;

    while ((mark = strstr(remedy, "REGION"))) {
        sbuf_add(&text, remedy, (size_t)(mark - remedy));
        sbuf_addstr(&text, c->region);
        remedy = mark + strlen("REGION");
    }
    sbuf_addstr(&text, remedy);
    (void)err_hint(e, "%s", text.data);
}

/* Unchanged and without a look: not what may make a second object. */
static bool retryable(const struct aws_request *r, const struct aws_attempt *a)
{
    return (a->failure.class == AWS_CLASS_THROTTLED || a->failure.class == AWS_CLASS_TRANSIENT) &&
           !(a->failure.ambiguous && r->action->repeat == AWS_ONCE);
}

/* No answer, or one that cannot be read: the lower layer has said why. */
static int explain_broken(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                          struct err *e)
{
    *e = a->e;
    e->retryable = retryable(r, a);
    (void)err_wrap(e, "%s in '%s'", r->action->name, c->region);
    if (a->failure.ambiguous) {
        size_t n = strlen(e->msg);
        (void)snprintf(e->msg + n, sizeof(e->msg) - n, "; it may have been done all the same");
    }
    return -1;
}

int aws_client_explain(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                       struct err *e)
{
    const struct aws_code *row = aws_code_find(a->failure.code);
    AUTO_SBUF struct sbuf text = SBUF_INIT(sizeof(e->msg));
    char says[SAYS_MAX], skew[64];
    bool skewed = aws_client_skewed(c, a, skew, sizeof(skew));

    if (a->e.code)
        return explain_broken(c, r, a, e);
    if (skewed)
        (void)snprintf(says, sizeof(says), "this host's clock is %s AWS's", skew);
    else
        say(c, r, a, row, says);
    sbuf_addstr(&text, says);
    if (a->failure.code[0])
        sbuf_addf(&text, "%s%s", *says ? ": " : "", a->failure.code);
    /* For `aws sts decode-authorization-message`: long, and in the log. */
    const char *encoded = strstr(a->message, " Encoded authorization failure message:");
    size_t len = encoded ? (size_t)(encoded - a->message) : strlen(a->message);
    while (len && a->message[len - 1] == '.')
        len--;
    if (len)
        sbuf_addf(&text, ": %.*s", (int)len, a->message);
    if (a->failure.request_id[0])
        sbuf_addf(&text, " (request %s)", a->failure.request_id);
    if (a->failure.ambiguous)
        sbuf_addstr(&text, "; it may have been done all the same");
    (void)err_set(e, aws_class_err(a->failure.class), "%s in '%s': %s", r->action->name, c->region, text.data);
    e->retryable = retryable(r, a);
    if (skewed)
        hint(c, "set it: `timedatectl set-ntp true`", e);
    else if (row && row->remedy)
        hint(c, row->remedy, e);
    return -1;
}
