#include "core/template.h"
#include "core/embedded.h"
#include "core/mem.h"
#include "core/util.h"
#include <jansson.h>
#include <string.h>

static const struct template_var *find(const struct template_var *vars, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(vars[i].name) == len && memcmp(vars[i].name, name, len) == 0)
            return &vars[i];
    return NULL;
}

static int put(struct sbuf *out, const struct template_var *v, struct err *e)
{
    AUTO_JSON json_t *j = NULL;
    AUTO_SECRET char *text = NULL;

    switch (v->escape) {
    case TEMPLATE_RAW:
        sbuf_addstr(out, v->value);
        return 0;
    case TEMPLATE_SHELL:
        sbuf_add_shell(out, v->value);
        return 0;
    case TEMPLATE_JSON:
        break;
    }
    j = json_string(v->value);
    text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;
    if (!text)
        return err_set(e, ERR_INTERNAL, "template value '%s' is not UTF-8", v->name);
    sbuf_addstr(out, text);
    return 0;
}

static int check_used(const char *text, const struct template_var *vars, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *mark = xasprintf("${%s}", vars[i].name);
        if (!strstr(text, mark))
            return err_set(e, ERR_INTERNAL, "template has no '%s'", mark);
    }
    return 0;
}

int template_render(struct sbuf *out, const char *text, const struct template_var *vars, size_t n, struct err *e)
{
    if (check_used(text, vars, n, e) < 0)
        return -1;
    for (const char *p; (p = strstr(text, "${"));) {
        const char *end = strchr(p, '}');
        const struct template_var *v = end ? find(vars, n, p + 2, (size_t)(end - p - 2)) : NULL;
        if (!v)
            return err_set(e, ERR_INTERNAL, "template names an unknown value at \"%.40s\"", p);
        sbuf_add(out, text, (size_t)(p - text));
        if (put(out, v, e) < 0)
            return -1;
        text = end + 1;
    }
    sbuf_addstr(out, text);
    return sbuf_check(out, "rendered template", e);
}

const char *template_get(const char *path)
{
    for (const struct embedded_row *r = embedded_table; r->path; r++)
        if (strcmp(r->path, path) == 0)
            return r->text;
    return NULL;
}

int template_file(struct sbuf *out, const char *path, const struct template_var *vars, size_t n, struct err *e)
{
    const char *text = template_get(path);

    if (!text)
        return err_set(e, ERR_INTERNAL, "no template '%s' in this build", path);
    if (template_render(out, text, vars, n, e) < 0)
        return err_wrap(e, "%s", path);
    return 0;
}
