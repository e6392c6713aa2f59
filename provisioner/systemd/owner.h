/* Whose Prefect this machine runs: the mark that refuses a second deployment, and the removal of all that one made. */
#pragma once
#include "step/engine.h"

#define SYSTEMD_ETC "/etc/slipway" /* 0700: units' environments, passwords, the mark */

/* systemd/owner: mark, directories and the two system users; its undo removes units, database, venv, users and the
 * packages that came with them. */
extern const struct step owner_steps[];
extern const size_t owner_n_steps;
