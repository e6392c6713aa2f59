#include "spec/read.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/util.h"
#include "spec/read_internal.h"
#include "spec/whole.h"

static field_reader read_section, read_choice, read_records;

static field_reader *const readers[] = {
    [FIELD_SECTION] = read_section, [FIELD_CHOICE] = read_choice,   [FIELD_STRING] = read_string,
    [FIELD_ENUM] = read_enum,       [FIELD_BOOL] = read_bool,       [FIELD_INT] = read_int,
    [FIELD_AUTO_INT] = read_int,    [FIELD_FLOAT] = read_float,     [FIELD_STRINGS] = read_strings,
    [FIELD_FREE] = read_free_field, [FIELD_SECONDS] = read_seconds, [FIELD_RECORDS] = read_records,
};

/* The path of a field of that name in another section, the one that shares most of its path with `table_path`. */
static const char *elsewhere(const char *name, const char *table_path)
{
    const char *best = NULL;
    size_t most = 0;

    for (const struct field *f = NULL; (f = field_next(f));) {
        size_t n = 0;
        if (strcmp(field_leaf(f), name) != 0)
            continue;
        while (table_path[n] && table_path[n] == f->path[n])
            n++;
        if (!best || n > most) {
            best = f->path;
            most = n;
        }
    }
    return best;
}

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
    near = nearest(key->text, names, n);
    near = near ? near : elsewhere(key->text, table_path);
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

/* "database: sqlite" for "database: {type: sqlite}". */
static void read_shorthand(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    AUTO_FREE char *path = xasprintf("%s.%s", at->path, at->f->shorthand);
    const struct place below = { child_named(at->f->path, at->f->shorthand), path, at->base };

    readers[below.f->type](c, n, &below);
}

static void read_section(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    struct yt_node empty = { .kind = YT_MAP, .line = n->line, .column = n->column };

    if (at->f->shorthand && n->kind == YT_SCALAR && !read_is_null(n))
        read_shorthand(c, n, at);
    else if (n->kind != YT_MAP && !read_is_null(n))
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

/* The name that was chosen before, or what `key` chooses now. */
static const char *choose(struct ctx *c, const struct yt_node *key, const struct yt_node *value, const struct place *at,
                          const char *before)
{
    const struct field *f = child_named(at->f->path, key->text);
    const char *have[16];

    choices(at->f, have, ARRAY_LEN(have));
    if (!f) {
        if (read_among(key->text, at->f->later))
            read_refuse_later(c, key, at, key->text, have);
        else
            refuse_unknown(c, key, at->f->path, at->path);
        return before;
    }
    if (before) {
        problems_add(c->p, key->line, key->column, at->path, "'%s' names both '%s' and '%s'; keep exactly one",
                     at->path, before, key->text);
        return before;
    }
    AUTO_FREE char *path = xasprintf("%s.%s", at->path, key->text);
    struct place below = { f, path, at->base };
    if (!value->broken)
        readers[f->type](c, value, &below);
    return field_leaf(f);
}

static void refuse_choice(struct ctx *c, const struct yt_node *n, const struct place *at, const char *const *have)
{
    if (n->kind == YT_SCALAR && read_among(n->text, at->f->later)) {
        read_refuse_later(c, n, at, n->text, have);
    } else if (at->f->hush && n->kind == YT_SCALAR && !read_is_null(n)) {
        problems_add(c->p, n->line, n->column, at->path,
                     "'%s' wants %s; never put the secret itself into the spec, name where slipway finds it", at->path,
                     "{env: NAME} or {file: PATH}");
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

static void read_choice(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    const char *have[16], *chosen = NULL;

    if (read_is_null(n) && !at->f->required)
        return;
    choices(at->f, have, ARRAY_LEN(have));
    if (n->kind != YT_MAP || !n->n)
        refuse_choice(c, n, at, have);
    for (size_t i = 0; n->kind == YT_MAP && i < n->n; i++)
        chosen = choose(c, n->keys[i], n->items[i], at, chosen);
    if (chosen && at->f->offset != FIELD_NOWHERE) {
        free(*(char **)read_slot(at));
        *(char **)read_slot(at) = xstrdup(chosen);
    }
}

static void read_default(struct ctx *c, const struct field *f, void *base)
{
    struct place at = { f, f->path, base };

    if (f->type == FIELD_FREE && f->offset != FIELD_NOWHERE)
        *(json_t **)read_slot(&at) = json_object();
    /* `timeouts` keeps only what the user wrote; the phases know their own seconds. */
    if (!f->otherwise || f->offset == FIELD_NOWHERE || f->type == FIELD_SECONDS || f->type == FIELD_FREE)
        return;
    AUTO_YT struct yt_node *n = yt_parse(f->otherwise, strlen(f->otherwise), c->p);
    if (n)
        readers[f->type](c, n, &at);
}

/* Every default of one record, sections in it included. */
static void read_defaults(struct ctx *c, const char *record, void *base)
{
    for (const struct field *f = NULL; (f = field_next(f));) {
        if (field_in_record(f, record))
            read_default(c, f, base);
    }
}

static const char *name_of(const struct field *name, const char *records, size_t size, size_t i)
{
    return *(char *const *)(const void *)(records + i * size + name->offset);
}

static void refuse_same_name(struct ctx *c, const struct yt_node *n, const struct place *at, const char *path, size_t i)
{
    AUTO_FREE char *record = xasprintf("%s[]", at->f->path);
    const struct field *name = child_named(record, "name");
    const char *records = *(char *const *)read_slot(at);
    const char *mine = name && at->f->noun ? name_of(name, records, at->f->size, i) : NULL;

    for (size_t j = 0; mine && j < i; j++) {
        const char *other = name_of(name, records, at->f->size, j);
        if (!other || strcmp(other, mine) != 0)
            continue;
        problems_add(c->p, n->line, n->column, path, "'%s.name' is '%s' as in entry %zu; give each %s its own name",
                     path, mine, j, at->f->noun);
        return;
    }
}

static void read_record(struct ctx *c, const struct yt_node *n, const struct place *at, size_t i)
{
    AUTO_FREE char *record = xasprintf("%s[]", at->f->path), *path = xasprintf("%s[%zu]", at->path, i);
    char *base = *(char **)read_slot(at) + i * at->f->size;
    char shown[64];

    read_defaults(c, record, base);
    if (n->broken)
        return;
    if (n->kind == YT_MAP) {
        read_fields(c, n, record, path, base);
        refuse_same_name(c, n, at, path, i);
        return;
    }
    problems_show(n, shown);
    problems_add(c->p, n->line, n->column, path, "'%s' wants a mapping, got %s; write for example: %.*s", path, shown,
                 (int)strlen(at->f->example) - 2, at->f->example + 1);
}

static void release_records(const struct field *f, void *base)
{
    AUTO_FREE char *record = xasprintf("%s[]", f->path);
    char **records = (char **)(void *)((char *)base + f->offset);
    size_t *n = (size_t *)(void *)((char *)base + f->count);

    for (size_t i = 0; i < *n; i++)
        read_release(*records + i * f->size, record);
    free(*records);
    *records = NULL;
    *n = 0;
}

static void read_records(struct ctx *c, const struct yt_node *n, const struct place *at)
{
    if (!read_is_list(c, n, at))
        return;
    release_records(at->f, at->base);
    if (!n->n)
        return;
    *(void **)read_slot(at) = xcalloc(n->n, at->f->size);
    *(size_t *)(void *)((char *)at->base + at->f->count) = n->n;
    for (size_t i = 0; i < n->n; i++)
        read_record(c, n->items[i], at, i);
}

/* Several fields may share one slot (the alternatives of a choice): what is freed is NULL after it. */
void read_release(void *base, const char *record)
{
    for (const struct field *f = NULL; (f = field_next(f));) {
        struct place at = { f, f->path, base };
        if (!field_in_record(f, record) || f->offset == FIELD_NOWHERE)
            continue;
        if (f->type == FIELD_STRING || f->type == FIELD_ENUM || f->type == FIELD_CHOICE) {
            free(*(char **)read_slot(&at));
            *(char **)read_slot(&at) = NULL;
        } else if (f->type == FIELD_FREE) {
            json_decref(*(json_t **)read_slot(&at));
            *(json_t **)read_slot(&at) = NULL;
        } else if (f->type == FIELD_STRINGS) {
            svec_done(read_slot(&at));
        } else if (f->type == FIELD_RECORDS) {
            release_records(f, base);
        }
    }
}

void read_spec(const struct yt_node *root, struct spec *s, struct spec_problems *p)
{
    AUTO_FREE char *spec_dir = fsx_dirname(s->path);
    AUTO_FREE char *dir = spec_dir[0] == '/' ? NULL : realpath(spec_dir, NULL);
    struct ctx c = { s, p, dir ? dir : spec_dir };

    s->timeouts = json_object();
    read_defaults(&c, "", s);
    if (root->kind != YT_MAP) {
        problems_add(p, root->line, root->column, "",
                     "a spec is a mapping of keys to values; 'slipway init' writes one");
        return;
    }
    read_fields(&c, root, "", "", s);
    whole_check(root, s, p);
}
