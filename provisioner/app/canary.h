/* The proof: a small flow with one task is deployed and run on the first work pool. Done when the flow run is
 * COMPLETED, its task run is recorded, and its Job is gone or has a TTL. */
#pragma once
#include "step/engine.h"

/* canary/run */
extern const struct step canary_steps[];
extern const size_t canary_n_steps;
