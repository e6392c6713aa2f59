/* How a pod reaches the Prefect API. */
#pragma once
#include "step/run.h"
#include <jansson.h>

#define POD_API_URL "http://prefect-server.prefect.svc.cluster.local:4200/api"

/* Environment of a container, as Kubernetes has it: address, and the credentials by reference to their Secret.
 * New reference. */
json_t *pod_env(const struct run *r);
/* The part of chart prefect-worker's values that says which API: {"worker": {...}}. New reference. */
json_t *pod_worker_values(const struct run *r);
