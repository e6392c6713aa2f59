/* Runtime k3s with a server that exists: the namespace, and the key or password by which pods reach it. */
#pragma once
#include "step/engine.h"

/* server/credentials */
extern const struct step credentials_steps[];
extern const size_t credentials_n_steps;
