#include "aws/cluster_objects.h"
#include "aws/act.h"
#include "aws/kinds.h"
#include "aws/subnet.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

/* The cluster made it; "shared" would mean that it only uses it. */
#define OWNED "owned"

enum { TAGS_AT_ONCE = 20 }; /* ELB's limit for DescribeTags */

/* One kind of load balancer; the two APIs differ in names only. */
struct balancer_api {
    const char *describe, *list, *id, *vpc, *tags, *tags_key, *tags_id, *remove, *remove_key;
};

static const struct balancer_api balancer_apis[] = {
    { "DescribeLoadBalancers", "DescribeLoadBalancersResult.LoadBalancers", "LoadBalancerArn", "VpcId", "DescribeTags",
      "ResourceArns", "ResourceArn", "DeleteLoadBalancer", "LoadBalancerArn" },
    { "classic:DescribeLoadBalancers", "DescribeLoadBalancersResult.LoadBalancerDescriptions", "LoadBalancerName",
      "VPCId", "classic:DescribeTags", "LoadBalancerNames", "LoadBalancerName", "classic:DeleteLoadBalancer",
      "LoadBalancerName" },
};

/* EC2's own kinds. */
struct ec2_kind {
    enum aws_kind_id kind;
    const char *name, *remove, *key;
};

static const struct ec2_kind ec2_kinds[] = {
    { AWS_VOLUME, "volume of the cluster", "DeleteVolume", "VolumeId" },
    { AWS_SECURITY_GROUP, "security-group of the cluster", "DeleteSecurityGroup", "GroupId" },
};

static char *tag_key(const struct aws *a)
{
    return xasprintf("kubernetes.io/cluster/%s", a->cluster);
}

static void add_row(json_t *rows, const char *kind, const char *id, const char *action, const char *key)
{
    json_array_append_new(rows,
                          json_pack("{s:s, s:s, s:s, s:s}", "kind", kind, "name", id, "remove", action, "key", key));
}

static int ec2_rows(struct run *r, struct aws *a, const struct ec2_kind *k, json_t *rows, struct err *e)
{
    const struct aws_kind *row = &aws_kind_table[k->kind];
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *key = tag_key(a), *filter = xasprintf("tag:%s", key);
    AUTO_JSON json_t *found = NULL;
    size_t i;
    json_t *object;

    aws_query_filter(&q, filter, OWNED);
    if (aws_call_all(a->client, row->describe, &q, row->set, &found, e) < 0)
        return err_wrap(e, "look for each %s", k->name);
    json_array_foreach (found, i, object)
        if (strcmp(aws_tag(object, key), OWNED) == 0 && !aws_is_ours(r, a, object))
            add_row(rows, k->name, jsonx_str(object, row->id), k->remove, k->key);
    return 0;
}

/* Those of our network, by their ids. */
static int in_network(struct aws *a, const struct balancer_api *api, const char *vpc, json_t *ids, struct err *e)
{
    AUTO_FREE char *marker = xstrdup("");

    do {
        AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
        AUTO_JSON json_t *reply = NULL;
        size_t i;
        json_t *one;
        if (*marker)
            aws_query_add(&q, "Marker", marker);
        if (aws_call(a->client, api->describe, &q, 0, &reply, e) < 0)
            return err_wrap(e, "look for load balancers");
        json_array_foreach (jsonx_get(reply, api->list), i, one)
            if (strcmp(jsonx_str(one, api->vpc), vpc) == 0)
                json_array_append_new(ids, json_string(jsonx_str(one, api->id)));
        free(marker);
        marker = xstrdup(jsonx_str(reply, "DescribeLoadBalancersResult.NextMarker"));
    } while (*marker);
    return 0;
}

static bool has_tag(const json_t *description, const char *key)
{
    size_t i;
    json_t *tag;

    json_array_foreach (json_object_get(description, "Tags"), i, tag)
        if (strcmp(jsonx_str(tag, "Key"), key) == 0 && strcmp(jsonx_str(tag, "Value"), OWNED) == 0)
            return true;
    return false;
}

static int tagged(struct aws *a, const struct balancer_api *api, const json_t *ids, size_t from, json_t *rows,
                  struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *reply = NULL;
    AUTO_FREE char *key = tag_key(a);
    size_t i;
    json_t *one;

    for (i = from; i < json_array_size(ids) && i < from + TAGS_AT_ONCE; i++)
        aws_query_addf(&q, json_string_value(json_array_get(ids, i)), "%s.member.%d", api->tags_key,
                       (int)(i - from) + 1);
    if (aws_call(a->client, api->tags, &q, 0, &reply, e) < 0)
        return err_wrap(e, "tags of the load balancers");
    json_array_foreach (jsonx_get(reply, "DescribeTagsResult.TagDescriptions"), i, one)
        if (has_tag(one, key))
            add_row(rows, "load-balancer of the cluster", jsonx_str(one, api->tags_id), api->remove, api->remove_key);
    return 0;
}

static int balancer_rows(struct aws *a, const struct balancer_api *api, const char *vpc, json_t *rows, struct err *e)
{
    AUTO_JSON json_t *ids = json_array();

    if (in_network(a, api, vpc, ids, e) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(ids); i += TAGS_AT_ONCE)
        if (tagged(a, api, ids, i, rows, e) < 0)
            return -1;
    return 0;
}

/* A load balancer stands in the network, so without a network there is none. */
static int network(struct run *r, struct aws *a, const char **ret, struct err *e)
{
    const json_t *given = NULL;

    *ret = "";
    if (r->spec->aws.subnet) {
        if (aws_subnet_given(r, a, &given, e) < 0) {
            if (e->code != ERR_SPEC)
                return -1;
            /* It is gone, and so is what stood in it. */
            err_clear(e);
            return 0;
        }
        *ret = jsonx_str(given, "vpcId");
        return 0;
    }
    if (aws_look(r, a, AWS_VPC, e) < 0)
        return -1;
    *ret = aws_id(r, a, AWS_VPC);
    return 0;
}

int aws_cluster_objects(struct run *r, struct aws *a, json_t *rows, struct err *e)
{
    const char *vpc;

    /* Balancers first: a security group goes only after what uses it. */
    if (strcmp(r->spec->runtime, "k3s") == 0) {
        if (network(r, a, &vpc, e) < 0)
            return -1;
        for (size_t i = 0; *vpc && i < ARRAY_LEN(balancer_apis); i++)
            if (balancer_rows(a, &balancer_apis[i], vpc, rows, e) < 0)
                return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(ec2_kinds); i++)
        if (ec2_rows(r, a, &ec2_kinds[i], rows, e) < 0)
            return -1;
    return 0;
}

static int remove_one(struct run *r, struct aws *a, const json_t *row, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *what = xasprintf("%s '%s'", jsonx_str(row, "kind"), jsonx_str(row, "name"));

    aws_query_add(&q, jsonx_str(row, "key"), jsonx_str(row, "name"));
    if (aws_undo(r, a, what, jsonx_str(row, "remove"), &q, e) < 0)
        return -1;
    provider_removed(r, jsonx_str(row, "kind"), jsonx_str(row, "name"));
    return 0;
}

int aws_cluster_objects_destroy(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_JSON json_t *rows = json_array();
    size_t i;
    json_t *row;

    if (aws_identity(r, a, e) < 0 || aws_cluster_objects(r, a, rows, e) < 0)
        return -1;
    if (!r->include_volumes && json_array_size(rows)) {
        a->kept = true;
        (void)err_set(e, ERR_LEFTOVER, "%zu objects were made from inside the cluster, such as %s '%s', and stay",
                      json_array_size(rows), jsonx_str(rows, "0.kind"), jsonx_str(rows, "0.name"));
        return err_hint(e, "`slipway teardown --include-volumes` removes them, with the data that they hold");
    }
    json_array_foreach (rows, i, row)
        if (remove_one(r, a, row, e) < 0)
            return -1;
    return 0;
}
