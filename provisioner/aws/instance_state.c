#include "aws/instance_state.h"
#include "aws/facts.h"
#include "aws/inventory.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

int aws_instance_known(const struct run *r, const char **ret, struct err *e)
{
    *ret = r->journal ? journal_str(r->journal, AWS_FACT_INSTANCE) : "";
    if (**ret)
        return 0;
    (void)err_set(e, ERR_USAGE, "deployment '%s' has no instance yet", r->spec->name);
    return err_hint(e, "`slipway bootstrap` makes it");
}

void aws_instance_say(const json_t *instance, char why[static 256])
{
    const char *state = jsonx_str(instance, "instanceState.name");

    (void)snprintf(why, 256, "%.100s", *state ? state : "not visible yet");
}

int aws_instance_runs(const json_t *instance, struct err *e)
{
    const char *state = jsonx_str(instance, "instanceState.name"), *id = jsonx_str(instance, "instanceId");

    if (strcmp(state, "running") == 0)
        return 1;
    if (!*state || strcmp(state, "pending") == 0)
        return 0;
    const char *reason = jsonx_str(instance, "stateReason.message");
    const struct aws_code *code = aws_code_find(jsonx_str(instance, "stateReason.code"));
    (void)err_set(e, code ? aws_class_err(code->class) : ERR_REMOTE, "instance '%s' is %s%s%s", id, state,
                  *reason ? ": " : "", reason);
    if (strncmp(state, "stop", 4) == 0)
        return err_hint(e, "`slipway bootstrap` starts it");
    return err_hint(e, "`slipway bootstrap` makes a new one; what was on this one is lost");
}

struct awaited {
    struct aws *aws;
    const char *id;
    aws_instance_judge *judge;
};

static int look(void *ctx, char why[static 256], struct err *e)
{
    const struct awaited *w = ctx;
    AUTO_JSON json_t *instance = NULL;

    if (aws_by_id(w->aws, AWS_INSTANCE, w->id, &instance, e) < 0)
        return -1;
    aws_instance_say(instance, why);
    return w->judge(instance, e);
}

int aws_instance_await(struct run *r, struct aws *a, const char *id, const struct wait *w, aws_instance_judge *judge,
                       struct err *e)
{
    struct awaited ctx = { a, id, judge };

    return wait_for(w, r->clock, r->ui, look, &ctx, e);
}
