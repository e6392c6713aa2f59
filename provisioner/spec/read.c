#include "spec/read.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/read_internal.h"
#include <inttypes.h>

static field_reader read_section, read_choice, read_pools;

static field_reader *const readers[] = {
    [FIELD_SECTION] = read_section, [FIELD_CHOICE] = read_choice,   [FIELD_STRING] = read_string,
    [FIELD_ENUM] = read_enum,       [FIELD_INT] = read_int,         [FIELD_AUTO_INT] = read_int,
    [FIELD_STRINGS] = read_strings, [FIELD_FREE] = read_free_field, [FIELD_SECONDS] = read_seconds,
    [FIELD_POOLS] = read_pools,
};

static void refuse_unknown(struct ctx *c, const struct yt_node *key, const char *table_path, const char *shown_path)
{
    const char *names[64], *near;
    size_t n = 0;
    char shown[64];
    AUTO_FREE char *where = *shown_path ? xasprintf(" in '%s'", shown_path) : xstrdup("");

    if (c->p->n == SPEC_PROBLEMS_MAX) { /* counted only: no work for what is not shown */
        c->p->more++;
        return;
    }
    problems_show(key, shown);
    for (const struct field *f = NULL; (f = field_child(table_path, f)) && n < ARRAY_LEN(names);)
        names[n++] = field_leaf(f);
    near = problems_nearest(key->text, names, n);
    for (const struct field *f = field_table; !near && f->path; f++) {
        if (strcmp(field_leaf(f), key->text) == 0)
            near = f->path;
    }
    if (near) {
        problems_add(c->p, key->line, key->column, shown_path, "unknown key %s%s; did you mean '%s'?", shown, where,
                     near);
        return;
    }
    AUTO_SBUF struct sbuf list = SBUF_INIT(512);
    for (size_t i = 0; i < n; i++)
        sbuf_addf(&list, "%s%s", i ? ", " : "", names[i]);
    problems_add(c->p, key->line, key->column, shown_path, "unknown key %s%s; there are: %s", shown, where, list.data);
}

static const struct field *child_named(const char *parent, const char *name)
{
    for (const struct field *f = NULL; (f = field_child(parent, f));) {
        if (strcmp(field_leaf(f), name) == 0)
            return f;
    }
    return NULL;
}

/* The fields of one mapping: table_path in the table, shown_path for people ("" for the file). */
static void read_fields(struct ctx *c, const struct yt_node *n, const char *table_path, const char *shown_path,
                        void *base)
{
    const char *dot = *shown_path ? "." : "";

    for (size_t i = 0; i < n->n; i++) {
        const struct field *f = child_named(table_path, n->keys[i]->text);
        if (!f) {
            refuse_unknown(c, n->keys[i], table_path, shown_path);
            continue;
        }
        AUTO_FREE char *path = xasprintf("%s%s%s", shown_path, dot, field_leaf(f));
        struct place at = { f, path, base };
        if (!n->items[i]->broken)
            readers[f->type](c, n->items[i], &at);
    }
    for (const struct field *f = NULL; (f = field_child(table_path, f));) {
        if (!f->required || yt_get(n, field_leaf(f)))
            continue;
        AUTO_FREE char *path = xasprintf("%s%s%s", shown_path, dot, field_leaf(f));
        problems_add(c->p, n->line, n->column, path, "'%s' is missing (%s); write for example: %s: %s", path,
                     f->summary, field_leaf(f), f->example);
    }
}

static void read_section(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    struct yt_node empty = { .kind = YT_MAP, .line = n->line, .column = n->column };

    if (n->kind != YT_MAP && !read_is_null(n))
        read_complain(c, n, at);
    else
        read_fields(c, n->kind == YT_MAP ? n : &empty, at->f->path, at->path, at->base);
}

/* The names of the sections to choose from, into ret[max], NULL-terminated. */
static void choices(const struct field *choice, const char **ret, size_t max)
{
    size_t n = 0;

    for (const struct field *f = NULL; (f = field_child(choice->path, f)) && n < max - 1;)
        ret[n++] = field_leaf(f);
    ret[n] = NULL;
}

static void choose(struct ctx *c, const struct yt_node *key, const struct yt_node *value, const struct place *at)
{
    const struct field *f = child_named(at->f->path, key->text);
    const char *have[16];

    choices(at->f, have, ARRAY_LEN(have));
    if (!f) {
        if (read_among(key->text, at->f->later))
            read_refuse_later(c, key, at, key->text, have);
        else
            refuse_unknown(c, key, at->f->path, at->path);
        return;
    }
    if (c->s->provider) {
        problems_add(c->p, key->line, key->column, at->path, "'%s' names both '%s' and '%s'; keep exactly one",
                     at->path, c->s->provider, key->text);
        return;
    }
    c->s->provider = xstrdup(key->text);
    AUTO_FREE char *path = xasprintf("%s.%s", at->path, key->text);
    struct place below = { f, path, at->base };
    if (!value->broken)
        readers[f->type](c, value, &below);
}

static void read_choice(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    const char *have[16];

    choices(at->f, have, ARRAY_LEN(have));
    if (n->kind == YT_MAP && n->n) {
        for (size_t i = 0; i < n->n; i++)
            choose(c, n->keys[i], n->items[i], at);
    } else if (n->kind == YT_SCALAR && read_among(n->text, at->f->later)) {
        read_refuse_later(c, n, at, n->text, have);
    } else if (n->kind == YT_SCALAR && read_among(n->text, have)) {
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants a mapping, got '%s'; write {%s: {}}", at->path,
                     n->text, n->text);
    } else {
        AUTO_SBUF struct sbuf list = SBUF_INIT(512);
        for (size_t i = 0; have[i]; i++)
            sbuf_addf(&list, "%s%s", i ? ", " : "", have[i]);
        char shown[64];
        problems_show(n, shown);
        problems_add(c->p, n->line, n->column, at->path, "'%s' wants exactly one of: %s; got %s", at->path, list.data,
                     n->kind == YT_MAP ? "none" : shown);
    }
}

static void read_default(struct ctx *c, const struct field *f, void *base)
{
    struct place at = { f, f->path, base };

    /* `timeouts` keeps only what the user wrote; the phases know their own seconds. */
    if (!f->otherwise || f->offset == FIELD_NOWHERE || f->type == FIELD_SECONDS)
        return;
    AUTO_YT struct yt_node *n = yt_parse(f->otherwise, strlen(f->otherwise), c->p);
    if (n)
        readers[f->type](c, n, &at);
}

static void refuse_same_name(struct ctx *c, const struct yt_node *n, const char *path, size_t i)
{
    const struct spec_pool *pools = c->s->prefect.work_pools;

    for (size_t j = 0; j < i && pools[i].name; j++) {
        if (pools[j].name && strcmp(pools[j].name, pools[i].name) == 0) {
            problems_add(c->p, n->line, n->column, path,
                         "'%s.name' is '%s' as in entry %zu; give each pool its own name", path, pools[i].name, j);
            return;
        }
    }
}

static void read_pools(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    struct spec *s = c->s;
    AUTO_FREE char *table_path = xasprintf("%s[]", at->f->path);

    if (!read_is_list(c, n, at))
        return;
    spec_pools_free(s);
    s->prefect.work_pools = xcalloc(n->n, sizeof(struct spec_pool));
    s->prefect.n_work_pools = n->n;
    for (size_t i = 0; i < n->n; i++) {
        const struct yt_node *item = n->items[i];
        struct spec_pool *pool = &s->prefect.work_pools[i];
        AUTO_FREE char *path = xasprintf("%s[%zu]", at->path, i);
        struct place here = { at->f, path, s };
        for (const struct field *f = NULL; (f = field_child(table_path, f));)
            read_default(c, f, pool);
        if (item->broken)
            continue;
        if (item->kind != YT_MAP) {
            char shown[64];
            problems_show(item, shown);
            problems_add(c->p, item->line, item->column, path,
                         "'%s' wants a mapping, got %s; write for example: {name: %s}", here.path, shown, "default");
            continue;
        }
        read_fields(c, item, table_path, path, pool);
        refuse_same_name(c, item, path, i);
    }
}

static const struct yt_node *find_node(const struct yt_node *root, const char *const *keys)
{
    const struct yt_node *n = root, *last = root;

    for (; *keys && n; keys++) {
        n = yt_get(n, *keys);
        last = n ? n : last;
    }
    return last;
}

/* Rules over more than one field. */
static void check_whole(struct ctx *c, const struct yt_node *root)
{
    static const char *const database[] = { "prefect", "server", "database", "size_gib", NULL };
    const struct spec *s = c->s;

    if (s->provider && strcmp(s->provider, "local") == 0 &&
        s->prefect.server.database.size_gib >= s->machine.disk_gib) {
        const struct yt_node *n = find_node(root, database);
        problems_add(c->p, n->line, n->column, "prefect.server.database.size_gib",
                     "'prefect.server.database.size_gib' is %" PRId64
                     ", but the whole disk ('machine.disk_gib') has %" PRId64
                     "; make the disk larger or the database smaller",
                     s->prefect.server.database.size_gib, s->machine.disk_gib);
    }
}

void read_spec(const struct yt_node *root, struct spec *s, struct spec_problems *p)
{
    AUTO_FREE char *spec_dir = fsx_dirname(s->path);
    AUTO_FREE char *dir = spec_dir[0] == '/' ? NULL : realpath(spec_dir, NULL);
    struct ctx c = { s, p, dir ? dir : spec_dir };

    s->timeouts = json_object();
    for (const struct field *f = field_table; f->path; f++) {
        if (!strstr(f->path, "[]"))
            read_default(&c, f, s);
    }
    if (root->kind != YT_MAP) {
        problems_add(p, root->line, root->column, "",
                     "a spec is a mapping of keys to values; 'slipway init' writes one");
        return;
    }
    read_fields(&c, root, "", "", s);
    check_whole(&c, root);
}
