#include <string.h>

#include "aws/client_internal.h"
#include "aws/settle.h"
#include "core/rng.h"
#include "core/util.h"

enum { ATTEMPTS_MAX = 8, BUDGET_MS = 60000, BASE_MS = 500, CEILING_MS = 16000 };

static int attempt(struct aws_client *c, const struct aws_request *r, struct aws_attempt *a)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(8 << 20);

    *a = (struct aws_attempt){ .date_ms = -1, .again_ms = -1, .e = ERR_INIT };
    if (aws_client_send(c, r, &resp, &a->e) == 0)
        return aws_client_read(c, r, &resp, a);
    a->failure.class = a->e.code == ERR_NET    ? AWS_CLASS_TRANSIENT
                       : a->e.code == ERR_AUTH ? AWS_CLASS_RIGHTS
                                               : AWS_CLASS_OTHER;
    a->failure.ambiguous = resp.sent && r->action->repeat != AWS_READ;
    return -1;
}

/* Exponential back-off with full jitter: many clients that fail together do not come back together. */
static int64_t jitter(int tries)
{
    int64_t most = (int64_t)BASE_MS << (tries - 1);
    uint64_t any;

    rng_bytes(&any, sizeof(any));
    if (most > CEILING_MS)
        most = CEILING_MS;
    return (int64_t)(any % (uint64_t)(most + 1));
}

/* How long until the next attempt; -1: there is none. */
static int64_t next_in(const struct aws_request *r, const struct aws_attempt *a, int tries, int64_t spent_ms)
{
    enum aws_class class = a->failure.class;
    bool again = class == AWS_CLASS_THROTTLED || class == AWS_CLASS_TRANSIENT ||
                 (class == AWS_CLASS_ABSENT && (r->flags & AWS_FRESH));

    if (!again || (r->flags & AWS_NO_RETRY) || tries == ATTEMPTS_MAX)
        return -1;
    if (a->failure.ambiguous && r->action->repeat == AWS_ONCE)
        return -1;
    int64_t pause = a->again_ms >= 0 ? a->again_ms : jitter(tries);
    return spent_ms + pause < (class == AWS_CLASS_ABSENT ? aws_settle_ms() : BUDGET_MS) ? pause : -1;
}

static int pause_for(struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a, int64_t ms,
                     struct err *e)
{
    struct clock *clock = c->clock;
    int64_t begin = clock->mono_ms(clock);

    ui_note(c->ui, "%s: %s, again in %.1f s", r->action->name,
            a->failure.code[0]  ? a->failure.code
            : a->failure.status ? "the answer cannot be read"
                                : a->e.msg,
            (double)ms / 1000);
    int rc = clock->sleep_ms(clock, ms, e);
    clock->waited_ms += clock->mono_ms(clock) - begin;
    return rc < 0 ? err_wrap(e, "%s", r->action->name) : 0;
}

/* Once: a new look at the credentials' source. */
static bool renewed(struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a, bool *before)
{
    static const char *const codes[] = { "ExpiredToken", "ExpiredTokenException", "RequestExpired" };
    char skew[64];

    if (*before || (r->flags & AWS_NO_RETRY) || aws_client_skewed(c, a, skew, sizeof(skew)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(a->failure.code, codes[i]) == 0)
            return *before = aws_chain_expire(c->chain);
    return false;
}

static int accept(const struct aws_request *r, struct aws_attempt *a, json_t **reply, struct err *e)
{
    AUTO_JSON json_t *got = a->reply ? a->reply : json_object();

    if ((r->flags & AWS_DRY_RUN) && a->reply && r->action->repeat != AWS_READ)
        return err_set(e, ERR_REMOTE, "%s was done, although only a dry run was asked for", r->action->name);
    if (reply)
        *reply = TAKE_PTR(got);
    return 0;
}

int aws_client_exchange(struct aws_client *c, const struct aws_request *r, json_t **reply, struct err *e)
{
    struct clock *clock = c->clock;
    int64_t begin = clock->mono_ms(clock), pause;
    struct aws_attempt a;
    bool renewed_before = false;

    for (int tries = 1;; tries++) {
        int rc = attempt(c, r, &a);
        a.tries = tries;
        if (rc == 0)
            return accept(r, &a, reply, e);
        if (a.failure.class == AWS_CLASS_DRY_RUN && (r->flags & AWS_DRY_RUN))
            return accept(r, &a, reply, e);
        if (renewed(c, r, &a, &renewed_before))
            continue;
        pause = next_in(r, &a, tries, clock->mono_ms(clock) - begin);
        if (pause < 0)
            break;
        if (pause_for(c, r, &a, pause, e) < 0) {
            c->failure = a.failure;
            return -1;
        }
    }
    c->failure = a.failure;
    return aws_client_explain(c, r, &a, e);
}
