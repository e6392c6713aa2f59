#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum { FOREVER_MS = 1 << 30, STATUS_UNKNOWN = 255, TRAILER = 64, READS = 16 };

/* The terminal of this process, lent to the other side. */
struct terminal {
    bool raw;
    struct termios before;
    int resized; /* signalfd, or -1 */
    sigset_t mask;
};

struct attached {
    struct ssh *s;
    LIBSSH2_CHANNEL *ch;
    struct ssh_deadline d;
    struct ssh_command cmd; /* no line: a shell, whose status libssh2 has to tell */
    struct terminal tty;
    char in[SSH_CHUNK];
    size_t in_off, in_len;
    bool in_eof, eof_sent;
    struct sbuf held; /* end of stderr that may be the trailer */
};

static void window(unsigned *cols, unsigned *rows)
{
    struct winsize w = { 0 };

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col || !w.ws_row)
        w = (struct winsize){ .ws_col = 80, .ws_row = 24 };
    *cols = w.ws_col;
    *rows = w.ws_row;
}

static void lend(struct terminal *t)
{
    struct termios raw;
    sigset_t winch;

    t->resized = -1;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &t->before) < 0)
        return;
    raw = t->before;
    cfmakeraw(&raw);
    t->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
    sigemptyset(&winch);
    sigaddset(&winch, SIGWINCH);
    (void)sigprocmask(SIG_BLOCK, &winch, &t->mask);
    t->resized = signalfd(-1, &winch, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void give_back(struct terminal *t)
{
    if (t->raw) {
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
        (void)sigprocmask(SIG_SETMASK, &t->mask, NULL);
    }
    if (t->resized >= 0)
        close(t->resized);
}

static int start_shell(struct attached *a, struct err *e)
{
    const char *term = getenv("TERM");
    unsigned cols, rows;
    int rc;

    if (!term || !*term)
        term = "dumb";
    window(&cols, &rows);
    while ((rc = libssh2_channel_request_pty_ex(a->ch, term, (unsigned)strlen(term), NULL, 0, (int)cols, (int)rows, 0,
                                                0)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(a->s, &a->d, e) < 0)
            return -1;
    if (rc)
        return ssh_io_error(a->s, rc, "terminal", e);
    while ((rc = libssh2_channel_shell(a->ch)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(a->s, &a->d, e) < 0)
            return -1;
    return rc ? ssh_io_error(a->s, rc, "shell", e) : 0;
}

static void pass_size(struct attached *a)
{
    struct signalfd_siginfo info;
    unsigned cols, rows;

    if (a->tty.resized < 0 || read(a->tty.resized, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    window(&cols, &rows);
    (void)libssh2_channel_request_pty_size_ex(a->ch, (int)cols, (int)rows, 0, 0);
}

/* Everything but what may be the begin of the trailer, which starts with a byte that text does not hold. */
static int show_stderr(struct attached *a, bool all, struct err *e)
{
    const char *mark = a->held.len ? memchr(a->held.data, '\036', a->held.len) : NULL;
    size_t n = mark ? (size_t)(mark - a->held.data) : a->held.len;

    if (all || a->held.len - n > TRAILER)
        n = a->held.len > TRAILER && !all ? a->held.len - TRAILER : a->held.len;
    if (!n)
        return 0;
    if (fsx_write_all(STDERR_FILENO, a->held.data, n, e) < 0)
        return -1;
    memmove(a->held.data, a->held.data + n, a->held.len - n + 1);
    a->held.len -= n;
    return 0;
}

static int from_remote(struct attached *a, int id, struct err *e)
{
    char buf[32 << 10];
    int moved = 0;

    /* Output without an end must leave room for a Ctrl-C. */
    for (int i = 0; i < READS; i++) {
        ssize_t n = libssh2_channel_read_ex(a->ch, id, buf, sizeof(buf));
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            break;
        if (n < 0)
            return ssh_io_error(a->s, (int)n, "attached command", e);
        moved = 1;
        if (id && a->cmd.line.len) {
            sbuf_add(&a->held, buf, (size_t)n);
            if (show_stderr(a, false, e) < 0)
                return -1;
        } else if (fsx_write_all(id ? STDERR_FILENO : STDOUT_FILENO, buf, (size_t)n, e) < 0) {
            return -1;
        }
    }
    return moved;
}

static int to_remote(struct attached *a, struct err *e)
{
    while (a->in_off < a->in_len && !ssh_io_full(a->s)) {
        ssize_t n = libssh2_channel_write(a->ch, a->in + a->in_off, a->in_len - a->in_off);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            return 0;
        if (n == LIBSSH2_ERROR_CHANNEL_CLOSED || n == LIBSSH2_ERROR_CHANNEL_EOF_SENT) {
            a->in_off = a->in_len;
            a->in_eof = a->eof_sent = true;
            return 0;
        }
        if (n < 0)
            return ssh_io_error(a->s, (int)n, "attached command", e);
        a->in_off += (size_t)n;
    }
    if (a->in_off == a->in_len && a->in_eof && !a->eof_sent) {
        (void)libssh2_channel_send_eof(a->ch);
        a->eof_sent = true;
    }
    return 0;
}

static int wait_any(struct attached *a, int64_t wait_ms, struct err *e)
{
    bool want_in = !a->in_eof && a->in_off == a->in_len;
    struct pollfd p[3] = { { want_in ? STDIN_FILENO : -1, POLLIN, 0 },
                           { a->tty.resized, POLLIN, 0 },
                           { a->s->fd, POLLIN, 0 } };

    if (ssh_io_wait_fds(a->s, &a->d, p, 3, wait_ms, e) < 0)
        return -1;
    if (p[1].revents)
        pass_size(a);
    if (!p[0].revents)
        return 0;
    ssize_t n = read(STDIN_FILENO, a->in, sizeof(a->in));
    a->in_off = 0;
    a->in_len = n > 0 ? (size_t)n : 0;
    a->in_eof = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
    return 0;
}

static int converse(struct attached *a, struct err *e)
{
    for (;;) {
        int out = from_remote(a, 0, e);
        int err = out < 0 ? -1 : from_remote(a, SSH_EXTENDED_DATA_STDERR, e);
        if (err < 0 || to_remote(a, e) < 0 || ssh_io_flush(a->s, e) < 0)
            return -1;
        if (libssh2_channel_eof(a->ch))
            return 0;
        if (wait_any(a, out || err ? 0 : SSH_POLL_MS, e) < 0)
            return -1;
    }
}

static int shell_status(struct attached *a, int *ret, struct err *e)
{
    struct ssh_deadline d = ssh_deadline(a->s, "exit status", SSH_CLOSE_MS);
    char *sig = NULL;

    /* The status comes after the end of the output. */
    while (libssh2_channel_wait_closed(a->ch) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(a->s, &d, e) < 0)
            return -1;
    (void)libssh2_channel_get_exit_signal(a->ch, &sig, NULL, NULL, NULL, NULL, NULL);
    *ret = sig ? STATUS_UNKNOWN : libssh2_channel_get_exit_status(a->ch);
    if (sig)
        libssh2_free(a->s->session, sig);
    return 0;
}

static int command_status(struct attached *a, int *ret, struct err *e)
{
    bool known = ssh_command_status(&a->cmd, &a->held, ret);

    if (show_stderr(a, true, e) < 0)
        return -1;
    if (known)
        return 0;
    (void)err_set(e, ERR_NET, "attached command: no exit status came back from %s", a->s->name);
    return err_hint(e, "whether the command ran to its end is not known");
}

static int run(struct attached *a, const char *const argv[], int *ret_status, struct err *e)
{
    if (argv)
        ssh_command_make(&a->cmd, argv, false);
    if (argv ? ssh_channel_exec(a->s, a->ch, a->cmd.line.data, &a->d, e) < 0 : start_shell(a, e) < 0)
        return -1;
    a->d = ssh_deadline(a->s, "attached command", FOREVER_MS);
    if (!argv)
        lend(&a->tty);
    int rc = converse(a, e);
    if (!argv)
        give_back(&a->tty);
    if (rc < 0)
        return -1;
    return argv ? command_status(a, ret_status, e) : shell_status(a, ret_status, e);
}

int ssh_attach(struct ssh *s, const char *const argv[], int *ret_status, struct err *e)
{
    AUTO_FREE struct attached *a = xcalloc(1, sizeof(*a));

    a->s = s;
    a->tty.resized = -1;
    a->held = (struct sbuf)SBUF_INIT(SSH_CHUNK);
    a->d = ssh_deadline(s, "attach", SSH_OPEN_MS);
    *ret_status = STATUS_UNKNOWN;
    a->ch = ssh_channel_open(s, &a->d, e);
    if (!a->ch)
        return -1;
    int rc = run(a, argv, ret_status, e);
    ssh_channel_close(s, a->ch);
    ssh_command_done(&a->cmd);
    sbuf_done(&a->held);
    return rc;
}
