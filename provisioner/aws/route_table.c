#include "aws/route_table.h"
#include "aws/act.h"
#include "aws/client_token.h"
#include "aws/kinds.h"
#include "aws/subnet.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <string.h>

#define EVERYWHERE "0.0.0.0/0"

/* Fact: the request, so that a repeat is the same byte for byte. */
#define FACT_REQUEST "aws.route-table.request"
#define FACT_TABLE   "aws.route-table"

static bool has_route(const json_t *table)
{
    size_t i;
    json_t *route;

    json_array_foreach (json_object_get(table, "routeSet"), i, route)
        if (strcmp(jsonx_str(route, "destinationCidrBlock"), EVERYWHERE) == 0)
            return true;
    return false;
}

static bool has_subnet(const json_t *table, const char *subnet)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(table, "associationSet"), i, row)
        if (strcmp(jsonx_str(row, "subnetId"), subnet) == 0)
            return true;
    return false;
}

int aws_route_table_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *table = NULL;

    if (r->spec->aws.subnet)
        return 1;
    int found = aws_find_in(r, a, AWS_ROUTE_TABLE, aws_id(r, a, AWS_VPC), &table, e);
    return found <= 0 ? found : has_route(table) && has_subnet(table, aws_subnet_id(r, a));
}

static int make_once(struct run *r, struct aws *a, struct err *e)
{
    const json_t *frozen = journal_get(r->journal, FACT_REQUEST);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *reply = NULL;

    aws_query_add(&q, "ClientToken", jsonx_str(frozen, "token"));
    aws_query_add(&q, "VpcId", jsonx_str(frozen, "vpc"));
    aws_add_tags(&q, 1, "route-table", r, a, "route-table", jsonx_str(frozen, "creator"));
    if (aws_change(r, a, "CreateRouteTable", &q, &reply, e) < 0)
        return -1;
    return aws_made(r, a, AWS_ROUTE_TABLE, json_object_get(reply, "routeTable"), e);
}

static int make(struct run *r, struct aws *a, struct err *e)
{
    const json_t *frozen = journal_get(r->journal, FACT_REQUEST);
    const char *vpc = aws_id(r, a, AWS_VPC), *made = journal_str(r->journal, FACT_TABLE);

    /* A token outlives its object: for one that was made and is gone it would be answered with that one. */
    if (!frozen || *made || strcmp(jsonx_str(frozen, "vpc"), vpc) != 0) {
        char token[AWS_CLIENT_TOKEN];
        aws_client_token(token);
        if (journal_set(r->journal, FACT_TABLE, json_null(), e) < 0 ||
            journal_set(r->journal, FACT_REQUEST,
                        json_pack("{s:s, s:s, s:s}", "token", token, "vpc", vpc, "creator", a->caller), e) < 0)
            return -1;
    }
    return make_once(r, a, e);
}

int aws_route_table_associate(struct run *r, struct aws *a, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    if (r->spec->aws.subnet || has_subnet(aws_object(r, a, AWS_ROUTE_TABLE), aws_subnet_id(r, a)))
        return 0;
    aws_query_add(&q, "RouteTableId", aws_id(r, a, AWS_ROUTE_TABLE));
    aws_query_add(&q, "SubnetId", aws_subnet_id(r, a));
    return aws_act(r, a, "AssociateRouteTable", &q, e);
}

int aws_route_table_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_AWS_QUERY struct aws_query route = AWS_QUERY_INIT;

    if (!aws_object(r, a, AWS_ROUTE_TABLE) && make(r, a, e) < 0)
        return -1;
    aws_query_add(&route, "RouteTableId", aws_id(r, a, AWS_ROUTE_TABLE));
    aws_query_add(&route, "DestinationCidrBlock", EVERYWHERE);
    aws_query_add(&route, "GatewayId", aws_id(r, a, AWS_INTERNET_GATEWAY));
    if (!has_route(aws_object(r, a, AWS_ROUTE_TABLE)) && aws_act(r, a, "CreateRoute", &route, e) < 0)
        return -1;
    return aws_route_table_associate(r, a, e);
}

static int disassociate(struct run *r, struct aws *a, const char *association, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *what = xasprintf("association '%s' of the route table", association);

    aws_query_add(&q, "AssociationId", association);
    return aws_undo(r, a, what, "DisassociateRouteTable", &q, e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(object, "associationSet"), i, row)
        if (strcmp(jsonx_str(row, "main"), "true") != 0 &&
            disassociate(r, a, jsonx_str(row, "routeTableAssociationId"), e) < 0)
            return -1;
    return aws_delete(r, a, AWS_ROUTE_TABLE, id, "DeleteRouteTable", "RouteTableId", e);
}

int aws_route_table_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_ROUTE_TABLE, delete_one, e);
}
