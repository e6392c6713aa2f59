#include "aws/act.h"
#include "aws/kinds.h"
#include "core/jsonx.h"
#include "spec/spec.h"
#include <string.h>

int aws_vpc_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *vpc;

    if (r->spec->aws.subnet)
        return 1;
    int found = aws_find(r, a, AWS_VPC, &vpc, e);
    if (found > 0 && strcmp(jsonx_str(vpc, "cidrBlock"), r->spec->aws.cidr) != 0)
        ui_warn(r->ui, "the network is %s, and the spec asks for %s: slipway does not change the range of a network",
                jsonx_str(vpc, "cidrBlock"), r->spec->aws.cidr);
    return found;
}

int aws_vpc_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    aws_query_add(&q, "CidrBlock", r->spec->aws.cidr);
    aws_add_tags(&q, 1, "vpc", r, a, "vpc", a->caller);
    return aws_make(r, a, AWS_VPC, "CreateVpc", &q, "vpc", e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_VPC, id, "DeleteVpc", "VpcId", e);
}

int aws_vpc_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_VPC, delete_one, e);
}
