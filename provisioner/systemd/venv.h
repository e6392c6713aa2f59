/* Prefect in a virtual environment of the machine's Python, from wheels whose digests the lock names. */
#pragma once
#include "step/engine.h"

#define VENV_PYTHON "/var/lib/slipway/venv/bin/python"

/* venv/install */
extern const struct step venv_steps[];
extern const size_t venv_n_steps;
