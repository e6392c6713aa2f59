/* Every API action that slipway calls, once: what signs it, which rights it needs, whether it may be repeated.
 * `slipway policy aws`, the doctor's dry runs and the retries read this table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum aws_repeat {
    AWS_READ,   /* changes nothing */
    AWS_REPEAT, /* a repeat has the same result: idempotent, or a client token and the same bytes */
    AWS_ONCE,   /* a repeat may make a second object: after an ambiguous answer look first */
};

enum aws_protocol { AWS_QUERY, AWS_JSON };

struct aws_action {
    const char *name; /* "RunInstances"; of two services with the same: "classic:DescribeTags", see aws_action_wire */
    const char *service; /* of the endpoint and the signature: "ec2" */
    const char *version; /* Query: API version; JSON: prefix of X-Amz-Target, "AmazonSSM" */
    enum aws_protocol protocol;
    enum aws_repeat repeat;
    bool dry_run; /* takes DryRun */
};

extern const struct aws_action aws_action_table[];          /* ends with a NULL name */
const struct aws_action *aws_action_find(const char *name); /* NULL: there is none */
/* As the request and IAM name it, without what stands before a colon. */
const char *aws_action_wire(const struct aws_action *a);
