/* The one request that costs money. */
#pragma once
#include "aws/aws.h"

/* RunInstances as the journal has it frozen; frozen first, with a token of its own, when it has none. Every repeat is
 * the same byte for byte, and has the same machine as its answer. New reference in `ret`. */
int aws_instance_request(struct run *r, struct aws *a, json_t **ret, struct err *e) NODISCARD;
