/* What is to be made, settled by looking before anything is: type, architecture, image and zone, into the journal. */
#pragma once
#include "aws/aws.h"

/* Costs nothing when the journal has it for what the spec asks now. */
int aws_choose(struct run *r, struct aws *a, struct err *e) NODISCARD;
