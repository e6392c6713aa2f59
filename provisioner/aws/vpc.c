#include "aws/act.h"
#include "aws/kinds.h"
#include "spec/spec.h"

int aws_vpc_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *vpc;

    return r->spec->aws.subnet ? 1 : aws_find(r, a, AWS_VPC, &vpc, e);
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
