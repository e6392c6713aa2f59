/* One way to fail: every function that can fail returns -1 and fills the `struct err` its caller owns.
 * Printed once, by main(). The message runs outermost first: "node 'n1': insert: HTTP 429". Lower case,
 * the thing in quotes, no full stop. Never overwrite a filled err: wrap it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NODISCARD              __attribute__((warn_unused_result))

/* What went wrong decides the exit status (err_exit_status). */
enum err_code {
    ERR_NONE,
    ERR_INTERNAL, /* a defect of ours, or this host refused (disk full, no memory) */
    ERR_USAGE,    /* the command line */
    ERR_SPEC,     /* the spec file */
    ERR_AUTH,     /* credentials or rights */
    ERR_QUOTA,    /* quota or capacity */
    ERR_REMOTE,   /* the other side refused or failed */
    ERR_NET,      /* the other side was not reached */
    ERR_TIMEOUT,  /* a named wait passed its deadline */
    ERR_CONFLICT, /* lock held, foreign object, changed body, newer state */
    ERR_LEFTOVER, /* teardown left something */
    ERR_CANCELED, /* interrupted */
};

struct err {
    enum err_code code;
    int sys;        /* errno at the point of failure, or 0 */
    bool retryable; /* the same call, unchanged, may succeed later */
    char msg[4096]; /* one sentence; may hold several lines for ERR_SPEC (all problems at once) */
    char hint[512]; /* the remedy, or "" */
};

#define ERR_INIT                   \
    {                              \
        ERR_NONE, 0, false, "", "" \
    }

/* All return -1, so that `return err_set(...)` reads as one line. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_sys(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4); /* adds ": strerror(errno)" */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);                    /* puts context in front */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);                    /* sets the remedy */
void err_clear(struct err *e);

/* Exit status and stable name ("spec", "timeout", ...) of a code; the table is also the man page's. */
int err_exit_status(enum err_code code);
const char *err_name(enum err_code code);
