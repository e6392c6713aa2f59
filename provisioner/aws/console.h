/* What the machine wrote to its console: the only evidence of one that never answered. */
#pragma once
#include "aws/aws.h"

/* See cloud/provider.h. */
int aws_console(struct run *r, struct provider *p, struct sbuf *out, struct err *e) NODISCARD;
