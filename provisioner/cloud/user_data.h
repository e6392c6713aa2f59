/* What first contact needs of the user data; the contract is in provider.h. */
#pragma once
#include "step/run.h"

/* Public half of the injected host key, from the frozen file; NULL when there is none. Caller frees. */
char *user_data_host_key(const struct run *r);
