/* The Prefect server in the cluster: Helm release prefect-server, then ready and answering with the right version. */
#pragma once
#include "step/engine.h"

/* server/release, server/ready */
extern const struct step server_k3s_steps[];
extern const size_t server_k3s_n_steps;
