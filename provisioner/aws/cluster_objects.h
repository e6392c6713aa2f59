/* What Kubernetes' own drivers made in the account: volumes, load balancers and their security groups, known by the
 * cluster's tag kubernetes.io/cluster/ID. They hold the user's data or serve his users: listed, and removed only when
 * asked for. */
#pragma once
#include "aws/aws.h"

/* Appends {"kind","name","remove","key"} rows; read-only. `remove` is the action that takes it away, with `key`=name.
 */
int aws_cluster_objects(struct run *r, struct aws *a, json_t *rows, struct err *e) NODISCARD;
