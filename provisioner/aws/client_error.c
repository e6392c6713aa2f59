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

static void fill(const struct aws_client *c, const char *text, struct sbuf *out)
{
    static const char region[] = "REGION", source[] = "SOURCE";

    while (*text) {
        if (strncmp(text, region, sizeof(region) - 1) == 0) {
            sbuf_addstr(out, c->region);
            text += sizeof(region) - 1;
        } else if (strncmp(text, source, sizeof(source) - 1) == 0) {
            sbuf_addstr(out, c->source);
            text += sizeof(source) - 1;
        } else {
            sbuf_addch(out, *text++);
        }
    }
}

static void say(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                const struct aws_code *row, struct sbuf *out)
{
    char text[SAYS_MAX];

    if (aws_client_skewed(c, a, text, sizeof(text))) {
        sbuf_addf(out, "this host's clock is %s AWS's", text);

    } else if (row && row->class == AWS_CLASS_RIGHTS && !row->says) {
        say_rights(c, r, a->message, text);
        sbuf_addstr(out, text);
    } else if (row && row->says) {

        fill(c, row->says, out);
    } else if (!a->failure.code[0]) {
        sbuf_addf(out, "HTTP %d, without a code of AWS", a->failure.status);
    }
}

static void advise(const struct aws_client *c, const struct aws_attempt *a, const struct aws_code *row, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(sizeof(e->hint));
    char skew[64];

    if (aws_client_skewed(c, a, skew, sizeof(skew)))
        sbuf_addstr(&text, "set it: `timedatectl set-ntp true`");
    else if (row && row->class == AWS_CLASS_RIGHTS && !row->says && strstr(a->message, "explicit deny"))
        sbuf_addstr(&text, "a policy of the account or organization forbids it; ask those who administer it");
    else if (row && row->remedy)
        fill(c, row->remedy, &text);
    else if (!a->failure.code[0])
        sbuf_addstr(&text, "it may be a proxy that answers; look at https_proxy and AWS_ENDPOINT_URL");
    (void)err_hint(e, "%s", text.data);
}

/* What the caller should know besides. */
static void add_rest(const struct aws_attempt *a, struct sbuf *out)
{
    if (a->failure.request_id[0])
        sbuf_addf(out, " (request %s)", a->failure.request_id);
    if (a->tries > 1)
        sbuf_addf(out, "; asked %d times", a->tries);
    if (a->again_ms >= 60000)
        sbuf_addf(out, "; AWS asks to wait %lld s", (long long)(a->again_ms / 1000));
    if (a->failure.ambiguous)
        sbuf_addstr(out, "; it may have been done all the same");
}

/* Unchanged and without a look: not what may make a second object. */
static bool retryable(const struct aws_request *r, const struct aws_attempt *a)
{
    return (a->failure.class == AWS_CLASS_THROTTLED || a->failure.class == AWS_CLASS_TRANSIENT) &&
           !(a->failure.ambiguous && r->action->repeat == AWS_ONCE);
}

/* For `aws sts decode-authorization-message`: long, and in the log. */
static size_t readable(const char *message)
{
    const char *encoded = strstr(message, " Encoded authorization failure message:");
    size_t len = encoded ? (size_t)(encoded - message) : strlen(message);

    while (len && message[len - 1] == '.')
        len--;
    return len;
}

/* No answer, or one that cannot be read: the lower layer has said why. */
static int explain_broken(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                          struct err *e)
{
    AUTO_SBUF struct sbuf rest = SBUF_INIT(256);
    size_t n;

    *e = a->e;
    if (e->code == ERR_NET && !*e->hint)
        (void)err_hint(e, "look at this host's network and its proxy settings, and whether '%s' is a region",
                       c->region);
    (void)err_wrap(e, "%s in '%s'", r->action->name, c->region);
    add_rest(a, &rest);
    n = strlen(e->msg);
    (void)snprintf(e->msg + n, sizeof(e->msg) - n, "%s", rest.data);
    return -1;
}

static int explain_answer(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                          struct err *e)
{
    const struct aws_code *row = aws_code_find(a->failure.code);
    AUTO_SBUF struct sbuf text = SBUF_INIT(sizeof(e->msg));
    size_t len = readable(a->message);

    say(c, r, a, row, &text);
    if (a->failure.code[0])
        sbuf_addf(&text, "%s%s", text.len ? ": " : "", a->failure.code);
    if (len)
        sbuf_addf(&text, ": %.*s", (int)len, a->message);
    add_rest(a, &text);
    (void)err_set(e, aws_class_err(a->failure.class), "%s in '%s': %s", r->action->name, c->region, text.data);
    advise(c, a, row, e);
    return -1;
}

int aws_client_explain(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                       struct err *e)
{
    int rc = a->e.code ? explain_broken(c, r, a, e) : explain_answer(c, r, a, e);

    e->retryable = retryable(r, a);
    return rc;
}
