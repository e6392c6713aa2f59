#include "core/sbuf.h"
#include "core/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char sbuf_empty[1] = "";

/* Grow by copy and wipe, not by realloc: the old block may hold a secret. */
static void grow(struct sbuf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : 64;

    while (cap < need)
        cap *= 2;
    char *p = xcalloc(cap, 1);
    if (b->cap) {
        memcpy(p, b->data, b->len);
        secret_wipe(b->data, b->len);
        free(b->data);
    }
    b->data = p;
    b->cap = cap;
}

void sbuf_add(struct sbuf *b, const void *data, size_t len)
{
    if (len > b->max - b->len) {
        b->overflow = true;
        len = b->max - b->len;
    }
    if (!len)
        return;
    if (b->len + len + 1 > b->cap)
        grow(b, b->len + len + 1);
    memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void sbuf_addstr(struct sbuf *b, const char *s)
{
    sbuf_add(b, s, strlen(s));
}

void sbuf_addch(struct sbuf *b, char c)
{
    sbuf_add(b, &c, 1);
}

void sbuf_addf(struct sbuf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_SECRET char *s = xvasprintf(fmt, ap);
    va_end(ap);
    sbuf_addstr(b, s);
}

void sbuf_trim(struct sbuf *b)
{
    while (b->len && strchr(" \t\r\n", b->data[b->len - 1]))
        b->data[--b->len] = '\0';
}

void sbuf_reset(struct sbuf *b)
{
    if (b->cap) {
        secret_wipe(b->data, b->len);
        b->data[0] = '\0';
    }
    b->len = 0;
    b->overflow = false;
}

void sbuf_done(struct sbuf *b)
{
    sbuf_reset(b);
    if (b->cap)
        free(b->data);
    b->data = sbuf_empty;
    b->cap = 0;
}

char *sbuf_take(struct sbuf *b)
{
    char *s = b->cap ? b->data : xstrdup("");

    b->data = sbuf_empty;
    b->len = b->cap = 0;
    return s;
}

void sbuf_add_shell(struct sbuf *b, const char *word)
{
    sbuf_addch(b, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            sbuf_addstr(b, "'\\''");
        else
            sbuf_addch(b, *word);
    }
    sbuf_addch(b, '\'');
}

int sbuf_check(const struct sbuf *b, const char *what, struct err *e)
{
    if (b->overflow)
        return err_set(e, ERR_REMOTE, "%s is larger than %zu bytes", what, b->max);
    return 0;
}
