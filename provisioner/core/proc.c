#include "core/proc.h"
#include "core/cancel.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define GRACE_MS 10000 /* from SIGTERM to SIGKILL */

static const char search_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* A child gets what it needs to work and nothing that it could leak: no tokens, no cloud credentials. */
static const char *const passed_env[] = { "HOME",           "USER",        "TMPDIR",          "TERM",
                                          "http_proxy",     "https_proxy", "no_proxy",        "HTTP_PROXY",
                                          "HTTPS_PROXY",    "NO_PROXY",    "SSL_CERT_FILE",   "SSL_CERT_DIR",
                                          "CURL_CA_BUNDLE", "DISPLAY",     "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR" };

static void build_env(struct svec *env, const char *const *extra)
{
    svec_addf(env, "PATH=%s", search_path);
    svec_add(env, "LANG=C.UTF-8");
    for (size_t i = 0; i < ARRAY_LEN(passed_env); i++) {
        const char *v = getenv(passed_env[i]);
        if (v)
            svec_addf(env, "%s=%s", passed_env[i], v);
    }
    for (; extra && *extra; extra++)
        svec_add(env, *extra);
}

static char *resolve(const char *name)
{
    if (strchr(name, '/'))
        return access(name, F_OK) == 0 ? xstrdup(name) : NULL;
    for (const char *p = search_path; *p;) {
        size_t n = strcspn(p, ":");
        char *full = xasprintf("%.*s/%s", (int)n, p, name);
        if (access(full, X_OK) == 0)
            return full;
        free(full);
        p += n + (p[n] == ':');
    }
    return NULL;
}

bool proc_have(const char *name)
{
    AUTO_FREE char *full = resolve(name);

    return full != NULL;
}

struct child {
    pid_t pid;
    int in, out, err; /* our ends, -1 when closed */
};

/* In the child: dies with its parent, also when that was gone before it could ask for it. */
static void follow(pid_t parent)
{
    /* Until execve(2) our own handler would take it and go on. */
    (void)signal(SIGTERM, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
}

/* In the child: only async-signal-safe calls. `parent` is 0 for one that outlives it. */
static void child_exec(const char *file, const char *const argv[], const struct svec *env, const int fds[3],
                       pid_t parent)
{
    sigset_t none;

    if (parent)
        follow(parent);
    else
        (void)setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; i++)
        if (dup2(fds[i], i) < 0)
            _exit(127);
    execve(file, (char *const *)(uintptr_t)argv, env->items);
    _exit(127);
}

static int pipe_pair(int fds[2], struct err *e)
{
    return pipe2(fds, O_CLOEXEC) < 0 ? err_sys(e, ERR_INTERNAL, "pipe") : 0;
}

static int start(const char *const argv[], const struct proc_opts *o, struct child *ret, struct err *e)
{
    AUTO_SVEC struct svec env = SVEC_INIT;
    AUTO_FREE char *file = resolve(argv[0]);
    int in[2], out[2], err[2];

    if (!file) {
        errno = ENOENT;
        return err_sys(e, ERR_INTERNAL, "run '%s'", argv[0]);
    }
    build_env(&env, o->env);
    if (pipe_pair(in, e) < 0 || pipe_pair(out, e) < 0 || pipe_pair(err, e) < 0)
        return -1;
    pid_t self = getpid(), pid = fork();
    if (pid == 0)
        child_exec(file, argv, &env, (int[]){ in[0], out[1], err[1] }, self);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    if (pid < 0) {
        close(in[1]);
        close(out[0]);
        close(err[0]);
        return err_sys(e, ERR_INTERNAL, "fork for '%s'", argv[0]);
    }
    *ret = (struct child){ pid, in[1], out[0], err[0] };
    return 0;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Room at the end for `n` more bytes (fewer than the ceiling), at the cost of the beginning. */
static void keep_end(struct sbuf *b, size_t n)
{
    size_t drop = b->len + n > b->max ? b->len + n - b->max : 0;

    if (!drop)
        return;
    memmove(b->data, b->data + drop, b->len - drop + 1);
    b->len -= drop;
}

static void drain(int *fd, struct sbuf *to, bool end_counts)
{
    char buf[16384];
    ssize_t n = read(*fd, buf, sizeof(buf));

    if (n > 0 && to && end_counts)
        keep_end(to, (size_t)n);
    if (n > 0 && to)
        sbuf_add(to, buf, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
    secret_wipe(buf, sizeof(buf));
}

static void feed(int *fd, const char *text, size_t *off)
{
    size_t len = strlen(text);
    ssize_t n = write(*fd, text + *off, len - *off);

    if (n > 0)
        *off += (size_t)n;
    if (*off == len || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

static int exit_status(int st)
{
    return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static int check_time(const struct proc_opts *o, int64_t deadline, struct err *e)
{
    struct clock *clk = clock_real();

    if (cancel_check(e) < 0)
        return -1;
    if (deadline && clk->mono_ms(clk) > deadline)
        return err_set(e, ERR_TIMEOUT, "not finished after %lld s", (long long)(o->timeout_ms / 1000));
    return 0;
}

/* Move bytes until both outputs are closed. -1: deadline passed or interrupted. */
static int converse(struct child *c, const struct proc_opts *o, struct sbuf *err, int64_t deadline, struct err *e)
{
    const char *input = o->input ? o->input : "";
    size_t off = 0;

    (void)fcntl(c->in, F_SETFL, O_NONBLOCK);
    while (c->out >= 0 || c->err >= 0) {
        if (!input[off])
            close_end(&c->in);
        struct pollfd p[3] = { { c->in, POLLOUT, 0 }, { c->out, POLLIN, 0 }, { c->err, POLLIN, 0 } };
        if (poll(p, 3, 200) < 0 && errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "poll");
        if (p[0].revents)
            feed(&c->in, input, &off);
        if (p[1].revents)
            drain(&c->out, o->out, false);
        if (p[2].revents)
            drain(&c->err, err, !o->err);
        if (check_time(o, deadline, e) < 0)
            return -1;
    }
    return 0;
}

/* A child may close its outputs and go on. */
static int await_end(pid_t pid, const struct proc_opts *o, int64_t deadline, int *ret_status, struct err *e)
{
    AUTO_CLOSE int fd = pidfd_open(pid, 0);
    struct pollfd p = { fd, POLLIN, 0 };

    while (!proc_ended(pid, ret_status)) {
        if (check_time(o, deadline, e) < 0)
            return -1;
        (void)poll(&p, 1, 200);
    }
    return 0;
}

/* Ask, give it time to clean up, then end it. */
static void end_child(pid_t pid)
{
    AUTO_CLOSE int fd = pidfd_open(pid, 0);
    struct pollfd p = { fd, POLLIN, 0 };
    struct clock *clk = clock_real();
    int64_t deadline = clk->mono_ms(clk) + GRACE_MS;
    int status;

    kill(pid, SIGTERM);
    while (!proc_ended(pid, &status)) {
        if (clk->mono_ms(clk) > deadline)
            kill(pid, SIGKILL);
        (void)poll(&p, 1, 200);
    }
}

/* The end of what a child complained about, as one line. */
static int status_error(const char *name, int status, struct sbuf *err, struct err *e)
{
    sbuf_trim(err);
    const char *tail = err->len > 600 ? err->data + err->len - 600 : err->data;
    if (status == 127 && !err->len)
        return err_set(e, ERR_INTERNAL, "'%s' could not be executed", name);
    return err_set(e, ERR_REMOTE, "'%s' ended with status %d%s%s", name, status, *tail ? ": " : "", tail);
}

int proc_run(const char *const argv[], const struct proc_opts *opts, struct err *e)
{
    const struct proc_opts none = { 0 };
    const struct proc_opts *o = opts ? opts : &none;
    AUTO_SBUF struct sbuf own_err = SBUF_INIT(64 << 10);
    struct sbuf *err = o->err ? o->err : &own_err;
    struct clock *clk = clock_real();
    int64_t begin = clk->mono_ms(clk), deadline = o->timeout_ms ? begin + o->timeout_ms : 0;
    struct child c = { -1, -1, -1, -1 };
    int status = 0;

    if (start(argv, o, &c, e) < 0)
        return -1;
    int rc = converse(&c, o, err, deadline, e);
    close_end(&c.in);
    close_end(&c.out);
    close_end(&c.err);
    if (rc == 0)
        rc = await_end(c.pid, o, deadline, &status, e);
    if (rc < 0)
        end_child(c.pid);
    if (o->clock)
        o->clock->waited_ms += clk->mono_ms(clk) - begin;
    if (rc < 0)
        return err_wrap(e, "'%s'", argv[0]);
    if (o->status)
        *o->status = status;
    return status == 0 || o->any_status ? 0 : status_error(argv[0], status, err, e);
}

int proc_detach(const char *const argv[], const struct proc_opts *o, int log_fd, pid_t *ret, struct err *e)
{
    AUTO_SVEC struct svec env = SVEC_INIT;
    AUTO_FREE char *file = resolve(argv[0]);
    AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (!file) {
        errno = ENOENT;
        return err_sys(e, ERR_INTERNAL, "run '%s'", argv[0]);
    }
    build_env(&env, o ? o->env : NULL);
    *ret = fork();
    if (*ret == 0)
        child_exec(file, argv, &env, (int[]){ null, log_fd, log_fd }, 0);
    return *ret < 0 ? err_sys(e, ERR_INTERNAL, "fork for '%s'", argv[0]) : 0;
}

int proc_spawn(const char *const argv[], const char *const *env, pid_t *ret, struct err *e)
{
    AUTO_SVEC struct svec all = SVEC_INIT;

    for (char **v = environ; *v; v++)
        svec_add(&all, *v);
    for (; env && *env; env++)
        svec_add(&all, *env);
    pid_t self = getpid();
    *ret = fork();
    if (*ret == 0) {
        follow(self);
        signal(SIGPIPE, SIG_DFL);
        execvpe(argv[0], (char *const *)(uintptr_t)argv, all.items);
        _exit(127);
    }
    return *ret < 0 ? err_sys(e, ERR_INTERNAL, "fork for '%s'", argv[0]) : 0;
}

bool proc_ended(pid_t pid, int *ret_status)
{
    int st = 0;

    if (waitpid(pid, &st, WNOHANG) != pid)
        return false;
    *ret_status = exit_status(st);
    return true;
}

uint64_t proc_start_time(pid_t pid)
{
    char path[64], text[1024];
    uint64_t start = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    AUTO_FILE FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';
    /* The command name may hold spaces and parentheses: fields are counted from the last ')'. */
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    if (p)
        start = strtoull(p, NULL, 10);
    return start;
}
