/* The automations that Prefect leaves to its users: flow runs that hang in PENDING, and runs whose process is gone
 * without a word, are crashed, so that they stop holding slots. By REST; found again by name. */
#pragma once
#include "step/engine.h"

/* server/automations */
extern const struct step automation_steps[];
extern const size_t automation_n_steps;
