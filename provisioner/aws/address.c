#include "aws/act.h"
#include "aws/facts.h"
#include "aws/kinds.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "step/journal.h"
#include <string.h>

/* Commands that only connect know the address from the journal. */
static int remember_ip(struct run *r, const struct aws *a, struct err *e)
{
    const char *ip = jsonx_str(aws_object(r, a, AWS_ADDRESS), "publicIp");

    return strcmp(journal_str(r->journal, AWS_FACT_IP), ip) == 0
               ? 0
               : journal_set(r->journal, AWS_FACT_IP, json_string(ip), e);
}

int aws_address_find(struct run *r, struct provider *p, struct err *e)
{
    const json_t *address = NULL;
    int found = aws_find(r, aws_of(p), AWS_ADDRESS, &address, e);

    return found <= 0 ? found : remember_ip(r, aws_of(p), e) < 0 ? -1 : 1;
}

int aws_address_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    /* A second one beside it would cost money without an owner. */
    if (aws_untagged(r, a, AWS_ADDRESS, ERR_CONFLICT, e) < 0)
        return -1;
    aws_query_add(&q, "Domain", "vpc");
    aws_add_tags(&q, 1, "elastic-ip", r, a, "address", a->caller);
    if (aws_make(r, a, AWS_ADDRESS, "AllocateAddress", &q, "", e) < 0)
        return -1;
    return remember_ip(r, a, e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *what = xasprintf("association of address '%s'", id);
    const char *association = jsonx_str(object, "associationId");

    aws_query_add(&q, "AssociationId", association);
    if (*association && aws_undo(r, a, what, "DisassociateAddress", &q, e) < 0)
        return -1;
    return aws_delete(r, a, AWS_ADDRESS, id, "ReleaseAddress", "AllocationId", e);
}

int aws_address_destroy(struct run *r, struct provider *p, struct err *e)
{
    if (aws_each(r, aws_of(p), AWS_ADDRESS, delete_one, e) < 0)
        return -1;
    return aws_untagged(r, aws_of(p), AWS_ADDRESS, ERR_LEFTOVER, e);
}
