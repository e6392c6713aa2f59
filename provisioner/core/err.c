#include "core/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct code_row {
    const char *name;
    int exit_status;
};

static const struct code_row codes[] = {
    [ERR_NONE] = { "ok", 0 },           [ERR_INTERNAL] = { "internal", 1 }, [ERR_USAGE] = { "usage", 2 },
    [ERR_SPEC] = { "spec", 2 },         [ERR_AUTH] = { "auth", 3 },         [ERR_QUOTA] = { "quota", 4 },
    [ERR_REMOTE] = { "remote", 5 },     [ERR_NET] = { "net", 5 },           [ERR_TIMEOUT] = { "timeout", 6 },
    [ERR_CONFLICT] = { "conflict", 7 }, [ERR_LEFTOVER] = { "leftover", 8 }, [ERR_CANCELED] = { "interrupted", 130 },
};

int err_exit_status(enum err_code code)
{
    return codes[code].exit_status;
}

const char *err_name(enum err_code code)
{
    return codes[code].name;
}

void err_clear(struct err *e)
{
    e->code = ERR_NONE;
    e->sys = 0;
    e->retryable = false;
    e->msg[0] = e->hint[0] = '\0';
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    err_clear(e);
    e->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    return -1;
}

int err_sys(struct err *e, enum err_code code, const char *fmt, ...)
{
    int sys = errno;
    va_list ap;

    err_clear(e);
    e->code = code;
    e->sys = sys;
    va_start(ap, fmt);
    (void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    size_t n = strlen(e->msg);
    (void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", strerror(sys));
    return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof(e->msg)];
    va_list ap;

    memcpy(inner, e->msg, sizeof(inner));
    va_start(ap, fmt);
    (void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    size_t n = strlen(e->msg);
    (void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", inner);
    return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
    return -1;
}
