/* One SSH connection, kept and multiplexed, over libssh2 1.10 in non-blocking mode: every wait has a deadline and
 * looks at cancel. No code path accepts a host key that was not named beforehand. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/sbuf.h"
#include "core/ui.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Stages that a user can tell apart; names by ssh_stage_name. */
enum ssh_stage { SSH_TCP, SSH_BANNER, SSH_HOST_KEY, SSH_AUTH, SSH_READY };

struct ssh_target {
    const char *host;
    int port;
    const char *user;
    const char *host_key; /* public key line or "SHA256:..."; required */
    const char *key_pem;  /* private key text */
};

struct ssh;
/* One attempt. `ret_stage` is how far it came. A wrong host key: ERR_CONFLICT, not retryable, both fingerprints in the
 * message. Refused authentication: ERR_AUTH, retryable (the user may not exist yet). TCP or banner: ERR_NET, retryable.
 */
int ssh_open(struct ssh **ret, const struct ssh_target *t, struct clock *clock, int64_t timeout_ms,
             enum ssh_stage *ret_stage, struct err *e) NODISCARD;
/* Attempts each 250 ms until the deadline; notes the stage and last error in `ui`. Host key mismatch stops at once,
 * refused authentication after 30 s of refusals. `running` (may be NULL) is asked between attempts: -1 stops the wait.
 */
int ssh_wait(struct ssh **ret, const struct ssh_target *t, struct clock *clock, struct ui *ui, int64_t deadline_ms,
             int (*running)(void *ctx, char why[static 256], struct err *e), void *ctx, struct err *e) NODISCARD;
void ssh_close(struct ssh *s); /* NULL is allowed */
const char *ssh_stage_name(enum ssh_stage stage);
/* The host key that was seen and matched, as a public key line. */
const char *ssh_host_key(const struct ssh *s);

struct ssh_opts {
    bool sudo;          /* run as root: sudo -n -- ... (as it is when the user is root) */
    const char *input;  /* stdin text, or NULL; never logged */
    size_t input_len;   /* 0: strlen(input) */
    int64_t timeout_ms; /* 0: 60 s */
    bool any_status;    /* a non-zero exit is not an error; see result.status */
    const char *what;   /* for messages, instead of argv[0] */
};

struct ssh_result {
    int status;      /* exit status; valid only when the call returned 0 */
    struct sbuf out; /* up to 4 MiB */
    struct sbuf err; /* the last 64 KiB are kept */
};

#define SSH_RESULT_INIT                             \
    {                                               \
        -1, SBUF_INIT(4 << 20), SBUF_INIT(64 << 10) \
    }
#define AUTO_SSH_RESULT __attribute__((cleanup(ssh_result_done)))
void ssh_result_done(struct ssh_result *r);

/* Run argv, each word quoted. Success only when the exit status came back (own trailer with a nonce, since libssh2
 * reports 0 when none arrived): else ERR_NET "no exit status". Non-zero: ERR_REMOTE with the last lines of stderr. */
int ssh_run(struct ssh *s, const char *const argv[], const struct ssh_opts *o, struct ssh_result *ret, struct err *e)
    NODISCARD;
/* Run a constant POSIX sh script (text fed to `sh -s -- args...` on stdin); args reach it as $1... */
int ssh_script(struct ssh *s, const char *script, const char *const args[], const struct ssh_opts *o,
               struct ssh_result *ret, struct err *e) NODISCARD;
/* Attach the terminal (stdin/out/err of this process) to a command, or to a login shell when argv is NULL (pty). */
int ssh_attach(struct ssh *s, const char *const argv[], int *ret_status, struct err *e) NODISCARD;

/* Progress of an upload. */
typedef void ssh_progress(void *ctx, off_t done, off_t total);

struct ssh_file {
    const char *path;   /* there; absolute */
    const char *mode;   /* "0755" */
    const char *owner;  /* "root:root" or NULL */
    const char *sha256; /* demanded of the bytes as they lie there, before the rename; NULL: none */
};

/* Write `path.tmp` there as root (missing directories are made, 0755), check, set mode, sync, rename. A wrong digest:
 * ERR_CONFLICT and the file is removed.
 */
int ssh_put_text(struct ssh *s, const struct ssh_file *f, const char *text, size_t len, struct err *e) NODISCARD;
int ssh_put_fd(struct ssh *s, const struct ssh_file *f, int fd, off_t size, int64_t timeout_ms, ssh_progress *progress,
               void *ctx, struct err *e) NODISCARD;

/* A stream to host:port as seen from the machine (direct-tcpip), as one end of a socketpair. It moves only while
 * ssh_pump runs, so callers poll `fd` together with ssh_pump. The caller closes `ret_fd`. */
struct ssh_stream;
int ssh_stream_open(struct ssh *s, const char *host, int port, struct ssh_stream **ret, int *ret_fd, struct err *e)
    NODISCARD;
void ssh_stream_close(struct ssh_stream *st);
/* Move what can be moved on all streams; waits up to `wait_ms` for something to happen on them or on `extra_fds`. */
int ssh_pump(struct ssh *s, int64_t wait_ms, const int *extra_fds, size_t n_extra, struct err *e) NODISCARD;
/* Listen on 127.0.0.1:`port` (0: any; `ret_port`), forward each connection to host:port there, until cancelled or
 * `until` (may be NULL) returns true. */
int ssh_forward(struct ssh *s, int port, const char *host, int there, int *ret_port, void (*ready)(void *ctx, int port),
                bool (*until)(void *ctx), void *ctx, struct err *e) NODISCARD;
