/* The route to the internet gateway. */
#pragma once
#include "aws/aws.h"

/* Make the route table count for the current subnet. */
int aws_route_table_associate(struct run *r, struct aws *a, struct err *e) NODISCARD;
