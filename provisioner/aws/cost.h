/* What `plan` and `status` say of the objects and their price, without a call to AWS. */
#pragma once
#include "aws/aws.h"

/* For both see cloud/provider.h. */
int aws_plan(struct run *r, struct provider *p, json_t *rows, struct err *e) NODISCARD;
json_t *aws_cost(const struct run *r, struct provider *p);
