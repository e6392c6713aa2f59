#include "spec/problems.h"
#include "core/mem.h"
#include "spec/yaml_tree.h"

/* One problem is one line of UTF-8: a text cut in the middle of a character is not, and JSON could not carry it. */
static char *one_line(char *s)
{
    for (unsigned char *p = (unsigned char *)s; *p;) {
        size_t more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : *p >= 0xC0 ? 1 : 0, have = 0;
        bool stray = (*p & 0xC0) == 0x80;
        while (have < more && (p[have + 1] & 0xC0) == 0x80)
            have++;
        if (*p < 0x20)
            *p = ' ';
        if (stray || have < more)
            memset(p, '?', have + 1);
        p += have + 1;
    }
    return s;
}

void problems_add(struct spec_problems *p, size_t line, size_t column, const char *path, const char *fmt, ...)
{
    va_list ap;

    if (p->n == SPEC_PROBLEMS_MAX) {
        p->more++;
        return;
    }
    va_start(ap, fmt);
    p->rows[p->n++] = (struct spec_problem){ line, column, one_line(xstrdup(path)), one_line(xvasprintf(fmt, ap)) };
    va_end(ap);
}

void spec_problems_done(struct spec_problems *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->rows[i].path);
        free(p->rows[i].text);
    }
    p->n = p->more = 0;
}

static bool before(const struct spec_problem *a, const struct spec_problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Insertion: at most 30 rows, and equal places keep the order they were found in. */
void problems_sort(struct spec_problems *p)
{
    for (size_t i = 1; i < p->n; i++) {
        struct spec_problem row = p->rows[i];
        size_t at = i;
        for (; at > 0 && before(&row, &p->rows[at - 1]); at--)
            p->rows[at] = p->rows[at - 1];
        p->rows[at] = row;
    }
}

int problems_err(const struct spec_problems *p, const char *file, struct err *e)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(sizeof(e->msg) - 64);
    size_t shown = 0;

    for (; shown < p->n; shown++) {
        const struct spec_problem *row = &p->rows[shown];
        AUTO_SBUF struct sbuf line = SBUF_INIT(sizeof(e->msg));
        sbuf_addf(&line, "%s%s:%zu:%zu: %s", shown ? "\n" : "", file, row->line, row->column, row->text);
        if (line.len > out.max - out.len)
            break;
        sbuf_add(&out, line.data, line.len);
    }
    size_t more = p->n - shown + p->more;
    if (more)
        return err_set(e, ERR_SPEC, "%s\nand %zu more", out.data, more);
    return err_set(e, ERR_SPEC, "%s", out.data);
}

void problems_show(const struct yt_node *n, char ret[static 64])
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(60);

    bool pem = n->kind == YT_SCALAR && strstr(n->text, "-----BEGIN"); /* a key in the wrong place is still a secret */
    if (n->kind != YT_SCALAR || pem || (n->plain && !*n->text)) {
        const char *what = n->kind == YT_MAP ? "a mapping" : n->kind == YT_LIST ? "a list" : "nothing";
        what = pem ? "a key or certificate" : what;
        (void)snprintf(ret, 64, "%s", what);
        return;
    }
    sbuf_addch(&out, '\'');
    const char *s = n->text;
    for (; *s && (out.len < 40 || ((unsigned char)*s & 0xC0) == 0x80); s++) {
        if (*s == '\n' || *s == '\t')
            sbuf_addstr(&out, *s == '\n' ? "\\n" : "\\t");
        else
            sbuf_addch(&out, *s);
    }
    sbuf_addstr(&out, *s ? "...'" : "'");
    (void)snprintf(ret, 64, "%s", out.data);
}
