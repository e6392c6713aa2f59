/* What keeps a run that is SCHEDULED or PENDING from running. */
#pragma once
#include "app/prefect_api.h"
#include "step/run.h"
#include <jansson.h>
#include <stddef.h>

/* In words, from the answers of the API: the run, its pool (NULL: it has none), the queue and workers of the pool. */
void flow_run_why(const json_t *run, const json_t *pool, const json_t *queue, const json_t *workers,
                  char ret[static 256]);
/* The same with a look at the server, and for a PENDING run at its infrastructure. What cannot be seen is left out. */
void flow_run_why_look(struct run *r, struct prefect_api *api, const json_t *run, char ret[static 256]);
