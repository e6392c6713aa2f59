#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "spec/fields.h"
#include "spec/spec.h"
#include <regex.h>

#define COMMENT_COLUMN   34
#define LINE_MAX_COLUMNS 120

struct draft {
    struct sbuf out;
    const char *provider, *name;
    bool after_section;
};

static void indent(struct sbuf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        sbuf_addstr(out, "  ");
}

/* One line, the summary behind it where it fits and above it where it does not. */
static void add_line(struct sbuf *out, int depth, const struct field *f, const char *text)
{
    size_t width = (size_t)depth * 2 + strlen(text);

    if (width + 2 > COMMENT_COLUMN || COMMENT_COLUMN + 2 + strlen(f->summary) > LINE_MAX_COLUMNS) {
        indent(out, depth);
        sbuf_addf(out, "# %s\n", f->summary);
        indent(out, depth);
        sbuf_addf(out, "%s\n", text);
        return;
    }
    indent(out, depth);
    sbuf_addf(out, "%-*s# %s\n", COMMENT_COLUMN - depth * 2, text, f->summary);
}

/* What stands behind a key that must be there. */
static const char *given(const struct draft *d, const struct field *f)
{
    if (strcmp(f->path, "name") == 0)
        return d->name;
    if (strncmp(f->path, "provider.", 9) == 0)
        return "\"\""; /* only the user knows; 'slipway validate' asks for it */
    return f->example;
}

static void add_fields(struct draft *d, const char *parent, int depth);

static void add_field(struct draft *d, const struct field *f, int depth)
{
    const char *leaf = field_leaf(f);
    AUTO_FREE char *line = NULL;
    /* What is not to be begun without being finished stands in one line, as its example. */
    bool section = (f->type == FIELD_SECTION && !f->example) || (f->type == FIELD_CHOICE && f->required);

    /* Says nothing about how an entry looks. */
    bool empty_list = f->otherwise && strcmp(f->otherwise, "[]") == 0;

    if (!depth && (section || d->after_section))
        sbuf_addch(&d->out, '\n');
    d->after_section = section;
    if (section) {
        line = xasprintf("%s:", leaf);
        add_line(&d->out, depth, f, line);
        add_fields(d, f->path, depth + 1);
        d->after_section = true;
        return;
    }
    if (f->required)
        line = xasprintf("%s: %s", leaf, given(d, f));
    else
        line = xasprintf("# %s: %s", leaf, f->otherwise && !empty_list ? f->otherwise : f->example);
    add_line(&d->out, depth, f, line);
}

static void add_fields(struct draft *d, const char *parent, int depth)
{
    for (const struct field *f = NULL; (f = field_child(parent, f));) {
        if (strcmp(parent, "provider") != 0 || strcmp(field_leaf(f), d->provider) == 0)
            add_field(d, f, depth);
    }
}

static int check_name(const char *name, struct err *e)
{
    const struct field *f = field_find("name");
    regex_t re;

    if (regcomp(&re, f->pattern, REG_EXTENDED | REG_NOSUB))
        return err_set(e, ERR_INTERNAL, "pattern of 'name' does not compile");
    bool fits = regexec(&re, name, 0, NULL, 0) == 0;
    regfree(&re);
    return fits ? 0 : err_set(e, ERR_USAGE, "name '%.40s' is not %s", name, f->wants);
}

static int check_provider(const char *provider, struct err *e)
{
    const struct field *choice = field_find("provider");
    AUTO_SBUF struct sbuf have = SBUF_INIT(256);

    for (const struct field *f = NULL; (f = field_child("provider", f));) {
        if (strcmp(field_leaf(f), provider) == 0)
            return 0;
        sbuf_addf(&have, "%s%s", have.len ? ", " : "", field_leaf(f));
    }
    for (const char *const *later = choice->later; *later; later++) {
        if (strcmp(*later, provider) == 0)
            return err_set(e, ERR_USAGE, "provider '%s' is not built yet; this version has: %s", provider, have.data);
    }
    return err_set(e, ERR_USAGE, "unknown provider '%.40s'; there are: %s", provider, have.data);
}

char *spec_commented(const char *provider, const char *name, struct err *e)
{
    struct draft d = { .out = SBUF_INIT((size_t)64 * 1024), .provider = provider, .name = name };

    d.provider = provider ? provider : "local";
    d.name = name ? name : "demo";
    if (check_provider(d.provider, e) < 0 || check_name(d.name, e) < 0)
        return NULL;
    sbuf_addstr(&d.out,
                "# What 'slipway bootstrap' makes. A line that is commented out shows the default, or an example\n"
                "# where there is none or nothing in it. Every field: man slipway.yaml. Check: slipway validate.\n");
    add_fields(&d, "", 0);
    return sbuf_take(&d.out);
}
