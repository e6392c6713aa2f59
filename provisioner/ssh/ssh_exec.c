#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum { TRAILER = 64, GRACE_MS = 3000, MESSAGE_LINES = 4, READS = 16 };

/* One command while it runs. */
struct exchange {
    struct ssh *s;
    LIBSSH2_CHANNEL *ch;
    const struct ssh_exec *x;
    struct ssh_result *ret;
    struct ssh_command cmd;
    char *chunk;      /* input from `fill` */
    const char *send; /* what is to be sent next */
    size_t send_len;
    bool input_done, eof_sent;
    struct sbuf tail; /* the end of stderr, up to twice what is kept */
    int status;
    int64_t finished_ms; /* when the trailer came, or 0 */
};

static int write_failed(struct exchange *ex, ssize_t rc, struct err *e)
{
    /* The command may end without reading all of its input: its status tells, not our pipe. */
    if (rc == LIBSSH2_ERROR_CHANNEL_CLOSED || rc == LIBSSH2_ERROR_CHANNEL_EOF_SENT) {
        ex->input_done = ex->eof_sent = true;
        ex->send_len = 0;
        return 0;
    }
    return ssh_io_error(ex->s, (int)rc, ex->x->what, e);
}

/* 1: something was sent, 0: nothing, -1 */
static int feed(struct exchange *ex, struct err *e)
{
    int moved = 0;

    while (!ex->eof_sent && !ssh_io_full(ex->s)) {
        if (!ex->send_len && !ex->input_done && ex->x->fill) {
            ssize_t n = ex->x->fill(ex->x->ctx, ex->chunk, (size_t)4 * SSH_CHUNK, e);
            if (n < 0)
                return -1;
            ex->send = ex->chunk;
            ex->send_len = (size_t)n;
            ex->input_done = n == 0;
        }
        if (!ex->send_len) {
            ex->eof_sent = true;
            int rc = libssh2_channel_send_eof(ex->ch);
            return rc && write_failed(ex, rc, e) < 0 ? -1 : 1;
        }
        ssize_t n = libssh2_channel_write(ex->ch, ex->send, ex->send_len);
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            break;
        if (n < 0)
            return write_failed(ex, n, e);
        ex->send += n;
        ex->send_len -= (size_t)n;
        moved = 1;
    }
    return moved;
}

/* Keep the last bytes: what a failing command says at its end matters. */
static void add_tail(struct exchange *ex, const char *buf, size_t len)
{
    size_t keep = ex->ret->err.max + TRAILER;

    if (ex->tail.len + len > ex->tail.max) {
        size_t drop = ex->tail.len - (ex->tail.len < keep ? ex->tail.len : keep);
        memmove(ex->tail.data, ex->tail.data + drop, ex->tail.len - drop + 1);
        ex->tail.len -= drop;
    }
    sbuf_add(&ex->tail, buf, len);
}

static int read_stream(struct exchange *ex, int id, struct err *e)
{
    char buf[32 << 10];
    int moved = 0;

    /* A command that never stops talking must not keep us from the deadline, from cancel and from its input. */
    for (int i = 0; i < READS; i++) {
        ssize_t n = libssh2_channel_read_ex(ex->ch, id, buf, sizeof(buf));
        if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
            break;
        if (n < 0)
            return ssh_io_error(ex->s, (int)n, ex->x->what, e);
        if (id)
            add_tail(ex, buf, (size_t)n);
        else
            sbuf_add(&ex->ret->out, buf, (size_t)n);
        moved = 1;
    }
    return moved;
}

static bool finished(struct exchange *ex)
{
    return ex->status >= 0 || ssh_command_status(&ex->cmd, &ex->tail, &ex->status);
}

/* A child that was left behind keeps the streams open; the status is there, so do not wait for it for long. */
static bool left_behind(struct exchange *ex, bool moved)
{
    int64_t now = ex->s->clock->mono_ms(ex->s->clock);

    if (!ex->finished_ms) {
        if (finished(ex))
            ex->finished_ms = now;
        return false;
    }
    if (moved)
        ex->finished_ms = now;
    return now - ex->finished_ms > GRACE_MS;
}

static int converse(struct exchange *ex, const struct ssh_deadline *d, struct err *e)
{
    for (;;) {
        int in = feed(ex, e);
        int out = in < 0 ? -1 : read_stream(ex, 0, e);
        int err = out < 0 ? -1 : read_stream(ex, SSH_EXTENDED_DATA_STDERR, e);
        if (err < 0)
            return -1;
        if (libssh2_channel_eof(ex->ch) || left_behind(ex, out || err))
            return 0;
        struct pollfd p = { ex->s->fd, POLLIN, 0 };
        if (ssh_io_wait_fds(ex->s, d, &p, 1, in || out || err ? 0 : SSH_POLL_MS, e) < 0)
            return -1;
    }
}

/* The last lines, as one: "a; b". */
static void last_lines(const char *text, char *ret, size_t size)
{
    const char *p = text + strlen(text);
    int lines = 0;

    while (p > text && strchr(" \r\n\t", p[-1]))
        p--;
    const char *end = p;
    while (p > text && lines < MESSAGE_LINES && (size_t)(end - p) < size - 8) {
        if (p[-1] == '\n' && ++lines == MESSAGE_LINES)
            break;
        p--;
    }
    size_t n = 0;
    for (; p < end && n + 3 < size; p++) {
        if (*p == '\n')
            ret[n++] = ';';
        ret[n++] = *p == '\n' ? ' ' : *p;
    }
    ret[n] = '\0';
}

static int judge(struct exchange *ex, struct err *e)
{
    char last[1024];
    const struct ssh_exec *x = ex->x;
    struct sbuf *err = &ex->ret->err;

    (void)finished(ex);
    size_t from = ex->tail.len > err->max ? ex->tail.len - err->max : 0;
    sbuf_add(err, ex->tail.data + from, ex->tail.len - from);
    last_lines(err->data, last, sizeof(last));
    if (ex->status < 0) {
        (void)err_set(e, ERR_NET, "%s: no exit status came back from %s%s%s", x->what, ex->s->name, *last ? ": " : "",
                      last);
        e->retryable = true;
        return err_hint(e, "whether the command ran to its end is not known");
    }
    ex->ret->status = ex->status;
    if (x->sudo && ex->status == 1 && strncmp(err->data, "sudo: ", 6) == 0) {
        (void)err_set(e, ERR_AUTH, "%s: %s", x->what, last);
        return err_hint(e, "user '%s' must be root or be allowed sudo without a password", ex->s->user);
    }
    if (ex->status && !x->any_status)
        return err_set(e, ERR_REMOTE, "%s: exit status %d%s%s", x->what, ex->status, *last ? ": " : "", last);
    if (ex->ret->out.overflow) {
        AUTO_FREE char *what = xasprintf("%s: output", x->what);
        return sbuf_check(&ex->ret->out, what, e);
    }
    return 0;
}

int ssh_exec(struct ssh *s, const struct ssh_exec *x, struct ssh_result *ret, struct err *e)
{
    struct ssh_deadline d = ssh_deadline(s, x->what, x->timeout_ms);
    struct exchange ex = { .s = s, .x = x, .ret = ret, .send = x->input, .status = -1 };

    ex.send_len = x->input_len;
    ex.input_done = !x->fill;
    ex.tail = (struct sbuf)SBUF_INIT(2 * (ret->err.max + TRAILER) + (32 << 10));
    ex.ch = ssh_channel_open(s, &d, e);
    if (!ex.ch)
        return -1;
    ex.chunk = x->fill ? xcalloc(4, SSH_CHUNK) : NULL;
    ssh_command_make(&ex.cmd, x->argv, x->sudo && strcmp(s->user, "root") != 0);
    int rc = sbuf_check(&ex.cmd.line, "the command line", e);
    if (rc == 0)
        rc = ssh_channel_exec(s, ex.ch, ex.cmd.line.data, &d, e);
    if (rc == 0)
        rc = converse(&ex, &d, e);
    /* The trailer may have come before the connection went. */
    if (rc < 0 && e->code == ERR_NET && finished(&ex))
        err_clear(e);
    else if (rc < 0 && e->code == ERR_NET)
        (void)err_hint(e, "whether the command ran to its end is not known");
    if (!e->code)
        rc = judge(&ex, e);
    ssh_channel_close(s, ex.ch);
    ssh_command_done(&ex.cmd);
    sbuf_done(&ex.tail);
    free(ex.chunk);
    return rc;
}
