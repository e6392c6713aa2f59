#include "aws/policy_rows.h"
#include "spec/spec.h"
#include <stdlib.h>
#include <string.h>

/* Which resources and which condition keys an action knows: Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon EC2", "... AWS Systems Manager", "... Elastic Load Balancing V2", "... Service Quotas". */
// clang-format off
const struct policy_row policy_rows[] = {
    { "GetCallerIdentity",             POLICY_FREE,           POLICY_ALWAYS,  { NULL } },
    { "GetParameter",                  POLICY_PARAMETER,      POLICY_ALWAYS,  { NULL } },
    { "GetServiceQuota",               POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeAddresses",             POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeImages",                POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeInstanceTypeOfferings", POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeInstanceTypes",         POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeInstances",             POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeInternetGateways",      POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeLaunchTemplates",       POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeNetworkInterfaces",     POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeRouteTables",           POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeSecurityGroups",        POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeSubnets",               POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeVolumes",               POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeVpcs",                  POLICY_LOOK,           POLICY_ALWAYS,  { NULL } },
    { "DescribeLoadBalancers",         POLICY_LOOK,           POLICY_BALANCERS, { NULL } },
    { "DescribeTags",                  POLICY_LOOK,           POLICY_BALANCERS, { NULL } },
    { "classic:DescribeLoadBalancers", POLICY_LOOK,           POLICY_BALANCERS, { NULL } },
    { "classic:DescribeTags",          POLICY_LOOK,           POLICY_BALANCERS, { NULL } },

    { "CreateLaunchTemplate",          POLICY_MAKE,           POLICY_ALWAYS,  { "launch-template" } },
    { "CreateVpc",                     POLICY_MAKE,           POLICY_NETWORK, { "vpc" } },
    { "CreateInternetGateway",         POLICY_MAKE,           POLICY_NETWORK, { "internet-gateway" } },
    { "AllocateAddress",               POLICY_MAKE,           POLICY_ALWAYS,  { "elastic-ip" } },
    { "CreateSubnet",                  POLICY_MAKE_INSIDE,    POLICY_NETWORK, { "subnet" } },
    { "CreateRouteTable",              POLICY_MAKE_INSIDE,    POLICY_NETWORK, { "route-table" } },
    { "CreateSecurityGroup",           POLICY_MAKE_INSIDE,    POLICY_GROUP,   { "security-group" } },
    { "RunInstances",                  POLICY_RUN,            POLICY_ALWAYS,  { "instance", "volume", "network-interface" } },
    { "CreateTags",                    POLICY_TAG,            POLICY_ALWAYS,  { NULL } },
    { "AuthorizeSecurityGroupIngress", POLICY_CHANGE_MAKING,  POLICY_GROUP,   { "security-group-rule" } },

    { "AttachInternetGateway",         POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "CreateRoute",                   POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "AssociateRouteTable",           POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "RevokeSecurityGroupIngress",    POLICY_CHANGE,         POLICY_GROUP,   { NULL } },
    { "AssociateAddress",              POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "GetConsoleOutput",              POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "StartInstances",                POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "TerminateInstances",            POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "DisassociateAddress",           POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "ReleaseAddress",                POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "DeleteSecurityGroup",           POLICY_CHANGE,         POLICY_GROUP,   { NULL } },
    { "DisassociateRouteTable",        POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DeleteRouteTable",              POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DeleteSubnet",                  POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DetachInternetGateway",         POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DeleteInternetGateway",         POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DeleteVpc",                     POLICY_CHANGE,         POLICY_NETWORK, { NULL } },
    { "DeleteLaunchTemplate",          POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "DeleteVolume",                  POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },
    { "DeleteNetworkInterface",        POLICY_CHANGE,         POLICY_ALWAYS,  { NULL } },

    { "DeleteVolume",                  POLICY_CLUSTER_OBJECT, POLICY_CLUSTER, { NULL } },
    { "DeleteSecurityGroup",           POLICY_CLUSTER_OBJECT, POLICY_CLUSTER, { NULL } },
    { "DeleteLoadBalancer",            POLICY_CLUSTER_OBJECT, POLICY_CLUSTER_BALANCERS, { NULL } },
    { "classic:DeleteLoadBalancer",    POLICY_CLUSTER_OBJECT, POLICY_CLUSTER_BALANCERS, { NULL } },
    { NULL,                            POLICY_FREE,           POLICY_ALWAYS,  { NULL } },
};

// clang-format on

bool policy_needed(const struct spec *s, enum policy_need need)
{
    switch (need) {
    case POLICY_NETWORK:
        return !s->aws.subnet;
    case POLICY_GROUP:
        return !s->aws.security_group;
    case POLICY_BALANCERS:
    case POLICY_CLUSTER_BALANCERS:
        return strcmp(s->runtime, "k3s") == 0;
    case POLICY_CLUSTER:
    case POLICY_ALWAYS:
        break;
    }
    return true;
}

int aws_policy_account(char ret[static AWS_ACCOUNT_LEN + 1], struct err *e)
{
    const char *text = getenv("AWS_ACCOUNT_ID");

    ret[0] = '\0';
    if (!text || !*text)
        return 0;
    if (strlen(text) != AWS_ACCOUNT_LEN || strspn(text, "0123456789") != AWS_ACCOUNT_LEN)
        return err_set(e, ERR_USAGE, "AWS_ACCOUNT_ID is '%.40s', not an account number of 12 digits", text);
    memcpy(ret, text, AWS_ACCOUNT_LEN + 1);
    return 0;
}
