/* PostgreSQL in the cluster: namespace, generated credentials that survive re-runs, StatefulSet with a volume. */
#pragma once
#include "core/err.h"
#include "step/engine.h"

/* database/secrets, database/postgres (starts it; server/ready waits for both) */
extern const struct step database_k3s_steps[];
extern const size_t database_k3s_n_steps;

#define PREFECT_USER "prefect" /* of the database and of the UI's basic auth */
