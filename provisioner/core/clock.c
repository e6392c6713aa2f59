#include "core/clock.h"
#include "core/cancel.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_mono_ms(struct clock *c)
{
    (void)c;
    return now_ms(CLOCK_MONOTONIC);
}

static int64_t real_wall_ms(struct clock *c)
{
    (void)c;
    return now_ms(CLOCK_REALTIME);
}

static int real_sleep_ms(struct clock *c, int64_t ms, struct err *e)
{
    struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)c;
    /* A signal ends the sleep early; the caller's loop looks at its deadline anyway. */
    (void)nanosleep(&ts, NULL);
    return cancel_check(e);
}

struct clock *clock_real(void)
{
    static struct clock real = { 0, real_mono_ms, real_wall_ms, real_sleep_ms };

    return &real;
}

void clock_iso8601(int64_t wall_ms, char ret[static 21])
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;

    gmtime_r(&t, &tm);
    (void)strftime(ret, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
