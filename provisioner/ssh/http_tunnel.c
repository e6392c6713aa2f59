#include "ssh/http_tunnel.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/util.h"
#include "net/http_via.h"
#include "ssh/ssh_internal.h"

/* libcurl is told to keep one connection; a second may be there while the first is being replaced. */
enum { LINKS = 4 };

/* One connection of libcurl. */
struct link {
    int fd;       /* libcurl's */
    bool plugged; /* what was accepted for `fd` is the local end of the stream */
    struct ssh_stream *stream;
};

struct tunnel {
    struct ssh *ssh;
    char *host;
    int port, listener; /* port: there; listener: here, or -1 */
    size_t n;
    struct link links[LINKS];
};

static int start_listening(struct tunnel *t, int *ret_port, struct err *e)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(a);

    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->listener < 0 || bind(t->listener, (struct sockaddr *)&a, len) < 0 || listen(t->listener, LINKS) < 0 ||
        getsockname(t->listener, (struct sockaddr *)&a, &len) < 0)
        return err_sys(e, ERR_INTERNAL, "listen on 127.0.0.1");
    *ret_port = ntohs(a.sin_port);
    return 0;
}

static int tunnel_open(void *ctx, int *ret_fd, struct err *e)
{
    struct tunnel *t = ctx;
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct link *l = &t->links[t->n];
    int unused;

    if (t->n == LINKS)
        return err_set(e, ERR_INTERNAL, "more than %d connections in one tunnel", LINKS);
    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "socket");
    if (ssh_stream_open(t->ssh, t->host, t->port, &l->stream, &unused, e) < 0)
        return -1;
    close(unused);
    l->plugged = false;
    *ret_fd = l->fd = TAKE_FD(fd);
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
        t->links[i] = t->links[--t->n];
        return;
    }
}

/* Is `fd` the other end of the connection that `mine` made? */
static bool is_peer(int fd, int mine)
{
    struct sockaddr_in a = { 0 }, b = { 0 };
    socklen_t a_len = sizeof(a), b_len = sizeof(b);

    return getpeername(fd, (struct sockaddr *)&a, &a_len) == 0 &&
           getsockname(mine, (struct sockaddr *)&b, &b_len) == 0 && a.sin_addr.s_addr == b.sin_addr.s_addr &&
           a.sin_port == b.sin_port;
}

/* Whoever else finds the listener, of whatever user, is sent away. */
static void take_in(struct tunnel *t)
{
    int fd, on = 1;

    while (t->listener >= 0 && (fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        size_t i = 0;
        while (i < t->n && (t->links[i].plugged || !is_peer(fd, t->links[i].fd)))
            i++;
        if (i == t->n) {
            close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ssh_stream_plug(t->links[i].stream, fd);
        t->links[i].plugged = true;
    }
}

static int tunnel_pump(void *ctx, int64_t wait_ms, struct err *e)
{
    struct tunnel *t = ctx;
    int fds[LINKS];

    take_in(t);
    for (size_t i = 0; i < t->n; i++)
        fds[i] = t->links[i].fd;
    return ssh_pump(t->ssh, wait_ms, fds, t->n, e);
}

static void tunnel_free(void *ctx)
{
    struct tunnel *t = ctx;

    while (t->n)
        tunnel_close(t, t->links[0].fd);
    if (t->listener >= 0)
        close(t->listener);
    free(t->host);
    free(t);
}

struct http *http_over_ssh(struct ssh *s, const char *host, int port, struct clock *clock)
{
    struct tunnel *t = xcalloc(1, sizeof(*t));
    struct err ignored = ERR_INIT;
    int here = 0;

    t->ssh = s;
    t->host = xstrdup(host);
    t->port = port;
    if (start_listening(t, &here, &ignored) < 0)
        err_clear(&ignored); /* every request will fail to connect */
    const struct http_via via = { here, tunnel_open, tunnel_close, tunnel_pump, tunnel_free, t };
    return http_new_via(clock, &via);
}
