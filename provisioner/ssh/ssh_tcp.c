#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

static void tune(int fd)
{
    int on = 1, silence = SSH_SILENCE_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    /* A peer that is gone without a word ends the connection, also while we only wait for it. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

/* 0 connected, or an errno value; ECANCELED when a signal asked to stop. */
static int finish_connect(int fd, struct clock *clock, int64_t deadline_ms)
{
    struct pollfd p = { fd, POLLOUT, 0 };
    int status = 0;

    for (;;) {
        int64_t before = clock->mono_ms(clock), left = deadline_ms - before;
        if (cancel_requested())
            return ECANCELED;
        if (left <= 0)
            return ETIMEDOUT;
        int n = poll(&p, 1, left < SSH_POLL_MS ? (int)left : SSH_POLL_MS);
        clock->waited_ms += clock->mono_ms(clock) - before;
        if (n > 0)
            break;
    }
    socklen_t len = sizeof(status);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &len) < 0 ? errno : status;
}

static int try_address(const struct addrinfo *a, struct clock *clock, int64_t deadline_ms, int *ret_fd)
{
    AUTO_CLOSE int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return errno;
    tune(fd);
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        if (errno != EINPROGRESS)
            return errno;
        int failed = finish_connect(fd, clock, deadline_ms);
        if (failed)
            return failed;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int ssh_tcp_connect(const char *host, int port, struct clock *clock, int64_t timeout_ms, int *ret_fd, struct err *e)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list = NULL;
    int64_t start = clock->mono_ms(clock);
    int status = 0, rc;
    size_t count = 0, tried = 0;
    char service[16];

    (void)snprintf(service, sizeof(service), "%d", port);
    rc = getaddrinfo(host, service, &hints, &list);
    clock->waited_ms += clock->mono_ms(clock) - start;
    if (rc) {
        (void)err_set(e, ERR_NET, "address of '%s': %s", host, gai_strerror(rc));
        e->retryable = true;
        return -1;
    }
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        count++;
    for (const struct addrinfo *a = list; a; a = a->ai_next, tried++) {
        /* An address that does not answer must leave time for the next one. */
        int64_t now = clock->mono_ms(clock);
        int64_t share = (start + timeout_ms - now) / (int64_t)(count - tried);
        status = try_address(a, clock, now + share, ret_fd);
        if (!status || status == ECANCELED)
            break;
    }
    freeaddrinfo(list);
    if (!status)
        return 0;
    if (status == ECANCELED)
        return cancel_check(e);
    errno = status;
    (void)err_sys(e, ERR_NET, "TCP port %d of %s", port, host);
    e->retryable = true;
    return -1;
}
