/* The user's values of chart prefect-server. */
#pragma once
#include "core/err.h"
#include <jansson.h>

/* ERR_SPEC when they ask for more than one server process, which needs a Redis that slipway does not set up: without it
 * each process has events, leases and a scheduler of its own, so that task runs are lost and scheduled runs are
 * doubled. Source: Prefect 3.8.3, "self-hosted", and chart prefect-server 2026.8.18172642. */
int server_values_fit(const json_t *values, struct err *e) NODISCARD;
