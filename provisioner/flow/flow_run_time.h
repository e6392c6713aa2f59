/* Points in time as Prefect, Kubernetes and the journal write them: RFC 3339. Microseconds since the epoch, UTC. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Read "2026-11-21T07:27:46.945822Z" at the start of `text`: 'T' or a blank between, no or up to 9 digits of fraction,
 * 'Z' or an offset (+01:00, +0100), or neither for UTC. False when there is none. `ret_rest` (may be NULL): what
 * follows it. */
bool flow_run_time_scan(const char *text, int64_t *ret_us, const char **ret_rest);
/* The same for a whole field; -1 when it holds none. */
int64_t flow_run_time_us(const char *text);
/* "2026-11-21T07:27:46.945822Z", for the API. */
void flow_run_time_iso(int64_t us, char ret[static 32]);
/* "2026-11-21 07:27:46.945", for people. */
void flow_run_time_show(int64_t us, char ret[static 32]);
