/* The machine's system before and beside K3s. Steps for the engine. */
#pragma once
#include "step/engine.h"

/* system/facts: read in every run. */
extern const struct step facts_steps[];
extern const size_t facts_n_steps;
/* system/cloud-init: its final result, for machines of ours; late in the order, since nothing waits for it. */
extern const struct step cloud_init_steps[];
extern const size_t cloud_init_n_steps;
