#include "aws/act.h"
#include "aws/kinds.h"
#include "aws/subnet.h"
#include "cloud/ssh_from.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

#define SSH_PORT "22"
/* Tells our rules from those that somebody added by hand, which stay. */
#define RULE_MARK "slipway: ssh"

/* The rules of one group against the spec. */
struct rules {
    struct svec wanted;  /* CIDR ranges */
    struct svec missing, /* wanted and not there */
        stale;           /* ours, there, and not wanted any more */
    size_t ours;
};

static void rules_done(struct rules *rules)
{
    svec_done(&rules->wanted);
    svec_done(&rules->missing);
    svec_done(&rules->stale);
}

#define AUTO_RULES __attribute__((cleanup(rules_done)))

static bool has(const struct svec *v, const char *s)
{
    for (size_t i = 0; i < v->len; i++)
        if (strcmp(v->items[i], s) == 0)
            return true;
    return false;
}

static bool is_ssh(const json_t *permission)
{
    return strcmp(jsonx_str(permission, "ipProtocol"), "tcp") == 0 &&
           strcmp(jsonx_str(permission, "fromPort"), SSH_PORT) == 0 &&
           strcmp(jsonx_str(permission, "toPort"), SSH_PORT) == 0;
}

static void read_ranges(struct run *r, const json_t *permission, const char *set, const char *key,
                        struct svec *ret_ours, struct svec *ret_all)
{
    size_t i;
    json_t *range;

    json_array_foreach (json_object_get(permission, set), i, range) {
        const char *cidr = jsonx_str(range, key);
        bool ours = strcmp(jsonx_str(range, "description"), RULE_MARK) == 0;
        if (is_ssh(permission))
            svec_add(ret_all, cidr);
        if (is_ssh(permission) && ours)
            svec_add(ret_ours, cidr);
        if (!ours)
            ui_debug(r->ui, "the security group also lets in %s %s-%s from %s, which slipway did not write",
                     jsonx_str(permission, "ipProtocol"), jsonx_str(permission, "fromPort"),
                     jsonx_str(permission, "toPort"), cidr);
    }
}

static void compare(struct run *r, const json_t *group, struct rules *ret)
{
    AUTO_SVEC struct svec ours = SVEC_INIT, all = SVEC_INIT;
    size_t i;
    json_t *permission;

    json_array_foreach (json_object_get(group, "ipPermissions"), i, permission) {
        read_ranges(r, permission, "ipRanges", "cidrIp", &ours, &all);
        read_ranges(r, permission, "ipv6Ranges", "cidrIpv6", &ours, &all);
    }
    ret->ours = ours.len;
    for (i = 0; i < ret->wanted.len; i++)
        if (!has(&all, ret->wanted.items[i]))
            svec_add(&ret->missing, ret->wanted.items[i]);
    for (i = 0; i < ours.len; i++)
        if (!has(&ret->wanted, ours.items[i]))
            svec_add(&ret->stale, ours.items[i]);
}

static const char *network(const struct run *r, const struct aws *a)
{
    return r->spec->aws.subnet ? jsonx_str(a->given_subnet, "vpcId") : aws_id(r, a, AWS_VPC);
}

static int given_group(struct run *r, struct aws *a, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *rows = NULL;
    const char *id = r->spec->aws.security_group;
    const json_t *subnet = NULL;

    aws_query_add(&q, "GroupId.1", id);
    if (aws_subnet_given(r, a, &subnet, e) < 0 ||
        aws_call_all(a->client, "DescribeSecurityGroups", &q, "securityGroupInfo", &rows, e) < 0)
        return err_wrap(e, "provider.aws.security_group '%s'", id);
    if (strcmp(jsonx_str(rows, "0.vpcId"), jsonx_str(subnet, "vpcId")) == 0)
        return 1;
    return err_set(e, ERR_SPEC, "provider.aws.security_group '%s' is of '%s', and the subnet '%s' is of '%s'", id,
                   jsonx_str(rows, "0.vpcId"), r->spec->aws.subnet, jsonx_str(subnet, "vpcId"));
}

int aws_security_group_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_RULES struct rules rules = { 0 };
    const json_t *group = NULL;

    if (r->spec->aws.security_group)
        return given_group(r, a, e);
    int found = aws_find_in(r, a, AWS_SECURITY_GROUP, network(r, a), &group, e);
    if (found <= 0)
        return found;
    int asked = ssh_from_resolve(r, &rules.wanted, e);
    compare(r, group, &rules);
    if (asked < 0 && (e->code == ERR_CANCELED || !rules.ours))
        return -1;
    if (asked < 0) {
        /* A group that lets somebody in is not made worse by not knowing who we are. */
        ui_warn(r->ui, "%s; the rules of security group '%s' stay as they are", e->msg,
                aws_id(r, a, AWS_SECURITY_GROUP));
        err_clear(e);
        return 1;
    }
    return !rules.missing.len && !rules.stale.len;
}

/* One call for all ranges: a group is never seen with half of its rules. */
static int change_rules(struct run *r, struct aws *a, const char *action, const struct svec *ranges, bool *ret_refused,
                        struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    int v4 = 0, v6 = 0;

    if (!ranges->len)
        return 0;
    aws_query_add(&q, "GroupId", aws_id(r, a, AWS_SECURITY_GROUP));
    aws_query_add(&q, "IpPermissions.1.IpProtocol", "tcp");
    aws_query_add(&q, "IpPermissions.1.FromPort", SSH_PORT);
    aws_query_add(&q, "IpPermissions.1.ToPort", SSH_PORT);
    for (size_t i = 0; i < ranges->len; i++) {
        bool six = strchr(ranges->items[i], ':') != NULL;
        const char *set = six ? "Ipv6Ranges" : "IpRanges";
        int n = six ? ++v6 : ++v4;
        aws_query_addf(&q, ranges->items[i], "IpPermissions.1.%s.%d.%s", set, n, six ? "CidrIpv6" : "CidrIp");
        aws_query_addf(&q, RULE_MARK, "IpPermissions.1.%s.%d.Description", set, n);
    }
    if (strcmp(action, "AuthorizeSecurityGroupIngress") == 0)
        aws_add_tags(&q, 1, "security-group-rule", r, a, "security-group-rule", a->caller);
    *ret_refused = false;
    if (aws_change(r, a, action, &q, NULL, e) == 0)
        return 0;
    if (aws_client_failure(a->client)->class != AWS_CLASS_EXISTS)
        return -1;
    *ret_refused = true;
    err_clear(e);
    return 0;
}

/* A range that is there already makes AWS refuse the whole call: then each for itself. */
static int authorize(struct run *r, struct aws *a, const struct svec *ranges, struct err *e)
{
    bool refused = false;

    if (change_rules(r, a, "AuthorizeSecurityGroupIngress", ranges, &refused, e) < 0)
        return -1;
    for (size_t i = 0; refused && i < ranges->len; i++) {
        AUTO_SVEC struct svec one = SVEC_INIT;
        bool there;
        svec_add(&one, ranges->items[i]);
        if (change_rules(r, a, "AuthorizeSecurityGroupIngress", &one, &there, e) < 0)
            return -1;
    }
    return 0;
}

static int make(struct run *r, struct aws *a, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_FREE char *name = xasprintf("slipway-%s-%s", r->spec->name, a->token);

    aws_query_add(&q, "GroupName", name);
    aws_query_add(&q, "GroupDescription", "slipway: SSH from the operator, nothing else");
    aws_query_add(&q, "VpcId", network(r, a));
    aws_add_tags(&q, 1, "security-group", r, a, "security-group", a->caller);
    return aws_make(r, a, AWS_SECURITY_GROUP, "CreateSecurityGroup", &q, "", e);
}

int aws_security_group_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_RULES struct rules rules = { 0 };
    bool refused;

    if (ssh_from_resolve(r, &rules.wanted, e) < 0)
        return -1;
    if (!aws_object(r, a, AWS_SECURITY_GROUP) && make(r, a, e) < 0)
        return -1;
    compare(r, aws_object(r, a, AWS_SECURITY_GROUP), &rules);
    if (authorize(r, a, &rules.missing, e) < 0)
        return -1;
    return change_rules(r, a, "RevokeSecurityGroupIngress", &rules.stale, &refused, e);
}

static int delete_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_SECURITY_GROUP, id, "DeleteSecurityGroup", "GroupId", e);
}

int aws_security_group_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_SECURITY_GROUP, delete_one, e);
}
