#include "aws/action.h"
#include <string.h>

#define EC2 "ec2", "2016-11-15", AWS_QUERY
#define STS "sts", "2011-06-15", AWS_QUERY
#define SSM "ssm", "AmazonSSM", AWS_JSON
#define QUO "servicequotas", "ServiceQuotasV20190624", AWS_JSON
#define ELB "elasticloadbalancing", "2015-12-01", AWS_QUERY
#define CLB "elasticloadbalancing", "2012-06-01", AWS_QUERY

/* Repeats that end in *.Duplicate, Resource.AlreadyAssociated or *.NotFound count as safe: nothing is made twice, and
 * the caller knows what these codes mean for its call. */
/* clang-format off */
const struct aws_action aws_action_table[] = {
    { "GetCallerIdentity",             STS, AWS_READ,   false },
    { "GetParameter",                  SSM, AWS_READ,   false },
    { "GetServiceQuota",               QUO, AWS_READ,   false },

    { "DescribeAddresses",             EC2, AWS_READ,   true },
    { "DescribeImages",                EC2, AWS_READ,   true },
    { "DescribeInstanceTypeOfferings", EC2, AWS_READ,   true },
    { "DescribeInstanceTypes",         EC2, AWS_READ,   true },
    { "DescribeInstances",             EC2, AWS_READ,   true },
    { "DescribeInternetGateways",      EC2, AWS_READ,   true },
    { "DescribeLaunchTemplates",       EC2, AWS_READ,   true },
    { "DescribeNetworkInterfaces",     EC2, AWS_READ,   true },
    { "DescribeRouteTables",           EC2, AWS_READ,   true },
    { "DescribeSecurityGroups",        EC2, AWS_READ,   true },
    { "DescribeSubnets",               EC2, AWS_READ,   true },
    { "DescribeVolumes",               EC2, AWS_READ,   true },
    { "DescribeVpcs",                  EC2, AWS_READ,   true },
    { "GetConsoleOutput",              EC2, AWS_READ,   true },

    { "CreateLaunchTemplate",          EC2, AWS_REPEAT, true },
    { "CreateVpc",                     EC2, AWS_ONCE,   true },
    { "CreateInternetGateway",         EC2, AWS_ONCE,   true },
    { "AttachInternetGateway",         EC2, AWS_REPEAT, true },
    { "CreateSubnet",                  EC2, AWS_ONCE,   true },
    { "CreateRouteTable",              EC2, AWS_REPEAT, true },
    { "CreateRoute",                   EC2, AWS_REPEAT, true },
    { "AssociateRouteTable",           EC2, AWS_REPEAT, true },
    { "CreateSecurityGroup",           EC2, AWS_ONCE,   true },
    { "AuthorizeSecurityGroupIngress", EC2, AWS_REPEAT, true },
    { "RevokeSecurityGroupIngress",    EC2, AWS_REPEAT, true },
    { "AllocateAddress",               EC2, AWS_ONCE,   true },
    { "RunInstances",                  EC2, AWS_REPEAT, true },
    { "AssociateAddress",              EC2, AWS_REPEAT, true },
    { "CreateTags",                    EC2, AWS_REPEAT, true },

    { "StartInstances",                EC2, AWS_REPEAT, true },
    { "TerminateInstances",            EC2, AWS_REPEAT, true },
    { "DisassociateAddress",           EC2, AWS_REPEAT, true },
    { "ReleaseAddress",                EC2, AWS_REPEAT, true },
    { "DeleteSecurityGroup",           EC2, AWS_REPEAT, true },
    { "DisassociateRouteTable",        EC2, AWS_REPEAT, true },
    { "DeleteRouteTable",              EC2, AWS_REPEAT, true },
    { "DeleteSubnet",                  EC2, AWS_REPEAT, true },
    { "DetachInternetGateway",         EC2, AWS_REPEAT, true },
    { "DeleteInternetGateway",         EC2, AWS_REPEAT, true },
    { "DeleteVpc",                     EC2, AWS_REPEAT, true },
    { "DeleteLaunchTemplate",          EC2, AWS_REPEAT, true },
    { "DeleteVolume",                  EC2, AWS_REPEAT, true },
    { "DeleteNetworkInterface",        EC2, AWS_REPEAT, true },

    { "DescribeLoadBalancers",         ELB, AWS_READ,   false },
    { "DescribeTags",                  ELB, AWS_READ,   false },
    { "DeleteLoadBalancer",            ELB, AWS_REPEAT, false },
    { "classic:DescribeLoadBalancers", CLB, AWS_READ,   false },
    { "classic:DescribeTags",          CLB, AWS_READ,   false },
    { "classic:DeleteLoadBalancer",    CLB, AWS_REPEAT, false },
    { NULL, NULL, NULL, AWS_QUERY, AWS_READ, false },
};

/* clang-format on */

const struct aws_action *aws_action_find(const char *name)
{
    for (const struct aws_action *a = aws_action_table; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const char *aws_action_wire(const struct aws_action *a)
{
    const char *colon = strchr(a->name, ':');

    return colon ? colon + 1 : a->name;
}
