/* The AWS provider: one VM with a network of its own, by EC2's REST API. Private to provisioner/aws; the boundary is
 * cloud/provider.h.
 *
 * Whose an object is, is said by its tags, which are part of the call that makes it: slipway:deployment (the name) and
 * slipway:token, made from account, region and name, so that spec and credentials alone find everything when the state
 * is lost. Nothing without both is ever changed or deleted. */
#pragma once
#include "aws/client.h"
#include "aws/query.h"
#include "cloud/provider.h"
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const struct provider_ops aws_ops;

#define AWS_TAG_DEPLOYMENT "slipway:deployment"
#define AWS_TAG_TOKEN      "slipway:token"
#define AWS_TAG_KIND       "slipway:kind"
#define AWS_TAG_CREATOR    "slipway:creator"
#define AWS_TAG_ENTERED \
    "slipway:entered" /* set before the first login: from then on it holds what cannot be made anew */

/* Kinds of objects that carry our tags, in the order of creation. */
enum aws_kind_id {
    AWS_VPC,
    AWS_INTERNET_GATEWAY,
    AWS_SUBNET,
    AWS_ROUTE_TABLE,
    AWS_SECURITY_GROUP,
    AWS_ADDRESS,
    AWS_INSTANCE,
    AWS_LAUNCH_TEMPLATE,   /* made first; see launch_template.c */
    AWS_VOLUME,            /* goes with the instance */
    AWS_NETWORK_INTERFACE, /* goes with the instance */
    AWS_KINDS,
};

struct aws {
    struct provider base; /* first */
    struct aws_client *client;
    char account[16];        /* "" until aws_identity */
    char caller[256];        /* ARN */
    char token[17];          /* 16 hex digits */
    char cluster[64];        /* NAME-TOKEN: the id in kubernetes.io/cluster/ID tags */
    json_t *seen[AWS_KINDS]; /* arrays of what Describe said, ours and not gone; NULL until looked at */
    json_t *given_subnet;    /* the spec's existing subnet, NULL until looked at */
    int64_t asked_ms;        /* monotonic: of the last request before, or of the one that was interrupted */
    bool fresh;              /* the journal knows nothing of the account: a first run, or the state was lost */
    bool interrupted;        /* something was asked for, and nobody knows what came of it */
    bool doubt;              /* fresh, and there is something of ours: more of it may not be visible yet */
    bool stays;              /* the instance could not be terminated: its mark in the account stays too */
    bool kept;               /* what stays in the network keeps the network: not waited for */
    int64_t probed_ms;       /* last look at the instance's state, monotonic */
};

static inline struct aws *aws_of(struct provider *p)
{
    return (struct aws *)p;
}

/* The token of a deployment: 16 hex digits, the same from every host. */
void aws_token(const char *account, const char *region, const char *name, char ret[static 17]);
/* Who we are: account, caller, token, cluster; once. ERR_CONFLICT when the deployment is of another account or
 * region. */
int aws_identity(struct run *r, struct aws *a, struct err *e) NODISCARD;
/* From now on what was just asked for may appear, or not. */
void aws_interrupted(struct run *r, struct aws *a);
/* Bind the deployment to the account and region. */
int aws_remember_account(struct run *r, const struct aws *a, struct err *e) NODISCARD;
