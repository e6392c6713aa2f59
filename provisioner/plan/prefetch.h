/* Artifacts on this host while the machine boots. Best effort where the machine could fetch them itself. */
#pragma once
#include "step/engine.h"

/* artifacts/local */
extern const struct step prefetch_steps[];
extern const size_t prefetch_n_steps;
