#include "aws/act.h"
#include "aws/instance_state.h"
#include "aws/kinds.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

enum { POLL_MS = 500 };

int aws_association_find(struct run *r, struct provider *p, struct err *e)
{
    const struct aws *a = aws_of(p);
    const char *holder = jsonx_str(aws_object(r, a, AWS_ADDRESS), "instanceId");

    (void)e;
    return *holder && strcmp(holder, aws_id(r, a, AWS_INSTANCE)) == 0;
}

int aws_association_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const char *id = aws_id(r, a, AWS_INSTANCE);
    AUTO_FREE char *name = xasprintf("instance '%s' running", id);
    const struct wait w = { name, phases_deadline_ms(r->phases, PHASE_MACHINE, r->spec->timeouts), POLL_MS };
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    /* An instance that is pending takes no address. */
    if (aws_instance_await(r, a, id, &w, aws_instance_runs, e) < 0)
        return -1;
    aws_query_add(&q, "AllocationId", aws_id(r, a, AWS_ADDRESS));
    aws_query_add(&q, "InstanceId", id);
    aws_query_add(&q, "AllowReassociation", "true"); /* ours by its tags, whatever it hung on before */
    return aws_act(r, a, "AssociateAddress", &q, e);
}
