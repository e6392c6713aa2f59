/* What a bootstrap will need of the account, looked at without a change: identity, rights (DryRun of each call), type
 * offered, image found, vCPU quota left, own address inside ssh_from, CIDR clash. */
#pragma once
#include "aws/aws.h"

/* Appends {"check","status": "ok"|"fail"|"unknown","detail","remedy"} rows. -1 only when nothing can be looked at. */
int aws_doctor(struct run *r, struct provider *p, json_t *rows, struct err *e) NODISCARD;
