/* Provider `ssh`: a machine that is there already. Nothing to make, nothing to destroy. */
#pragma once
#include "cloud/provider.h"

extern const struct provider_ops ssh_host_ops;
