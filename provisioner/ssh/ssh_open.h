/* ssh_open with a limit of its own for TCP; for ssh_wait. */
#pragma once
#include "ssh/ssh.h"

int ssh_open_within(struct ssh **ret, const struct ssh_target *t, struct clock *clock, int64_t tcp_ms,
                    int64_t timeout_ms, enum ssh_stage *ret_stage, struct err *e) NODISCARD;
