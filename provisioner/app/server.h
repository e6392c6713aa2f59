/* The Prefect server: Helm release prefect-server, then ready and answering with the right version. */
#pragma once
#include "step/engine.h"

/* server/release, server/ready */
extern const struct step server_steps[];
extern const size_t server_n_steps;
