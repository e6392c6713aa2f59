/* The one way to wait: a name, a deadline, a poll interval, progress, and the last error in the message. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include <stdint.h>

/* 1: what was waited for is there. 0: not yet; `why` (may be "") says what was seen. -1: give up now, `e` says why. */
typedef int wait_probe(void *ctx, char why[static 256], struct err *e);

struct wait {
    const char *name;    /* "TCP port 22 of 10.0.0.2" */
    int64_t deadline_ms; /* monotonic */
    int64_t every_ms;    /* poll interval */
};

/* ERR_TIMEOUT: "NAME: not after N s; last seen: WHY". ERR_CANCELED on a signal. */
int wait_for(const struct wait *w, struct clock *c, struct ui *ui, wait_probe *probe, void *ctx, struct err *e)
    NODISCARD;
