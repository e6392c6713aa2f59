#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum { CLIENTS_MAX = 128, BACKLOG = 64 };

static int listen_on(int *port, struct err *e)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(a);
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    a.sin_port = htons((uint16_t)*port);
    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
        (void)err_sys(e, errno == EADDRINUSE ? ERR_CONFLICT : ERR_INTERNAL, "listen on 127.0.0.1:%d", *port);
        return err_hint(e, "another port can be named, or 0 for any that is free");
    }
    *port = ntohs(a.sin_port);
    return TAKE_FD(fd);
}

static void accept_all(struct ssh *s, int listener, const char *host, int there)
{
    int on = 1;

    while (ssh_stream_count(s) < CLIENTS_MAX) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ssh_stream_release(ssh_stream_attach(s, host, there, fd));
    }
}

static int serve(struct ssh *s, int listener, const char *host, int there, bool (*until)(void *ctx), void *ctx,
                 struct err *e)
{
    while (!until || !until(ctx)) {
        if (cancel_check(e) < 0)
            return -1;
        accept_all(s, listener, host, there);
        size_t listening = ssh_stream_count(s) < CLIENTS_MAX;
        if (ssh_pump(s, SSH_POLL_MS, &listener, listening, e) < 0)
            return -1;
    }
    return 0;
}

int ssh_forward(struct ssh *s, int port, const char *host, int there, int *ret_port, void (*ready)(void *ctx, int port),
                bool (*until)(void *ctx), void *ctx, struct err *e)
{
    struct ssh_deadline d = ssh_deadline(s, "forward", SSH_OPEN_MS);
    AUTO_CLOSE int listener = listen_on(&port, e);

    if (listener < 0)
        return -1;
    /* While no client is there, this channel is what the socket is read for: sshd's own keepalives want answers. */
    if (!s->anchor && !(s->anchor = ssh_channel_open(s, &d, e)))
        return -1;
    if (ret_port)
        *ret_port = port;
    if (ready)
        ready(ctx, port);
    int rc = serve(s, listener, host, there, until, ctx, e);
    ssh_stream_close_released(s);
    return rc;
}
