#include "core/svec.h"
#include "core/mem.h"
#include <stdarg.h>
#include <stdlib.h>

static void push(struct svec *v, char *s)
{
    if (v->len + 2 > v->cap) {
        v->cap = v->cap ? v->cap * 2 : 8;
        v->items = xrealloc(v->items, v->cap, sizeof(*v->items));
    }
    v->items[v->len++] = s;
    v->items[v->len] = NULL;
}

void svec_add(struct svec *v, const char *s)
{
    push(v, xstrdup(s));
}

void svec_addf(struct svec *v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    push(v, xvasprintf(fmt, ap));
    va_end(ap);
}

void svec_done(struct svec *v)
{
    for (size_t i = 0; i < v->len; i++)
        free(v->items[i]);
    free(v->items);
    v->items = NULL;
    v->len = v->cap = 0;
}

const char *const *svec_argv(const struct svec *v)
{
    static const char *const none[] = { NULL };

    return v->items ? (const char *const *)v->items : none;
}
