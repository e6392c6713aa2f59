/* The machine's system, before and beside what runs Prefect. Steps for the engine. */
#pragma once
#include "step/engine.h"

/* system/facts: read in every run, and held against what the runtime needs. */
extern const struct step facts_k3s_steps[];
extern const size_t facts_k3s_n_steps;
extern const struct step facts_systemd_steps[];
extern const size_t facts_systemd_n_steps;
/* system/cloud-init: its final result, for machines of ours; late in the order, since nothing waits for it. */
extern const struct step cloud_init_steps[];
extern const size_t cloud_init_n_steps;
