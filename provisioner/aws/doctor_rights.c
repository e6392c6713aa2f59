#include "aws/act.h"
#include "aws/doctor_rows.h"
#include "aws/machine_type.h"
#include "aws/policy_rows.h"
#include "aws/subnet.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

#define OF(key_, kind_)                \
    {                                  \
        .key = (key_), .kind = (kind_) \
    }
#define AT(key_, kind_, path_)                          \
    {                                                   \
        .key = (key_), .kind = (kind_), .path = (path_) \
    }
#define IS(key_, value_)                 \
    {                                    \
        .key = (key_), .value = (value_) \
    }
#define SSH_RULE                                                                                                      \
    OF("GroupId", AWS_SECURITY_GROUP), IS("IpPermissions.1.IpProtocol", "tcp"), IS("IpPermissions.1.FromPort", "22"), \
        IS("IpPermissions.1.ToPort", "22"), IS("IpPermissions.1.IpRanges.1.CidrIp", "192.0.2.1/32")

// clang-format off
const struct doctor_probe doctor_probe_table[] = {
    { "CreateLaunchTemplate", { "launch-template" },
      { IS("LaunchTemplateName", "slipway-doctor"), IS("LaunchTemplateData.MetadataOptions.HttpTokens", "required") } },
    { "CreateVpc", { "vpc" }, { IS("CidrBlock", "$cidr") } },
    { "CreateInternetGateway", { "internet-gateway" }, { { .key = NULL } } },
    { "AttachInternetGateway", { NULL }, { OF("InternetGatewayId", AWS_INTERNET_GATEWAY), OF("VpcId", AWS_VPC) } },
    { "CreateSubnet", { "subnet" }, { OF("VpcId", AWS_VPC), IS("CidrBlock", "$cidr") } },
    { "CreateRouteTable", { "route-table" }, { OF("VpcId", AWS_VPC) } },
    { "CreateRoute", { NULL }, { OF("RouteTableId", AWS_ROUTE_TABLE), IS("DestinationCidrBlock", "0.0.0.0/0"),
                                 OF("GatewayId", AWS_INTERNET_GATEWAY) } },
    { "AssociateRouteTable", { NULL }, { OF("RouteTableId", AWS_ROUTE_TABLE), OF("SubnetId", AWS_SUBNET) } },
    { "CreateSecurityGroup", { "security-group" },
      { IS("GroupName", "slipway-doctor"), IS("GroupDescription", "slipway"), OF("VpcId", AWS_VPC) } },
    { "AuthorizeSecurityGroupIngress", { "security-group-rule" }, { SSH_RULE } },
    { "RevokeSecurityGroupIngress", { NULL }, { SSH_RULE } },
    { "AllocateAddress", { "elastic-ip" }, { IS("Domain", "vpc") } },
    { "RunInstances", { "instance", "volume", "network-interface" },
      { IS("ImageId", "$image"), IS("InstanceType", "$type"), IS("MinCount", "1"), IS("MaxCount", "1"),
        OF("SubnetId", AWS_SUBNET), OF("SecurityGroupId.1", AWS_SECURITY_GROUP) } },
    { "AssociateAddress", { NULL }, { OF("AllocationId", AWS_ADDRESS), OF("InstanceId", AWS_INSTANCE) } },
    { "CreateTags", { NULL },
      { OF("ResourceId.1", AWS_INSTANCE), IS("Tag.1.Key", AWS_TAG_ENTERED), IS("Tag.1.Value", "-") } },
    { "StartInstances", { NULL }, { OF("InstanceId.1", AWS_INSTANCE) } },
    { "TerminateInstances", { NULL }, { OF("InstanceId.1", AWS_INSTANCE) } },
    { "DisassociateAddress", { NULL }, { AT("AssociationId", AWS_ADDRESS, "associationId") } },
    { "ReleaseAddress", { NULL }, { OF("AllocationId", AWS_ADDRESS) } },
    { "DeleteSecurityGroup", { NULL }, { OF("GroupId", AWS_SECURITY_GROUP) } },
    { "DisassociateRouteTable", { NULL },
      { AT("AssociationId", AWS_ROUTE_TABLE, "associationSet.0.routeTableAssociationId") } },
    { "DeleteRouteTable", { NULL }, { OF("RouteTableId", AWS_ROUTE_TABLE) } },
    { "DeleteSubnet", { NULL }, { OF("SubnetId", AWS_SUBNET) } },
    { "DetachInternetGateway", { NULL }, { OF("InternetGatewayId", AWS_INTERNET_GATEWAY), OF("VpcId", AWS_VPC) } },
    { "DeleteInternetGateway", { NULL }, { OF("InternetGatewayId", AWS_INTERNET_GATEWAY) } },
    { "DeleteVpc", { NULL }, { OF("VpcId", AWS_VPC) } },
    { "DeleteLaunchTemplate", { NULL }, { OF("LaunchTemplateId", AWS_LAUNCH_TEMPLATE) } },
    { "DeleteVolume", { NULL }, { OF("VolumeId", AWS_VOLUME) } },
    { "DeleteNetworkInterface", { NULL }, { OF("NetworkInterfaceId", AWS_NETWORK_INTERFACE) } },
    { NULL, { NULL }, { { .key = NULL } } },
};
// clang-format on

/* How ids begin, for objects that are not there. */
static const char *const prefixes[AWS_KINDS] = {
    [AWS_VPC] = "vpc",
    [AWS_INTERNET_GATEWAY] = "igw",
    [AWS_SUBNET] = "subnet",
    [AWS_ROUTE_TABLE] = "rtb",
    [AWS_SECURITY_GROUP] = "sg",
    [AWS_ADDRESS] = "eipalloc",
    [AWS_INSTANCE] = "i",
    [AWS_VOLUME] = "vol",
    [AWS_NETWORK_INTERFACE] = "eni",
    [AWS_LAUNCH_TEMPLATE] = "lt",
};

struct rights {
    struct run *run;
    struct aws *aws;
    const char *image;
    size_t asked, allowed;
    size_t doubt;       /* denied for an object that does not exist */
    struct sbuf denied; /* for certain */
};

static const char *id_of(const struct rights *x, enum aws_kind_id kind)
{
    const struct spec *s = x->run->spec;

    if (kind == AWS_SUBNET)
        return aws_subnet_id(x->run, x->aws);
    if (kind == AWS_SECURITY_GROUP && s->aws.security_group)
        return s->aws.security_group;
    if (kind == AWS_VPC && s->aws.subnet)
        return jsonx_str(x->aws->given_subnet, "vpcId");
    return aws_id(x->run, x->aws, kind);
}

static const char *value_of(const struct rights *x, const struct doctor_param *param)
{
    if (param->value && strcmp(param->value, "$image") == 0)
        return x->image;
    if (param->value && strcmp(param->value, "$type") == 0)
        return aws_machine_type(x->run);
    if (param->value && strcmp(param->value, "$cidr") == 0)
        return x->run->spec->aws.cidr;
    if (param->value)
        return param->value;
    return param->path ? jsonx_str(aws_object(x->run, x->aws, param->kind), param->path) : id_of(x, param->kind);
}

static void add_made_up(struct aws_query *q, const struct doctor_param *param)
{
    /* Associations have ids of their own: "eipassoc-", "rtbassoc-". */
    const char *prefix = param->value  ? "ami"
                         : param->path ? (param->kind == AWS_ADDRESS ? "eipassoc" : "rtbassoc")
                                       : prefixes[param->kind];
    AUTO_FREE char *id = xasprintf("%s-0123456789abcdef0", prefix);

    aws_query_add(q, param->key, id);
}

/* Fills the query; false: an object that it names is not there. */
static bool fill(const struct rights *x, const struct doctor_probe *probe, struct aws_query *q)
{
    bool there = true;

    for (size_t i = 0; i < ARRAY_LEN(probe->params) && probe->params[i].key; i++) {
        const struct doctor_param *param = &probe->params[i];
        const char *value = value_of(x, param);
        there = there && *value;
        if (*value)
            aws_query_add(q, param->key, value);
        else
            add_made_up(q, param);
    }
    for (size_t i = 0; i < ARRAY_LEN(probe->tags) && probe->tags[i]; i++)
        aws_add_tags(q, (int)i + 1, probe->tags[i], x->run, x->aws, probe->tags[i], x->aws->caller);
    return there;
}

static int ask(struct rights *x, const struct doctor_probe *probe, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    bool there = fill(x, probe, &q);

    x->asked++;
    if (aws_call(x->aws->client, probe->action, &q, AWS_DRY_RUN, NULL, e) == 0) {
        x->allowed++;
        return 0;
    }
    if (e->code == ERR_CANCELED || !*aws_client_failure(x->aws->client)->code)
        return -1;
    bool refused = aws_client_failure(x->aws->client)->class == AWS_CLASS_RIGHTS;
    if (refused && there)
        sbuf_addf(&x->denied, "%sec2:%s", x->denied.len ? ", " : "", probe->action);
    x->doubt += refused && !there;
    err_clear(e);
    return 0;
}

static bool wanted(const struct spec *s, const char *action)
{
    for (const struct policy_row *row = policy_rows; row->action; row++)
        if (strcmp(row->action, action) == 0)
            return policy_needed(s, row->need);
    return false;
}

static void report(const struct rights *x, json_t *rows)
{
    static const char remedy[] = "`slipway policy aws` prints the policy; give it to this user or role";
    size_t open = x->asked - x->allowed;

    if (x->denied.len)
        doctor_row(rows, "rights", "fail", remedy, "denied: %s", x->denied.data);
    else if (x->doubt)
        doctor_row(
            rows, "rights", "unknown", "after the bootstrap every right can be told",
            "%zu of %zu allowed; %zu refused for objects that do not exist, which a policy bound to tags does too",
            x->allowed, x->asked, x->doubt);
    else if (open)
        doctor_row(rows, "rights", "ok", "",
                   "%zu of %zu allowed, none denied; the others can be told only of objects that exist", x->allowed,
                   x->asked);
    else
        doctor_row(rows, "rights", "ok", "", "all %zu allowed", x->asked);
}

int doctor_rights(struct run *r, struct aws *a, const char *image, json_t *rows, struct err *e)
{
    struct rights x = { r, a, image, 0, 0, 0, SBUF_INIT(2048) };
    const json_t *subnet;
    int rc = 0;

    /* For its VPC; when it cannot be looked at, the row on the network says so. */
    if (r->spec->aws.subnet && aws_subnet_given(r, a, &subnet, e) < 0)
        err_clear(e);
    for (const struct doctor_probe *probe = doctor_probe_table; !rc && probe->action; probe++)
        if (wanted(r->spec, probe->action))
            rc = ask(&x, probe, e);
    if (rc < 0)
        rc = doctor_row_error(rows, "rights", e);
    else
        report(&x, rows);
    sbuf_done(&x.denied);
    return rc;
}
