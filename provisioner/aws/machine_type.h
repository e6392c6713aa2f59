/* machine.size as an instance type, and what AWS says of the type. */
#pragma once
#include "aws/aws.h"

/* "t3.large"; borrowed. A size such as 2x4 that the table has nothing for is refused by aws_machine_type_look. */
const char *aws_machine_type(const struct run *r);

struct aws_machine {
    char arch[16]; /* "x86_64" or "arm64": as EC2 writes it */
    int vcpus;
    int64_t mem_mib;
};

/* ERR_SPEC: there is no such type here, or it is too small for Prefect. */
int aws_machine_type_look(struct run *r, struct aws *a, struct aws_machine *ret, struct err *e) NODISCARD;
