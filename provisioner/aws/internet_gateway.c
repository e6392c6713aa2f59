#include "aws/act.h"
#include "aws/kinds.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

static bool attached(const struct run *r, const struct aws *a, const json_t *gateway)
{
    return gateway && strcmp(jsonx_str(gateway, "attachmentSet.0.vpcId"), aws_id(r, a, AWS_VPC)) == 0;
}

int aws_internet_gateway_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *gateway = NULL;

    if (r->spec->aws.subnet)
        return 1;
    int found = aws_find(r, a, AWS_INTERNET_GATEWAY, &gateway, e);
    return found <= 0 ? found : attached(r, a, gateway);
}

int aws_internet_gateway_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_AWS_QUERY struct aws_query make = AWS_QUERY_INIT, attach = AWS_QUERY_INIT;

    aws_add_tags(&make, 1, "internet-gateway", r, a, "internet-gateway", a->caller);
    if (!aws_object(r, a, AWS_INTERNET_GATEWAY) &&
        aws_make(r, a, AWS_INTERNET_GATEWAY, "CreateInternetGateway", &make, "internetGateway", e) < 0)
        return -1;
    aws_query_add(&attach, "InternetGatewayId", aws_id(r, a, AWS_INTERNET_GATEWAY));
    aws_query_add(&attach, "VpcId", aws_id(r, a, AWS_VPC));
    return aws_act(r, a, "AttachInternetGateway", &attach, e);
}

static int detach(struct run *r, struct aws *a, const char *id, const char *vpc, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *what = xasprintf("internet-gateway '%s' of '%s'", id, vpc);

    aws_query_add(&q, "InternetGatewayId", id);
    aws_query_add(&q, "VpcId", vpc);
    return aws_undo(r, a, what, "DetachInternetGateway", &q, e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(object, "attachmentSet"), i, row)
        if (detach(r, a, id, jsonx_str(row, "vpcId"), e) < 0)
            return -1;
    return aws_delete(r, a, AWS_INTERNET_GATEWAY, id, "DeleteInternetGateway", "InternetGatewayId", e);
}

int aws_internet_gateway_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_INTERNET_GATEWAY, delete_one, e);
}
