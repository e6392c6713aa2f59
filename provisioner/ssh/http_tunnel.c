#include "ssh/http_tunnel.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/util.h"
#include "net/http_via.h"
#include "ssh/ssh_internal.h"

/* libcurl is told to keep one connection; a second may be there while the first is being replaced. */
enum { LINKS = 4 };

/* One connection of libcurl. Its socket `fd` meets `listener` (an unnamed one, of this process alone) and what is
 * accepted there becomes the local end of the stream. */
struct link {
    int fd, listener; /* listener: -1 once accepted */
    struct ssh_stream *stream;
};

struct tunnel {
    struct ssh *ssh;
    char *host;
    int port;
    size_t n;
    struct link links[LINKS];
};

/* A listener in the abstract namespace under a name that the kernel chooses: nothing lies in the file system. */
static int listen_unnamed(struct sockaddr *ret, socklen_t *len, struct err *e)
{
    struct sockaddr any = { .sa_family = AF_UNIX };
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* The name has 6 bytes, so that it fits in a plain sockaddr. */
    if (fd < 0 || bind(fd, &any, sizeof(any.sa_family)) < 0 || listen(fd, 1) < 0 || getsockname(fd, ret, len) < 0)
        return err_sys(e, ERR_INTERNAL, "unix socket");
    return TAKE_FD(fd);
}

static int tunnel_open(void *ctx, struct sockaddr *ret_addr, socklen_t *ret_len, int *ret_fd, struct err *e)
{
    struct tunnel *t = ctx;
    struct link *l = &t->links[t->n];
    int unused;

    if (t->n == LINKS)
        return err_set(e, ERR_INTERNAL, "more than %d connections in one tunnel", LINKS);
    l->listener = listen_unnamed(ret_addr, ret_len, e);
    if (l->listener < 0)
        return -1;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        (void)err_sys(e, ERR_INTERNAL, "unix socket");
    if (l->fd < 0 || ssh_stream_open(t->ssh, t->host, t->port, &l->stream, &unused, e) < 0) {
        close(l->listener);
        if (l->fd >= 0)
            close(l->fd);
        return -1;
    }
    close(unused);
    *ret_fd = l->fd;
    t->n++;
    return 0;
}

static void tunnel_close(void *ctx, int fd)
{
    struct tunnel *t = ctx;

    close(fd);
    for (size_t i = 0; i < t->n; i++) {
        if (t->links[i].fd != fd)
            continue;
        ssh_stream_close(t->links[i].stream);
        if (t->links[i].listener >= 0)
            close(t->links[i].listener);
        t->links[i] = t->links[--t->n];
        return;
    }
}

/* Whoever else finds the listener is sent away. */
static void take_in(struct link *l)
{
    struct ucred peer = { 0 };
    socklen_t len = sizeof(peer);
    int fd;

    while (l->listener >= 0 && (fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid != getpid()) {
            close(fd);
            continue;
        }
        ssh_stream_plug(l->stream, fd);
        close(l->listener);
        l->listener = -1;
    }
}

static int tunnel_pump(void *ctx, int64_t wait_ms, struct err *e)
{
    struct tunnel *t = ctx;
    int fds[LINKS];

    for (size_t i = 0; i < t->n; i++) {
        take_in(&t->links[i]);
        fds[i] = t->links[i].fd;
    }
    return ssh_pump(t->ssh, wait_ms, fds, t->n, e);
}

static void tunnel_free(void *ctx)
{
    struct tunnel *t = ctx;

    while (t->n)
        tunnel_close(t, t->links[0].fd);
    free(t->host);
    free(t);
}

struct http *http_over_ssh(struct ssh *s, const char *host, int port, struct clock *clock)
{
    struct tunnel *t = xcalloc(1, sizeof(*t));

    t->ssh = s;
    t->host = xstrdup(host);
    t->port = port;
    const struct http_via via = { tunnel_open, tunnel_close, tunnel_pump, tunnel_free, t };
    return http_new_via(clock, &via);
}
