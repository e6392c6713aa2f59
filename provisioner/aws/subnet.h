/* The subnet, and moving it when its zone has no capacity. */
#pragma once
#include "aws/aws.h"

/* Replace the subnet by one in the journal's current zone. */
int aws_subnet_move(struct run *r, struct aws *a, struct err *e) NODISCARD;
/* The existing subnet that the spec names, as Describe says; looked at once. Borrowed. */
int aws_subnet_given(struct run *r, struct aws *a, const json_t **ret, struct err *e) NODISCARD;
/* Where the machine goes: the spec's subnet, or ours. */
const char *aws_subnet_id(const struct run *r, const struct aws *a);
