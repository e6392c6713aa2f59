#include "core/mem.h"
#include "core/nearest.h"
#include "core/util.h"
#include "spec/read.h"
#include "spec/read_internal.h"
#include <errno.h>
#include <math.h>
#include <regex.h>

#define TEXT_MAX 4096

/* What stands there, for people: nothing where it may be a secret. */
static void show(const struct yt_node *n, const struct place *at, char ret[static 64])
{
    if (at->f->hush && n->kind == YT_SCALAR && *n->text)
        (void)snprintf(ret, 64, "a text that is not shown");
    else
        problems_show(n, ret);
}

void read_complain(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    const struct field *f = at->f;
    const char *example =
        f->otherwise && f->type != FIELD_STRINGS && f->type != FIELD_RECORDS ? f->otherwise : f->example;
    bool element = f->type == FIELD_STRINGS && strcmp(at->path, f->path) != 0;
    AUTO_FREE char *wants = element ? xstrdup(f->wants) : field_wants(f);
    char shown[64];

    show(n, at, shown);
    if (element)
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got %s", at->path, wants, shown);
    else
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got %s; %s%s", at->path, wants, shown,
                     example ? "write for example: " : "write keys and values below it", example ? example : "");
}

bool read_is_null(const struct yt_node *n)
{
    return n->kind == YT_SCALAR && yt_classify(n, NULL) == YT_NULL;
}

static bool matches(const char *pattern, const char *text)
{
    regex_t re;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
        return false;
    bool yes = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

/* A text that YAML takes as text. */
static bool is_text(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    static const char *const kinds[] = { [YT_BOOL] = "a boolean", [YT_INT] = "a number", [YT_FLOAT] = "a number" };
    bool hush = at->f->hush;
    const char *why = NULL;
    enum yt_class class;
    char shown[64];

    if (n->kind != YT_SCALAR || read_is_null(n)) {
        read_complain(c, n, at);
        return false;
    }
    class = yt_classify(n, &why);
    if (class == YT_STRING)
        return true;
    show(n, at, shown);
    if (at->f->pattern && !matches(at->f->pattern, n->text))
        read_complain(c, n, at);
    else if (class == YT_TRAP)
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants text, but %s without quotes %s", at->path, shown,
                     why);
    else
        problems_add(c->p, n->line, n->column, at->path,
                     "'%s' wants text, but %s without quotes is %s; write \"%.40s\"", at->path, shown, kinds[class],
                     hush ? "..." : n->text);
    return false;
}

/* The accepted text, or NULL after a report. */
static char *accept_text(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    const struct field *f = at->f;
    struct err why = ERR_INIT;
    char *value;

    if (n->broken || !is_text(c, n, at))
        return NULL;
    if (!*n->text || strlen(n->text) > TEXT_MAX) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' is %s; %s", at->path,
                     *n->text ? "longer than 4096 characters" : "empty", *n->text ? "shorten it" : "fill it in");
        return NULL;
    }
    value = f->accept ? f->accept(n->text, c->dir, &why) : xstrdup(n->text);
    if (!value && c->p->lenient && why.sys == ENOENT)
        value = xstrdup(n->text);
    if (!value) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' %s", at->path, why.msg);
        return NULL;
    }
    if (!f->pattern || matches(f->pattern, n->text))
        return value;
    free(value);
    read_complain(c, n, at);
    return NULL;
}

void read_string(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    if (read_is_null(n) && field_nullable(at->f))
        return;
    char *value = accept_text(c, n, at);
    if (value) {
        free(*(char **)read_slot(at));
        *(char **)read_slot(at) = value;
    }
}

void read_refuse_later(struct ctx *c, const struct yt_node *n, const struct place *at, const char *word,
                       const char *const *have)
{
    AUTO_SBUF struct sbuf list = SBUF_INIT(512);

    for (size_t i = 0; have[i]; i++)
        sbuf_addf(&list, "%s%s", i ? ", " : "", have[i]);
    problems_add(c->p, n->line, n->column, at->path, "%s '%s' is not built yet; this version has: %s",
                 field_leaf(at->f), word, list.data);
}

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

bool read_among(const char *word, const char *const *words)
{
    for (size_t i = 0; i < count(words); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

void read_enum(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    const struct field *f = at->f;

    if (n->kind == YT_SCALAR && read_among(n->text, f->values)) {
        if (f->offset == FIELD_NOWHERE)
            return;
        free(*(char **)read_slot(at));
        *(char **)read_slot(at) = xstrdup(n->text);
    } else if (n->kind == YT_SCALAR && read_among(n->text, f->later)) {
        read_refuse_later(c, n, at, n->text, f->values);
    } else {
        const char *near = n->kind == YT_SCALAR ? nearest(n->text, f->values, count(f->values)) : NULL;
        AUTO_FREE char *wants = field_wants(f);
        char shown[64];
        show(n, at, shown);
        if (near)
            problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got %s; did you mean '%s'?", at->path,
                         wants, shown, near);
        else
            read_complain(c, n, at);
    }
}

static bool is_decimal(const char *s)
{
    size_t n = strspn(s + (*s == '-'), "0123456789");

    s += *s == '-';
    return n && s[n] == '\0' && (n == 1 || *s != '0');
}

static bool read_number(struct ctx *c, const struct yt_node *n, const struct place *at, int64_t *ret)
{
    AUTO_FREE char *wants = field_wants(at->f);
    char shown[64];

    show(n, at, shown);
    if (n->kind != YT_SCALAR || read_is_null(n)) {
        read_complain(c, n, at);
    } else if (!is_decimal(n->text)) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got %s; write plain decimal digits", at->path,
                     wants, shown);
    } else if (!n->plain) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got text; remove the quotes around %s",
                     at->path, wants, shown);
    } else {
        errno = 0;
        *ret = strtoll(n->text, NULL, 10);
        if (errno == 0 && *ret >= at->f->min && *ret <= at->f->max)
            return true;
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants %s, got %s, which is out of range", at->path,
                     wants, shown);
    }
    return false;
}

void read_int(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    int64_t value;

    if (at->f->type == FIELD_AUTO_INT && n->kind == YT_SCALAR && strcmp(n->text, "auto") == 0)
        *(int64_t *)read_slot(at) = -1;
    else if (read_number(c, n, at, &value))
        *(int64_t *)read_slot(at) = value;
}

void read_bool(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    bool is = n->kind == YT_SCALAR && n->plain && strcmp(n->text, "true") == 0;

    if (is || (n->kind == YT_SCALAR && n->plain && strcmp(n->text, "false") == 0))
        *(bool *)read_slot(at) = is;
    else
        read_complain(c, n, at);
}

void read_float(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    enum yt_class class = n->kind == YT_SCALAR ? yt_classify(n, NULL) : YT_NULL;
    double value = class == YT_INT || class == YT_FLOAT ? strtod(n->text, NULL) : NAN;

    if (value >= (double)at->f->min && value <= (double)at->f->max)
        *(double *)read_slot(at) = value;
    else
        read_complain(c, n, at);
}

void read_seconds(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    int64_t value;

    if (read_number(c, n, at, &value))
        (void)json_object_set_new(*(json_t **)read_slot(at), field_leaf(at->f), json_integer(value));
}

bool read_is_list(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    if (read_is_null(n) && !at->f->min)
        return false;
    if (n->kind == YT_SCALAR && !read_is_null(n)) {
        char shown[64];
        show(n, at, shown);
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants a list, got %s; write it in brackets, such as %s",
                     at->path, shown, at->f->example);
        return false;
    }
    if (n->kind == YT_LIST && (int64_t)n->n < at->f->min) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' is empty, and needs at least one; write for example: %s",
                     at->path, at->f->example);
        return false;
    }
    if (n->kind != YT_LIST) {
        read_complain(c, n, at);
        return false;
    }
    if ((int64_t)n->n > at->f->max) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' has %zu entries; at most %d are allowed", at->path, n->n,
                     (int)at->f->max);
        return false;
    }
    return true;
}

void read_strings(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    if (!read_is_list(c, n, at))
        return;
    svec_done(read_slot(at));
    for (size_t i = 0; i < n->n; i++) {
        AUTO_FREE char *path = xasprintf("%s[%zu]", at->path, i);
        struct place item = { at->f, path, at->base };
        AUTO_FREE char *value = accept_text(c, n->items[i], &item);
        if (value)
            svec_add(read_slot(at), value);
    }
}

void read_free_field(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    if (read_is_null(n))
        return;
    if (n->kind != YT_MAP) {
        read_complain(c, n, at);
        return;
    }
    if (at->f->inspect)
        at->f->inspect(n, at->path, c->p);
    json_t *j = read_free(n, at->path, c->p);
    if (j) {
        json_decref(*(json_t **)read_slot(at));
        *(json_t **)read_slot(at) = j;
    }
}
