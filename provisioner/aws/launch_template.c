/* The mark of a deployment in the account. Nothing is launched from it: it is made first and removed last because its
 * name is one that EC2 gives only once, at once and for sure, where what Describe shows may lag behind. A run with an
 * empty journal that is refused the name knows that another one was here, and looks until it sees what that one made.
 */
#include "aws/act.h"
#include "aws/choice.h"
#include "aws/client_token.h"
#include "aws/facts.h"
#include "aws/kinds.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <string.h>

#define STEP         "provider/launch-template"
#define FACT_REQUEST "aws.launch-template.request"

/* With a journal that knows nothing, what stands there already says whether this is a first run or a lost state. */
static int survey(struct run *r, struct aws *a, struct err *e)
{
    for (int kind = 0; kind <= AWS_INSTANCE; kind++) {
        if (aws_look(r, a, (enum aws_kind_id)kind, e) < 0)
            return -1;
        a->doubt = a->doubt || json_array_size(a->seen[kind]);
    }
    return aws_remember_account(r, a, e);
}

/* A machine does not move to another network, and one that is made for nothing costs nothing but trust. */
static int same_network(struct run *r, struct err *e)
{
    const char *subnet = r->spec->aws.subnet ? r->spec->aws.subnet : "own";
    const char *group = r->spec->aws.security_group ? r->spec->aws.security_group : "own";
    AUTO_FREE char *now = xasprintf("%s %s", subnet, group);
    const char *before = journal_str(r->journal, AWS_FACT_NETWORK);

    if (!*before)
        return journal_set(r->journal, AWS_FACT_NETWORK, json_string(now), e);
    if (strcmp(before, now) == 0)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "deployment '%s' was made with subnet and security group '%s', the spec says '%s'",
                  r->spec->name, before, now);
    return err_hint(e, "write provider.aws.subnet and security_group as they were, or `slipway teardown` first");
}

int aws_launch_template_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);

    if (same_network(r, e) < 0 || aws_identity(r, a, e) < 0 || (a->fresh && survey(r, a, e) < 0))
        return -1;
    if (journal_mark(r->journal, STEP) == JOURNAL_DONE)
        return 1;
    /* What cannot be had is said before anything is made. */
    return aws_choose(r, a, e);
}

int aws_launch_template_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *name = xasprintf("slipway-%s-%s", r->spec->name, a->token);
    char token[AWS_CLIENT_TOKEN];

    aws_client_token(token);
    if (!journal_get(r->journal, FACT_REQUEST) &&
        journal_set(r->journal, FACT_REQUEST, json_pack("{s:s, s:s}", "token", token, "creator", a->caller), e) < 0)
        return -1;
    const json_t *frozen = journal_get(r->journal, FACT_REQUEST);
    aws_query_add(&q, "ClientToken", jsonx_str(frozen, "token"));
    aws_query_add(&q, "LaunchTemplateName", name);
    aws_query_add(&q, "LaunchTemplateData.MetadataOptions.HttpTokens", "required");
    aws_add_tags(&q, 1, "launch-template", r, a, "launch-template", jsonx_str(frozen, "creator"));
    if (aws_call(a->client, "CreateLaunchTemplate", &q, 0, NULL, e) == 0)
        return 0;
    if (aws_client_failure(a->client)->class != AWS_CLASS_EXISTS)
        return -1;
    ui_debug(r->ui, "%s: an earlier run was here", e->msg);
    err_clear(e);
    a->doubt = true;
    aws_interrupted(r, a);
    return 0;
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_LAUNCH_TEMPLATE, id, "DeleteLaunchTemplate", "LaunchTemplateId", e);
}

int aws_launch_template_destroy(struct run *r, struct provider *p, struct err *e)
{
    if (aws_of(p)->stays)
        return err_set(e, ERR_LEFTOVER, "it stays as long as the instance does");
    if (aws_each(r, aws_of(p), AWS_LAUNCH_TEMPLATE, delete_one, e) < 0)
        return -1;
    return journal_set(r->journal, FACT_REQUEST, json_null(), e);
}
