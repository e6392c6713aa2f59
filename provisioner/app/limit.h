/* Global concurrency limits (v2), by REST. */
#pragma once
#include "step/engine.h"

/* server/limits */
extern const struct step limit_steps[];
extern const size_t limit_n_steps;
