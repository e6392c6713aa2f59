#include "flow/flow_run_time.h"
#include <stdio.h>
#include <time.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `n` digits, moving `p`; -1 when they are not there. */
static int number(const char **p, int n)
{
    int value = 0;

    for (; n > 0; n--, (*p)++) {
        if (!digit(**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool separator(const char **p, char want)
{
    if (**p != want)
        return false;
    (*p)++;
    return true;
}

static int64_t fraction_us(const char **p)
{
    int64_t us = 0, unit = 100000;

    if ((**p != '.' && **p != ',') || !digit((*p)[1]))
        return 0;
    for ((*p)++; digit(**p); (*p)++, unit /= 10)
        us += unit * (**p - '0');
    return us;
}

/* Seconds east of UTC; false when a sign is followed by something else. */
static bool offset_s(const char **p, int64_t *ret)
{
    const char *at = *p;

    *ret = 0;
    if (separator(p, 'Z') || (*at != '+' && *at != '-'))
        return true;
    (*p)++;
    int hours = number(p, 2);
    (void)separator(p, ':');
    int minutes = number(p, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret = (int64_t)(hours * 60 + minutes) * (*at == '-' ? -60 : 60);
    return true;
}

bool flow_run_time_scan(const char *text, int64_t *ret_us, const char **ret_rest)
{
    const char *p = text;
    struct tm tm = { .tm_isdst = 0 };
    int64_t east;

    tm.tm_year = number(&p, 4) - 1900;
    if (tm.tm_year < 0 || !separator(&p, '-') || (tm.tm_mon = number(&p, 2) - 1) < 0 || !separator(&p, '-') ||
        (tm.tm_mday = number(&p, 2)) < 1)
        return false;
    if ((*p != 'T' && *p != ' ') || !p++ || (tm.tm_hour = number(&p, 2)) < 0 || !separator(&p, ':') ||
        (tm.tm_min = number(&p, 2)) < 0 || !separator(&p, ':') || (tm.tm_sec = number(&p, 2)) < 0)
        return false;
    if (tm.tm_mon > 11 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    int64_t us = fraction_us(&p);
    if (!offset_s(&p, &east))
        return false;
    *ret_us = ((int64_t)timegm(&tm) - east) * 1000000 + us;
    if (ret_rest)
        *ret_rest = p;
    return true;
}

int64_t flow_run_time_us(const char *text)
{
    const char *rest;
    int64_t us;

    return flow_run_time_scan(text, &us, &rest) && !*rest ? us : -1;
}

static void broken_down(int64_t us, struct tm *ret)
{
    time_t t = (time_t)(us / 1000000);

    gmtime_r(&t, ret);
}

void flow_run_time_iso(int64_t us, char ret[static 32])
{
    struct tm tm;

    broken_down(us, &tm);
    size_t n = strftime(ret, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(ret + n, 32 - n, ".%06dZ", (int)(us % 1000000));
}

void flow_run_time_show(int64_t us, char ret[static 32])
{
    struct tm tm;

    broken_down(us, &tm);
    size_t n = strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm);
    (void)snprintf(ret + n, 32 - n, ".%03d", (int)(us / 1000 % 1000));
}
