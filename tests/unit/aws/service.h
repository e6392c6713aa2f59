/* A service on 127.0.0.1 in a process of its own, which answers what the test has written down, step by step, and keeps
 * what it was asked. Connections are kept, as AWS keeps them. */
#pragma once
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../core/scratch.h"

enum { STEPS_MAX = 16, CONNECTIONS_MAX = 8, REQUEST_MAX = 32768 };

enum step_kind {
    STEP_ANSWER,
    STEP_CUT,  /* reads the request and hangs up */
    STEP_HALF, /* half of the answer, then hangs up */
};

struct step {
    enum step_kind kind;
    int status;
    char headers[512]; /* "Name: value\r\n" ... */
    char body[4096];
};

/* Shared by both processes; the parent writes only between requests. */
struct service {
    int port;
    pid_t pid;
    int n_steps; /* the last one is repeated */
    struct step steps[STEPS_MAX];
    int requests;
    char seen[STEPS_MAX][REQUEST_MAX]; /* head and body of each, the last ones overwritten */
};

struct service_connection {
    int fd;
    size_t len;
    char in[REQUEST_MAX];
};

/* Length of the first request in the buffer, 0: not whole yet. */
static inline size_t service_whole(struct service_connection *c)
{
    const char *end = strstr(c->in, "\r\n\r\n");
    const char *length = strcasestr(c->in, "\r\nContent-Length:");
    size_t body = 0;

    if (!end)
        return 0;
    if (length && length < end)
        body = strtoul(length + 17, NULL, 10);
    size_t head = (size_t)(end + 4 - c->in);
    return c->len >= head + body ? head + body : 0;
}

static inline bool service_write(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* "<R>" and "</R>" of a body stand for the root that AWS gives to the answer of the action that was asked for. */
static inline void service_root(const char *request, const char *body, char *ret, size_t size)
{
    const char *action = strstr(request, "Action=");
    size_t n = strlen(body);
    int len = action ? (int)strcspn(action + 7, "&\r\n") : 0;

    if (action && strcmp(body, "<R/>") == 0)
        (void)snprintf(ret, size, "<%.*sResponse/>", len, action + 7);
    else if (!action || strncmp(body, "<R>", 3) != 0)
        (void)snprintf(ret, size, "%s", body);
    else if (n > 7 && strcmp(body + n - 4, "</R>") == 0)
        (void)snprintf(ret, size, "<%.*sResponse>%.*s</%.*sResponse>", len, action + 7, (int)n - 7, body + 3, len,
                       action + 7);
    else
        (void)snprintf(ret, size, "<%.*sResponse>%s", len, action + 7, body + 3);
}

/* False when the connection is to end. */
static inline bool service_answer(struct service *s, struct service_connection *c, size_t len)
{
    static char out[8192], body[6144];
    int n = s->requests < STEPS_MAX ? s->requests : STEPS_MAX - 1;
    const struct step *step = &s->steps[s->requests < s->n_steps ? s->requests : s->n_steps - 1];

    memcpy(s->seen[n], c->in, len);
    s->seen[n][len] = '\0';
    __atomic_add_fetch(&s->requests, 1, __ATOMIC_SEQ_CST);
    c->len -= len;
    memmove(c->in, c->in + len, c->len + 1);
    if (step->kind == STEP_CUT)
        return false;
    service_root(s->seen[n], step->body, body, sizeof(body));
    int size = snprintf(out, sizeof(out), "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n%s", step->status,
                        strlen(body), step->headers, body);
    if (step->kind == STEP_HALF)
        return service_write(c->fd, out, (size_t)size - strlen(body) / 2) && false;
    return service_write(c->fd, out, (size_t)size);
}

static inline bool service_read(struct service *s, struct service_connection *c)
{
    ssize_t n = read(c->fd, c->in + c->len, sizeof(c->in) - 1 - c->len);
    size_t len;

    if (n <= 0)
        return false;
    c->len += (size_t)n;
    c->in[c->len] = '\0';
    while ((len = service_whole(c)))
        if (!service_answer(s, c, len))
            return false;
    return c->len < sizeof(c->in) - 1;
}

static inline _Noreturn void service_run(struct service *s, int listener)
{
    static struct service_connection open[CONNECTIONS_MAX];
    struct pollfd fds[CONNECTIONS_MAX + 1];

    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        open[i].fd = -1;
    for (;;) {
        fds[CONNECTIONS_MAX] = (struct pollfd){ listener, POLLIN, 0 };
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            fds[i] = (struct pollfd){ open[i].fd, POLLIN, 0 };
        if (poll(fds, CONNECTIONS_MAX + 1, -1) < 0)
            _exit(1);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (fds[i].revents && !service_read(s, &open[i])) {
                close(open[i].fd);
                open[i].fd = -1;
            } else if (open[i].fd < 0 && fds[CONNECTIONS_MAX].revents) {
                open[i].fd = accept(listener, NULL, NULL);
                open[i].len = 0;
                fds[CONNECTIONS_MAX].revents = 0;
            }
        }
    }
}

static inline struct service *service_start(void)
{
    struct service *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t parent = getpid();

    assert_true(s != MAP_FAILED && fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(listen(fd, 8), 0);
    s->port = ntohs(a.sin_port);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            service_run(s, fd);
        _exit(1);
    }
    assert_true(pid > 0);
    s->pid = pid; /* the child shares this memory, but not this number */
    close(fd);
    return s;
}

static inline void service_stop(struct service *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s, sizeof(*s));
}

static inline void service_forget(struct service *s)
{
    s->n_steps = 0;
    s->requests = 0;
}

static inline struct step *service_step(struct service *s, enum step_kind kind, int status, const char *body)
{
    assert_true(s->n_steps < STEPS_MAX);
    struct step *step = &s->steps[s->n_steps++];

    step->kind = kind;
    step->status = status;
    step->headers[0] = '\0';
    (void)snprintf(step->body, sizeof(step->body), "%s", body);
    return step;
}

static inline void service_header(struct step *step, const char *name, const char *value)
{
    size_t n = strlen(step->headers);

    (void)snprintf(step->headers + n, sizeof(step->headers) - n, "%s: %s\r\n", name, value);
}
