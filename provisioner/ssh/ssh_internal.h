/* Shared by the files of ssh/; not for callers. */
#pragma once
#include <libssh2.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/sbuf.h"
#include "ssh/ssh.h"

enum {
    SSH_BACKLOG = 512 << 10, /* bytes not yet taken by the kernel, from which on no more channel data is made */
    SSH_CHUNK = 64 << 10,
    SSH_OPEN_MS = 30000,  /* for a channel to open */
    SSH_CLOSE_MS = 2000,  /* for the other side to agree that a channel is closed */
    SSH_POLL_MS = 250,    /* longest blind time: cancel is looked at this often */
    SSH_KEEPALIVE_S = 15, /* keeps NAT entries alive */
    SSH_SILENCE_MS = 60000,
};

/* Bytes for the socket. libssh2 must never see EAGAIN while sending: with a packet half sent, a call for any other
 * channel fails (send_existing in its transport.c), so several channels could not share the session. */
struct ssh_out {
    char *data;
    size_t off, len, cap;
};

struct ssh {
    int fd;
    LIBSSH2_SESSION *session;
    struct clock *clock;
    char *name; /* "user@host:port" */
    char *user;
    char *host_key;
    bool dead;     /* the session is in an unknown state or the socket is gone */
    char why[256]; /* why dead */
    struct ssh_out out;
    struct ssh_stream *streams;
    LIBSSH2_CHANNEL *anchor; /* kept open by ssh_forward */
};

struct ssh_deadline {
    int64_t at_ms, since_ms;
    const char *what; /* "command 'x'": for "WHAT: not finished after N s" */
};

struct ssh_deadline ssh_deadline(const struct ssh *s, const char *what, int64_t timeout_ms);

/* ssh_io.c: the socket */
ssize_t ssh_io_send(libssh2_socket_t fd, const void *buf, size_t len, int flags, void **abstract);
/* Wait for the socket, flush what is pending, keep the connection alive. ERR_TIMEOUT at the deadline. */
int ssh_io_wait(struct ssh *s, const struct ssh_deadline *d, struct err *e) NODISCARD;
/* The same with the caller's descriptors `p`, the last of which is the connection; not an error when `wait_ms` ends. */
int ssh_io_wait_fds(struct ssh *s, const struct ssh_deadline *d, struct pollfd *p, size_t n, int64_t wait_ms,
                    struct err *e) NODISCARD;
int ssh_io_flush(struct ssh *s, struct err *e) NODISCARD;

static inline bool ssh_io_full(const struct ssh *s)
{
    return s->out.len - s->out.off > SSH_BACKLOG;
}

/* `rc` of a libssh2 call into an error; a lost connection is ERR_NET and makes the session dead. */
int ssh_io_error(struct ssh *s, int rc, const char *what, struct err *e);
/* Give the session up: libssh2 keeps half-done state that no other call may meet. */
void ssh_io_kill(struct ssh *s, const char *why);
int ssh_io_alive(const struct ssh *s, struct err *e) NODISCARD;

/* ssh_channel.c */
LIBSSH2_CHANNEL *ssh_channel_open(struct ssh *s, const struct ssh_deadline *d, struct err *e) NODISCARD;
int ssh_channel_exec(struct ssh *s, LIBSSH2_CHANNEL *ch, const char *cmd, const struct ssh_deadline *d, struct err *e)
    NODISCARD;
void ssh_channel_close(struct ssh *s, LIBSSH2_CHANNEL *ch);

/* ssh_command.c: one string for the remote shell, and the trailer that brings the exit status */
#define SSH_NONCE 24

struct ssh_command {
    struct sbuf line;
    char nonce[SSH_NONCE + 1];
};

void ssh_command_make(struct ssh_command *c, const char *const argv[], bool sudo);
void ssh_command_done(struct ssh_command *c);
/* Find and cut the trailer in `err`; false when none is there. */
bool ssh_command_status(const struct ssh_command *c, struct sbuf *err, int *ret_status);

/* ssh_tcp.c */
int ssh_tcp_connect(const char *host, int port, struct clock *clock, int64_t timeout_ms, int *ret_fd, struct err *e)
    NODISCARD;

/* ssh_exec.c: what ssh_run, ssh_script and ssh_put_fd have in common */
struct ssh_exec {
    const char *const *argv;
    bool sudo, any_status;
    const char *what;
    int64_t timeout_ms;
    const char *input; /* text, or else what `fill` gives */
    size_t input_len;
    ssize_t (*fill)(void *ctx, char *buf, size_t size, struct err *e); /* 0 at the end, -1 on error */
    void *ctx;
};

int ssh_exec(struct ssh *s, const struct ssh_exec *x, struct ssh_result *ret, struct err *e) NODISCARD;

/* ssh_stream.c */
/* Serve `fd` (taken over) by a new direct-tcpip channel; opens within ssh_pump. */
struct ssh_stream *ssh_stream_attach(struct ssh *s, const char *host, int port, int fd);
/* Put `fd` (taken over) in the place of the local end. */
void ssh_stream_plug(struct ssh_stream *st, int fd);
/* Nobody will ask for it: it is freed once it has ended. */
void ssh_stream_release(struct ssh_stream *st);
bool ssh_stream_opening(const struct ssh *s);
void ssh_stream_reap(struct ssh *s);
size_t ssh_stream_count(const struct ssh *s);
/* Close what was released, and wait for it, but not for long. */
void ssh_stream_close_released(struct ssh *s);
void ssh_stream_free_all(struct ssh *s);
