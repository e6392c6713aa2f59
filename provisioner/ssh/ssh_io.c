#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cancel.h"
#include "core/mem.h"
#include "ssh/ssh_internal.h"

struct ssh_deadline ssh_deadline(const struct ssh *s, const char *what, int64_t timeout_ms)
{
    int64_t now = s->clock->mono_ms(s->clock);

    return (struct ssh_deadline){ now + timeout_ms, now, what };
}

static void out_add(struct ssh_out *o, const void *buf, size_t len)
{
    if (o->off && o->off == o->len)
        o->off = o->len = 0;
    if (o->len + len > o->cap && o->off) {
        memmove(o->data, o->data + o->off, o->len - o->off);
        o->len -= o->off;
        o->off = 0;
    }
    if (o->len + len > o->cap) {
        o->cap = (o->len + len) * 2;
        o->data = xrealloc(o->data, o->cap, 1);
    }
    memcpy(o->data + o->len, buf, len);
    o->len += len;
}

static ssize_t send_some(int fd, const void *buf, size_t len)
{
    ssize_t n;

    do
        n = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

ssize_t ssh_io_send(libssh2_socket_t fd, const void *buf, size_t len, int flags, void **abstract)
{
    struct ssh *s = *abstract;
    ssize_t n = 0;

    (void)flags;
    if (s->out.off == s->out.len)
        n = send_some(fd, buf, len);
    if (n < 0)
        return -errno;
    if ((size_t)n < len)
        out_add(&s->out, (const char *)buf + n, len - (size_t)n);
    return (ssize_t)len;
}

int ssh_io_flush(struct ssh *s, struct err *e)
{
    while (s->out.off < s->out.len) {
        ssize_t n = send_some(s->fd, s->out.data + s->out.off, s->out.len - s->out.off);
        if (n == 0)
            return 0;
        if (n < 0) {
            (void)err_sys(e, ERR_NET, "connection to %s", s->name);
            e->retryable = true;
            ssh_io_kill(s, e->msg);
            return -1;
        }
        s->out.off += (size_t)n;
    }
    return 0;
}

void ssh_io_kill(struct ssh *s, const char *why)
{
    if (s->dead)
        return;
    s->dead = true;
    (void)snprintf(s->why, sizeof(s->why), "%.250s", why);
}

int ssh_io_alive(const struct ssh *s, struct err *e)
{
    if (!s->dead)
        return 0;
    (void)err_set(e, ERR_NET, "connection to %s is lost: %s", s->name, s->why);
    e->retryable = true;
    return -1;
}

int ssh_io_error(struct ssh *s, int rc, const char *what, struct err *e)
{
    char *text = NULL;

    if (e->code) /* a wait inside of the call has already said why */
        return -1;
    (void)libssh2_session_last_error(s->session, &text, NULL, 0);
    switch (rc) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_BAD_SOCKET:
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_PROTO:
    case LIBSSH2_ERROR_DECRYPT:
    case LIBSSH2_ERROR_INVALID_MAC:
        (void)err_set(e, ERR_NET, "%s: connection to %s lost: %s (libssh2 %d)", what, s->name, text ? text : "", rc);
        e->retryable = true;
        ssh_io_kill(s, e->msg);
        return -1;
    default:
        return err_set(e, ERR_REMOTE, "%s: %s (libssh2 %d)", what, text ? text : "failed", rc);
    }
}

int ssh_io_wait_fds(struct ssh *s, const struct ssh_deadline *d, struct pollfd *p, size_t n, int64_t wait_ms,
                    struct err *e)
{
    int next = 0;
    int64_t before = s->clock->mono_ms(s->clock), left = d->at_ms - before;

    if (cancel_check(e) < 0)
        return -1;
    if (left <= 0) {
        (void)err_set(e, ERR_TIMEOUT, "%s: not finished after %.0f s", d->what, (double)(d->at_ms - d->since_ms) / 1e3);
        e->retryable = true;
        return -1;
    }
    if (libssh2_userauth_authenticated(s->session))
        (void)libssh2_keepalive_send(s->session, &next);
    if (s->out.off < s->out.len)
        p[n - 1].events |= POLLOUT;
    left = left < wait_ms ? left : wait_ms;
    (void)poll(p, n, left < SSH_POLL_MS ? (int)left : SSH_POLL_MS);
    s->clock->waited_ms += s->clock->mono_ms(s->clock) - before;
    return ssh_io_flush(s, e);
}

int ssh_io_wait(struct ssh *s, const struct ssh_deadline *d, struct err *e)
{
    struct pollfd p = { s->fd, POLLIN, 0 };

    return ssh_io_wait_fds(s, d, &p, 1, SSH_POLL_MS, e);
}
