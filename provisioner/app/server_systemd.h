/* The Prefect server as a unit of the machine's systemd, on loopback only, with basic auth. */
#pragma once
#include "step/engine.h"

/* server/unit, server/answers */
extern const struct step server_systemd_steps[];
extern const size_t server_systemd_n_steps;

#define SERVER_UNIT "slipway-prefect-server.service"
