#include "aws/query.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/util.h"

void aws_query_done(struct aws_query *q)
{
    sbuf_done(&q->body);
}

/* RFC 3986, 2.3: everything but unreserved characters. */
static void add_encoded(struct sbuf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.~", c)) {
            sbuf_addch(out, *p);
        } else {
            sbuf_addch(out, '%');
            sbuf_addch(out, digits[c >> 4]);
            sbuf_addch(out, digits[c & 15]);
        }
    }
}

void aws_query_add(struct aws_query *q, const char *key, const char *value)
{
    if (q->body.len)
        sbuf_addch(&q->body, '&');
    add_encoded(&q->body, key);
    sbuf_addch(&q->body, '=');
    add_encoded(&q->body, value);
}

void aws_query_int(struct aws_query *q, const char *key, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    aws_query_add(q, key, text);
}

void aws_query_addf(struct aws_query *q, const char *value, const char *key_fmt, ...)
{
    va_list ap;

    va_start(ap, key_fmt);
    AUTO_FREE char *key = xvasprintf(key_fmt, ap);
    va_end(ap);
    aws_query_add(q, key, value);
}

static bool has_filter(const struct aws_query *q, int n)
{
    char name[32];
    const char *at = q->body.data;

    (void)snprintf(name, sizeof(name), "Filter.%d.Name=", n);
    while ((at = strstr(at, name))) {
        if (at == q->body.data || at[-1] == '&')
            return true;
        at++;
    }
    return false;
}

void aws_query_filter(struct aws_query *q, const char *name, const char *value)
{
    int n = 1;

    while (has_filter(q, n))
        n++;
    aws_query_addf(q, name, "Filter.%d.Name", n);
    aws_query_addf(q, value, "Filter.%d.Value.1", n);
}
