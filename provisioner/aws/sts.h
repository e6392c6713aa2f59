/* The two calls of STS that turn one proof of identity into the credentials of a role. Sent here and not by
 * aws/client.h, which needs credentials first. Source: AWS STS API Reference, version 2011-06-15. */
#pragma once
#include "aws/credentials_source.h"

struct aws_role {
    const char *arn;
    const char *session_name; /* NULL: "slipway"; shows in CloudTrail */
    const char *external_id;  /* or NULL */
    const char *duration_s;   /* digits, or NULL: what STS gives */
    const char *source;       /* for people, becomes that of the credentials */
};

/* AssumeRole, signed with `by`. 1, or -1: ERR_AUTH with STS's code and message. */
int aws_sts_assume_role(const struct aws_look *l, const struct aws_role *role, const struct aws_credentials *by,
                        struct aws_credentials *ret, struct err *e) NODISCARD;
/* AssumeRoleWithWebIdentity, not signed: the token is the proof. */
int aws_sts_web_identity(const struct aws_look *l, const struct aws_role *role, const char *token,
                         struct aws_credentials *ret, struct err *e) NODISCARD;
