/* Children from an argv array, never from a shell line. Descriptors are closed on exec; the environment is
 * built: PATH, HOME, LANG=C.UTF-8, proxy and CA variables, and what `env` adds. A child dies with us unless detached.
 */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct clock;

struct proc_opts {
    const char *input;      /* stdin text, or NULL for /dev/null */
    const char *const *env; /* "NAME=value" added, NULL-terminated, or NULL */
    struct sbuf *out, *err; /* NULL: discarded (out) / kept for the error message (err) */
    int64_t timeout_ms;     /* 0: no limit but cancel */
    bool any_status;        /* a non-zero exit is not an error; see `status` */
    int *status;            /* exit status, 128+signal */
    struct clock *clock;    /* the time waited is added to its waited_ms; NULL: not counted */
};

/* Run and wait. Non-zero exit: ERR_REMOTE with the last lines of stderr. Not found: ERR_INTERNAL, e->sys == ENOENT. */
int proc_run(const char *const argv[], const struct proc_opts *o, struct err *e) NODISCARD;
/* Start in its own session with stdout and stderr appended to `log_fd`; lives on when we exit. */
int proc_detach(const char *const argv[], const struct proc_opts *o, int log_fd, pid_t *ret, struct err *e) NODISCARD;
/* Start a command of the user's: his PATH and environment plus `env`, our terminal; dies with us. */
int proc_spawn(const char *const argv[], const char *const *env, pid_t *ret, struct err *e) NODISCARD;
/* Has it ended? Then its exit status (128+signal) is in `ret_status`, and it has been waited for. */
bool proc_ended(pid_t pid, int *ret_status);
/* Identity that a reused pid does not have: start time in clock ticks since boot (proc(5) stat field 22); 0 if gone. */
uint64_t proc_start_time(pid_t pid);
/* True when `name` is an executable on PATH (plus the sbin directories). */
bool proc_have(const char *name);
