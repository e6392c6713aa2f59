#include "aws/act.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

enum { TRIES = 3, IN_USE_EVERY_MS = 1000, IN_USE_MS = 5000 };

void aws_add_tags(struct aws_query *q, int n, const char *resource_type, const struct run *r, const struct aws *a,
                  const char *kind, const char *creator)
{
    AUTO_FREE char *name = xasprintf("slipway-%s", r->spec->name);
    const char *const tags[][2] = {
        { "Name", name },       { AWS_TAG_DEPLOYMENT, r->spec->name }, { AWS_TAG_TOKEN, a->token },
        { AWS_TAG_KIND, kind }, { AWS_TAG_CREATOR, creator },
    };

    aws_query_addf(q, resource_type, "TagSpecification.%d.ResourceType", n);
    for (int i = 0; i < (int)ARRAY_LEN(tags); i++) {
        aws_query_addf(q, tags[i][0], "TagSpecification.%d.Tag.%d.Key", n, i + 1);
        aws_query_addf(q, tags[i][1], "TagSpecification.%d.Tag.%d.Value", n, i + 1);
    }
}

int aws_change(struct run *r, struct aws *a, const char *action, const struct aws_query *q, json_t **reply,
               struct err *e)
{
    int rc = aws_call(a->client, action, q, AWS_FRESH, reply, e);

    if (rc < 0 && aws_client_failure(a->client)->class == AWS_CLASS_ABSENT)
        aws_forget(r, a);
    return rc;
}

/* 1: it was made after all. */
static int made_after_all(struct run *r, struct aws *a, enum aws_kind_id kind, struct err *e)
{
    int there = aws_await(r, a, kind, r->clock->mono_ms(r->clock) + aws_settle_ms(), e);

    return there <= 0 ? there : aws_made(r, a, kind, aws_object(r, a, kind), e) < 0 ? -1 : 1;
}

int aws_make(struct run *r, struct aws *a, enum aws_kind_id kind, const char *action, const struct aws_query *q,
             const char *path, struct err *e)
{
    for (int i = 1;; i++) {
        AUTO_JSON json_t *reply = NULL;
        if (aws_change(r, a, action, q, &reply, e) == 0)
            return aws_made(r, a, kind, *path ? jsonx_get(reply, path) : reply, e);
        const struct aws_failure *f = aws_client_failure(a->client);
        if (f->ambiguous)
            aws_interrupted(r, a);
        if ((!f->ambiguous && f->class != AWS_CLASS_EXISTS) || i == TRIES)
            return -1;
        ui_debug(r->ui, "%s: looking whether it was made: %s", action, e->msg);
        struct err lost = ERR_INIT;
        int found = made_after_all(r, a, kind, &lost);
        if (found) {
            *e = lost;
            return found < 0 ? -1 : 0;
        }
    }
}

int aws_act(struct run *r, struct aws *a, const char *action, const struct aws_query *q, struct err *e)
{
    if (aws_change(r, a, action, q, NULL, e) == 0)
        return 0;
    if (aws_client_failure(a->client)->class != AWS_CLASS_EXISTS)
        return -1;
    err_clear(e);
    return 0;
}

struct undo {
    struct aws *aws;
    const char *action;
    const struct aws_query *query;
};

static int try_undo(void *ctx, char why[static 256], struct err *e)
{
    struct undo *u = ctx;

    if (aws_call(u->aws->client, u->action, u->query, 0, NULL, e) == 0)
        return 1;
    enum aws_class class = aws_client_failure(u->aws->client)->class;
    if (class != AWS_CLASS_ABSENT && class != AWS_CLASS_DEPENDENCY)
        return -1;
    if (class == AWS_CLASS_DEPENDENCY && u->aws->kept)
        return -1;
    (void)snprintf(why, 256, "%.255s", e->msg);
    err_clear(e);
    return class == AWS_CLASS_ABSENT;
}

int aws_undo(struct run *r, struct aws *a, const char *what, const char *action, const struct aws_query *q,
             struct err *e)
{
    struct undo u = { a, action, q };
    int64_t last = phases_deadline_ms(r->phases, PHASE_TEARDOWN, r->spec->timeouts);
    int64_t soon = r->clock->mono_ms(r->clock) + IN_USE_MS;
    const struct wait w = { what, soon < last ? soon : last, IN_USE_EVERY_MS };

    if (wait_for(&w, r->clock, r->ui, try_undo, &u, e) == 0)
        return 0;
    e->retryable = e->code == ERR_TIMEOUT && soon < last;
    return -1;
}

int aws_each(struct run *r, struct aws *a, enum aws_kind_id kind,
             int (*one)(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e),
             struct err *e)
{
    size_t i;
    json_t *object;

    if (aws_identity(r, a, e) < 0 || aws_look(r, a, kind, e) < 0)
        return -1;
    json_array_foreach (a->seen[kind], i, object) {
        const char *id = jsonx_str(object, aws_kind_table[kind].id);
        if (one(r, a, object, id, e) < 0)
            return -1;
        /* The instance's id goes with its keys and its request; see instance.c. */
        if (kind != AWS_INSTANCE && aws_unremember(r, kind, e) < 0)
            return -1;
        provider_removed(r, aws_kind_table[kind].name, id);
    }
    return 0;
}

int aws_delete(struct run *r, struct aws *a, enum aws_kind_id kind, const char *id, const char *action, const char *key,
               struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *what = xasprintf("%s '%s'", aws_kind_table[kind].name, id);

    aws_query_add(&q, key, id);
    return aws_undo(r, a, what, action, &q, e);
}
