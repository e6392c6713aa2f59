/* Wait probes for K3s; `ctx` is the struct run. See core/wait.h. */
#pragma once
#include "core/err.h"

int k3s_probe_containerd(void *ctx, char why[static 256], struct err *e);
/* API /readyz, the workload APIs discovered, and the node Ready. A unit that keeps dying gives up at once with the
 * journal's last line and, where it is known, the cause. */
int k3s_probe_ready(void *ctx, char why[static 256], struct err *e);
