/* Rules for `provider.aws`. */
#pragma once
#include "spec/whole.h"

/* Over more than one field: region and zones, a shared subnet, the networks of K3s and Docker. */
void check_aws(const struct whole *w);
