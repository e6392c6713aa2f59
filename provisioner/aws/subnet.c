#include "aws/subnet.h"
#include "aws/act.h"
#include "aws/kinds.h"
#include "aws/zone.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

enum { SUBNET_BITS = 24, SUBNET_CIDR = 32 };

const char *aws_subnet_id(const struct run *r, const struct aws *a)
{
    return r->spec->aws.subnet ? r->spec->aws.subnet : aws_id(r, a, AWS_SUBNET);
}

int aws_subnet_given(struct run *r, struct aws *a, const json_t **ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    if (!a->given_subnet) {
        AUTO_JSON json_t *rows = NULL;
        aws_query_add(&q, "SubnetId.1", r->spec->aws.subnet);
        if (aws_call_all(a->client, "DescribeSubnets", &q, "subnetSet", &rows, e) < 0)
            return err_wrap(e, "provider.aws.subnet '%s'", r->spec->aws.subnet);
        a->given_subnet = json_incref(json_array_get(rows, 0));
    }
    *ret = a->given_subnet;
    return *ret ? 0
                : err_set(e, ERR_SPEC, "provider.aws.subnet '%s' is not in this account and region",
                          r->spec->aws.subnet);
}

/* The subnet of ours in the current zone; one of another zone is what a move has left. */
static bool in_zone(const json_t *subnet, const char *zone)
{
    return subnet && strcmp(jsonx_str(subnet, "availabilityZone"), zone) == 0;
}

int aws_subnet_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *subnet = NULL;
    const char *zone;

    if (r->spec->aws.subnet)
        return aws_subnet_given(r, a, &subnet, e) < 0 ? -1 : 1;
    int found = aws_find_in(r, a, AWS_SUBNET, aws_id(r, a, AWS_VPC), &subnet, e);
    if (found <= 0)
        return found;
    /* Where a machine is, it stays: a journal that was lost, or a spec that was changed, would choose another zone. */
    if (aws_look_once(r, a, AWS_INSTANCE, e) < 0)
        return -1;
    if (aws_object(r, a, AWS_INSTANCE))
        return 1;
    return aws_zone(r, a, &zone, e) < 0 ? -1 : in_zone(subnet, zone);
}

/* The N-th /24 of the VPC's range: no two tries share one, since a range that is going away is taken. A range that is
 * no larger is the subnet's whole. */
static void subnet_cidr(const char *vpc, int index, char ret[static SUBNET_CIDR])
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    int bits = 0;

    (void)sscanf(vpc, "%3u.%3u.%3u.%3u/%2d", &a, &b, &c, &d, &bits);
    if (bits < SUBNET_BITS)
        c += (unsigned)index % (1U << (SUBNET_BITS - bits));
    (void)snprintf(ret, SUBNET_CIDR, "%u.%u.%u.%u/%d", a, b, c & 255U, d, SUBNET_BITS);
}

static int make(struct run *r, struct aws *a, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    char cidr[SUBNET_CIDR];
    const char *zone;

    if (aws_zone(r, a, &zone, e) < 0)
        return -1;
    subnet_cidr(r->spec->aws.cidr, aws_zone_index(r), cidr);
    aws_query_add(&q, "VpcId", aws_id(r, a, AWS_VPC));
    aws_query_add(&q, "CidrBlock", cidr);
    aws_query_add(&q, "AvailabilityZone", zone);
    aws_add_tags(&q, 1, "subnet", r, a, "subnet", a->caller);
    return aws_make(r, a, AWS_SUBNET, "CreateSubnet", &q, "subnet", e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_SUBNET, id, "DeleteSubnet", "SubnetId", e);
}

int aws_subnet_move(struct run *r, struct aws *a, struct err *e)
{
    if (aws_each(r, a, AWS_SUBNET, delete_one, e) < 0)
        return -1;
    json_array_clear(a->seen[AWS_SUBNET]);
    return make(r, a, e);
}

int aws_subnet_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);

    return json_array_size(a->seen[AWS_SUBNET]) ? aws_subnet_move(r, a, e) : make(r, a, e);
}

int aws_subnet_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_SUBNET, delete_one, e);
}
