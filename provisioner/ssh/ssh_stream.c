#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum state { OPENING, MOVING, CLOSING, FINISHED };

/* One direction: bytes that were taken from one side and not yet given to the other. */
struct half {
    char buf[SSH_CHUNK];
    size_t off, len;
};

struct ssh_stream {
    struct ssh_stream *next;
    struct ssh *s;
    char *host;
    int port, fd;
    LIBSSH2_CHANNEL *ch;
    enum state state;
    bool released;         /* nobody holds the pointer: free it once finished */
    bool fd_eof, eof_sent; /* the local side has no more to say; told to the other side */
    bool ch_eof, fd_shut;  /* the far side has no more to say; told to the local side */
    bool broken;           /* the local side is gone */
    int64_t closing_ms;
    struct err why; /* the channel did not open */
    struct half up, down;
};

struct ssh_stream *ssh_stream_attach(struct ssh *s, const char *host, int port, int fd)
{
    struct ssh_stream *st = xcalloc(1, sizeof(*st)), **end = &s->streams;

    st->s = s;
    st->host = xstrdup(host);
    st->port = port;
    st->fd = fd;
    /* At the end: libssh2 opens one channel at a time, and the first that waits is the one. */
    while (*end)
        end = &(*end)->next;
    *end = st;
    return st;
}

void ssh_stream_plug(struct ssh_stream *st, int fd)
{
    if (st->state != MOVING) {
        close(fd);
        return;
    }
    close(st->fd);
    st->fd = fd;
}

void ssh_stream_release(struct ssh_stream *st)
{
    st->released = true;
}

bool ssh_stream_opening(const struct ssh *s)
{
    for (const struct ssh_stream *st = s->streams; st; st = st->next)
        if (st->state == OPENING)
            return true;
    return false;
}

size_t ssh_stream_count(const struct ssh *s)
{
    size_t n = 0;

    for (const struct ssh_stream *st = s->streams; st; st = st->next)
        n++;
    return n;
}

static void close_fd(struct ssh_stream *st)
{
    if (st->fd >= 0)
        close(st->fd);
    st->fd = -1;
}

static void start_closing(struct ssh_stream *st)
{
    close_fd(st);
    st->state = CLOSING;
    st->closing_ms = st->s->clock->mono_ms(st->s->clock);
}

static bool lost(int rc)
{
    return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND;
}

static int open_channel(struct ssh_stream *st, struct err *e)
{
    char *text = NULL;

    st->ch = libssh2_channel_direct_tcpip_ex(st->s->session, st->host, st->port, "127.0.0.1", 22);
    if (st->ch) {
        st->state = MOVING;
        return 1;
    }
    int rc = libssh2_session_last_error(st->s->session, &text, NULL, 0);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return 0;
    if (lost(rc))
        return ssh_io_error(st->s, rc, "open stream", e);
    (void)err_set(&st->why, ERR_NET, "port %d of %s, seen from %s: %s", st->port, st->host, st->s->name,
                  text ? text : "refused");
    st->why.retryable = true;
    close_fd(st);
    st->state = FINISHED;
    return 1;
}

static int take_from_channel(struct ssh_stream *st, struct err *e)
{
    /* Also with no room left the socket is read: otherwise poll would call for it again and again. */
    bool room = st->down.off == st->down.len;
    ssize_t n = libssh2_channel_read(st->ch, st->down.buf, room ? sizeof(st->down.buf) : 0);

    if (n < 0 && lost((int)n))
        return ssh_io_error(st->s, (int)n, "stream", e);
    if (!room)
        return 0;
    st->down.off = 0;
    st->down.len = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return 1;
    if (n == LIBSSH2_ERROR_EAGAIN || st->ch_eof || (n == 0 && !libssh2_channel_eof(st->ch)))
        return 0;
    st->ch_eof = true;
    return 1;
}

static int give_to_fd(struct ssh_stream *st)
{
    struct half *h = &st->down;

    if (h->off < h->len) {
        ssize_t n = send(st->fd, h->buf + h->off, h->len - h->off, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            st->broken = true;
        h->off += n > 0 ? (size_t)n : 0;
        return n > 0;
    }
    if (!st->ch_eof || st->fd_shut)
        return 0;
    (void)shutdown(st->fd, SHUT_WR);
    st->fd_shut = true;
    return 1;
}

static int take_from_fd(struct ssh_stream *st)
{
    struct half *h = &st->up;

    if (h->off < h->len || st->fd_eof || st->broken || ssh_io_full(st->s))
        return 0;
    ssize_t n = recv(st->fd, h->buf, sizeof(h->buf), MSG_DONTWAIT);
    h->off = 0;
    h->len = n > 0 ? (size_t)n : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        st->broken = true;
    if (n == 0)
        st->fd_eof = true;
    return n >= 0;
}

static int give_to_channel(struct ssh_stream *st, struct err *e)
{
    struct half *h = &st->up;
    ssize_t n;

    if (h->off < h->len)
        n = libssh2_channel_write(st->ch, h->buf + h->off, h->len - h->off);
    else if (st->fd_eof && !st->eof_sent)
        n = libssh2_channel_send_eof(st->ch);
    else
        return 0;
    if (n == LIBSSH2_ERROR_EAGAIN)
        return 0;
    if (n < 0 && lost((int)n))
        return ssh_io_error(st->s, (int)n, "stream", e);
    if (h->off < h->len && n >= 0) {
        h->off += (size_t)n;
        return n > 0;
    }
    /* Either the end is told, or the far side takes nothing any more. */
    h->off = h->len = 0;
    st->fd_eof = st->eof_sent = true;
    return 1;
}

static int move(struct ssh_stream *st, struct err *e)
{
    int a = take_from_channel(st, e), b = 0;

    if (a < 0)
        return -1;
    a |= give_to_fd(st);
    a |= take_from_fd(st);
    b = give_to_channel(st, e);
    if (b < 0)
        return -1;
    if (st->broken || (st->fd_shut && st->eof_sent)) {
        start_closing(st);
        return 1;
    }
    return a | b;
}

/* 1: finished, 0: the other side has not answered yet */
static int finish(struct ssh_stream *st)
{
    int64_t now = st->s->clock->mono_ms(st->s->clock);

    if (st->ch && !st->s->dead && libssh2_channel_free(st->ch) == LIBSSH2_ERROR_EAGAIN &&
        now - st->closing_ms < SSH_CLOSE_MS)
        return 0;
    st->ch = NULL; /* what could not be freed is freed with the session */
    st->state = FINISHED;
    return 1;
}

void ssh_stream_reap(struct ssh *s)
{
    for (struct ssh_stream **p = &s->streams; *p;) {
        struct ssh_stream *st = *p;
        if (st->state == CLOSING)
            (void)finish(st);
        if (st->state != FINISHED || !st->released) {
            p = &st->next;
            continue;
        }
        *p = st->next;
        close_fd(st);
        free(st->host);
        secret_wipe(&st->up, sizeof(st->up));
        secret_wipe(&st->down, sizeof(st->down));
        free(st);
    }
}

static bool any_released(const struct ssh *s)
{
    for (const struct ssh_stream *st = s->streams; st; st = st->next)
        if (st->released)
            return true;
    return false;
}

static int pass(struct ssh *s, struct err *e)
{
    bool opening = false;
    int moved = 0;

    for (struct ssh_stream *st = s->streams; st; st = st->next) {
        int rc = 0;
        if (st->state == OPENING && !opening) {
            opening = true;
            rc = open_channel(st, e);
        } else if (st->state == MOVING) {
            rc = move(st, e);
        } else if (st->state == CLOSING) {
            rc = finish(st);
        }
        if (rc < 0)
            return -1;
        moved |= rc;
    }
    if (s->anchor && libssh2_channel_read(s->anchor, (char[1]){ 0 }, 0) == LIBSSH2_ERROR_SOCKET_DISCONNECT)
        return ssh_io_error(s, LIBSSH2_ERROR_SOCKET_DISCONNECT, "connection", e);
    return moved;
}

static short wanted(const struct ssh_stream *st)
{
    short events = 0;

    if (st->state != MOVING)
        return 0;
    if (st->down.off < st->down.len)
        events |= POLLOUT;
    if (st->up.off == st->up.len && !st->fd_eof && !ssh_io_full(st->s))
        events |= POLLIN;
    return events;
}

/* Number of ready `extra` descriptors, or -1. */
static int sleep_on(struct ssh *s, int64_t wait_ms, const int *extra, size_t n_extra, struct err *e)
{
    size_t n = 0, streams = ssh_stream_count(s);
    AUTO_FREE struct pollfd *p = xcalloc(1 + streams + n_extra, sizeof(*p));
    struct ssh_deadline d = ssh_deadline(s, "pump", wait_ms + 1000);
    int ready = 0;

    for (size_t i = 0; i < n_extra; i++)
        p[n++] = (struct pollfd){ extra[i], POLLIN, 0 };
    for (const struct ssh_stream *st = s->streams; st; st = st->next) {
        short events = wanted(st);
        p[n++] = (struct pollfd){ events ? st->fd : -1, events, 0 };
    }
    /* Without a channel nobody reads the socket. */
    p[n++] = (struct pollfd){ s->fd, streams || s->anchor ? POLLIN : POLLRDHUP, 0 };
    if (ssh_io_wait_fds(s, &d, p, n, wait_ms, e) < 0)
        return -1;
    for (size_t i = 0; i < n_extra; i++)
        ready += p[i].revents != 0;
    if (!streams && !s->anchor && p[n - 1].revents & (POLLRDHUP | POLLHUP | POLLERR))
        return ssh_io_error(s, LIBSSH2_ERROR_SOCKET_DISCONNECT, "connection", e);
    return ready;
}

int ssh_pump(struct ssh *s, int64_t wait_ms, const int *extra_fds, size_t n_extra, struct err *e)
{
    int64_t now = s->clock->mono_ms(s->clock), until = now + wait_ms;
    bool ready = false;

    for (;;) {
        if (ssh_io_alive(s, e) < 0)
            return -1;
        int moved = pass(s, e);
        if (moved < 0 || ssh_io_flush(s, e) < 0)
            return -1;
        ssh_stream_reap(s);
        now = s->clock->mono_ms(s->clock);
        if (moved || ready || now >= until)
            return 0;
        int rc = sleep_on(s, until - now, extra_fds, n_extra, e);
        if (rc < 0)
            return -1;
        ready = rc > 0;
    }
}

int ssh_stream_open(struct ssh *s, const char *host, int port, struct ssh_stream **ret, int *ret_fd, struct err *e)
{
    int pair[2];
    struct ssh_deadline d = ssh_deadline(s, "open stream", SSH_OPEN_MS);

    if (ssh_io_alive(s, e) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return err_sys(e, ERR_INTERNAL, "socketpair");
    struct ssh_stream *st = ssh_stream_attach(s, host, port, pair[0]);
    while (st->state == OPENING && s->clock->mono_ms(s->clock) < d.at_ms)
        if (ssh_pump(s, SSH_POLL_MS, NULL, 0, e) < 0)
            break;
    if (st->state == OPENING) {
        if (!e->code)
            (void)err_set(e, ERR_TIMEOUT, "port %d of %s, seen from %s: not open after %d s", port, host, s->name,
                          SSH_OPEN_MS / 1000);
        ssh_io_kill(s, "given up while a stream was opening");
    }
    if (st->state == OPENING || st->why.code) {
        if (!e->code)
            *e = st->why;
        close(pair[1]);
        ssh_stream_close(st);
        return -1;
    }
    *ret = st;
    *ret_fd = pair[1];
    return 0;
}

void ssh_stream_close(struct ssh_stream *st)
{
    struct ssh *s;
    struct err ignored = ERR_INIT;

    if (!st)
        return;
    s = st->s;
    st->released = true;
    if (st->state == OPENING && s->dead) {
        close_fd(st);
        st->state = FINISHED;
    } else if (st->state == MOVING) {
        start_closing(st);
    }
    ssh_stream_reap(s);
    if (!s->dead && ssh_io_flush(s, &ignored) < 0)
        err_clear(&ignored); /* the next call on the connection says it */
}

void ssh_stream_close_released(struct ssh *s)
{
    struct err ignored = ERR_INIT;
    int64_t until = s->clock->mono_ms(s->clock) + SSH_CLOSE_MS;

    for (struct ssh_stream *st = s->streams; st; st = st->next)
        if (st->released && st->state == MOVING)
            start_closing(st);
    while (!s->dead && any_released(s) && s->clock->mono_ms(s->clock) < until)
        if (ssh_pump(s, SSH_POLL_MS, NULL, 0, &ignored) < 0)
            return;
}

void ssh_stream_free_all(struct ssh *s)
{
    for (struct ssh_stream *st = s->streams; st; st = st->next) {
        close_fd(st);
        st->released = true;
        st->state = FINISHED; /* libssh2 frees the channel with the session */
    }
    ssh_stream_reap(s);
}
