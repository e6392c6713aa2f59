/* How each right is bound; private to policy*.c and their test. */
#pragma once
#include "core/err.h"
#include <stdbool.h>

enum policy_bind {
    POLICY_FREE,           /* needs no right */
    POLICY_LOOK,           /* cannot be bound to an object */
    POLICY_PARAMETER,      /* public parameters that name images */
    POLICY_MAKE,           /* with our tags in the request */
    POLICY_MAKE_INSIDE,    /* the same, and inside a VPC of ours (or of the spec's subnet) */
    POLICY_RUN,            /* RunInstances: what it makes, where, from which image */
    POLICY_TAG,            /* CreateTags */
    POLICY_CHANGE,         /* objects with our tags */
    POLICY_CHANGE_MAKING,  /* the same, and makes something with our tags */
    POLICY_CLUSTER_OBJECT, /* objects with the cluster's tag, for --include-volumes */
};

enum policy_need {
    POLICY_ALWAYS,
    POLICY_NETWORK,           /* not with the spec's `subnet` */
    POLICY_GROUP,             /* not with the spec's `security_group` */
    POLICY_BALANCERS,         /* only where Kubernetes may make load balancers: runtime k3s */
    POLICY_CLUSTER,           /* only when the account is known */
    POLICY_CLUSTER_BALANCERS, /* both */
};

struct policy_row {
    const char *action; /* of aws/action.h */
    enum policy_bind bind;
    enum policy_need need;
    const char *makes[3]; /* resource types, as ARNs have them */
};

/* Every action of aws_action_table stands here; what goes for objects of ours and of the cluster, twice. Ends with a
 * NULL action. */
extern const struct policy_row policy_rows[];

struct spec;
/* Does this spec need it? Whether the account is known is not asked here. */
bool policy_needed(const struct spec *s, enum policy_need need);

enum { AWS_ACCOUNT_LEN = 12 };

/* AWS_ACCOUNT_ID, as AWS's own tools read it; "" when it is not set. ERR_USAGE when it is not 12 digits. */
int aws_policy_account(char ret[static AWS_ACCOUNT_LEN + 1], struct err *e) NODISCARD;
