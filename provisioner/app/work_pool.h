/* Work pools by REST: type, base job template (namespace, image, limits, deadline, TTL) and concurrency limit. */
#pragma once
#include "step/engine.h"

/* worker/work-pools */
extern const struct step work_pool_steps[];
extern const size_t work_pool_n_steps;
