/* Time that a test can replace. Deadlines use the monotonic clock, in milliseconds. */
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stdint.h>

struct clock {
    int64_t waited_ms; /* time spent waiting for a machine, a child or the network: wall time less this is our own
                          overhead */
    int64_t (*mono_ms)(struct clock *c);
    int64_t (*wall_ms)(struct clock *c);                         /* since the epoch, UTC */
    int (*sleep_ms)(struct clock *c, int64_t ms, struct err *e); /* ERR_CANCELED when a signal asked to stop */
};

/* The real clock; lives for the whole program. */
struct clock *clock_real(void);
/* "2026-11-21T04:05:06Z" into 21 bytes. */
void clock_iso8601(int64_t wall_ms, char ret[static 21]);
