#include "spec/yaml_tree.h"
#include "core/mem.h"
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *text;
    size_t len, events;
    bool stop; /* nothing more can be read */
    struct spec_problems *problems;
};

static void report(struct reader *r, const yaml_mark_t *at, const char *what)
{
    problems_add(r->problems, at->line + 1, at->column + 1, "", "%s", what);
}

static void fatal(struct reader *r, const yaml_mark_t *at, const char *what)
{
    report(r, at, what);
    r->stop = true;
}

/* Reader errors come with a byte offset only. */
static yaml_mark_t mark_at(const struct reader *r, size_t offset)
{
    yaml_mark_t m = { 0, 0, 0 };

    for (size_t i = 0; i < offset && i < r->len; i++) {
        if (r->text[i] == '\n') {
            m.line++;
            m.column = 0;
        } else if (((unsigned char)r->text[i] & 0xC0) != 0x80) {
            m.column++;
        }
    }
    return m;
}

/* libyaml's marks count characters; find the byte. */
static char char_at(const struct reader *r, const yaml_mark_t *m)
{
    const char *p = r->text, *end = r->text + r->len;

    for (size_t i = 0; p < end && i < m->index; i++) {
        do
            p++;
        while (p < end && ((unsigned char)*p & 0xC0) == 0x80);
    }
    if (p == end)
        return '\0';
    return *p;
}

static void report_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "out of memory";
    yaml_mark_t at = p->problem_mark;
    const char *remedy = "";

    if (p->error == YAML_READER_ERROR) {
        at = mark_at(r, p->problem_offset);
        remedy = "; a spec is UTF-8 text";
    } else if (char_at(r, &at) == '\t') {
        remedy = "; this is a tab, and YAML indents with spaces";
    } else if (char_at(r, &at) && strchr("@`%", char_at(r, &at))) {
        remedy = "; put a value that starts with this character in quotes";
    } else if (p->context && strstr(p->context, "alias")) {
        remedy = "; put a value that starts with '*' in quotes";
    } else if (strstr(problem, "mapping values are not allowed")) {
        remedy = "; look at this line and the one before: a colon needs a space behind it, text with ': ' needs quotes";
    }
    problems_add(r->problems, at.line + 1, at.column + 1, "", "not YAML: %s%s%s%s", p->context ? p->context : "",
                 p->context ? ": " : "", problem, remedy);
    r->stop = true;
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
    if (!yaml_parser_parse(&r->parser, ev)) {
        report_syntax(r);
        return -1;
    }
    if (++r->events > YT_MAX_EVENTS) {
        fatal(r, &ev->start_mark, "too many values for a spec; the limit is 20000 YAML events");
        yaml_event_delete(ev);
        return -1;
    }
    return 0;
}

static struct yt_node *node_new(enum yt_kind kind, const yaml_mark_t *at)
{
    struct yt_node *n = xcalloc(1, sizeof(*n));

    n->kind = kind;
    n->line = at->line + 1;
    n->column = at->column + 1;
    return n;
}

static void node_push(struct yt_node *n, struct yt_node *key, struct yt_node *item)
{
    if (n->n == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 8;
        n->items = xrealloc(n->items, n->cap, sizeof(struct yt_node *));
        if (n->kind == YT_MAP)
            n->keys = xrealloc(n->keys, n->cap, sizeof(struct yt_node *));
    }
    if (n->kind == YT_MAP)
        n->keys[n->n] = key;
    n->items[n->n++] = item;
}

void yt_free(struct yt_node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->n; i++) {
        yt_free(n->items[i]);
        if (n->keys)
            yt_free(n->keys[i]);
    }
    secret_free(n->text); /* a key pasted into the wrong place is a secret all the same */
    free(n->items);
    free(n->keys);
    free(n);
}

const struct yt_node *yt_get(const struct yt_node *map, const char *key)
{
    for (size_t i = 0; map->kind == YT_MAP && i < map->n; i++) {
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    }
    return NULL;
}

static void refuse_extras(struct reader *r, struct yt_node *n, const yaml_mark_t *at, const void *anchor,
                          const void *tag)
{
    if (anchor)
        report(r, at, "anchors and aliases are not supported; write the value out");
    if (tag)
        report(r, at, "tags (!...) are not supported; quote the value if it is text");
    n->broken = tag != NULL;
}

static struct yt_node *read_scalar(struct reader *r, const yaml_event_t *ev)
{
    const char *s = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    struct yt_node *n = node_new(YT_SCALAR, &ev->start_mark);

    refuse_extras(r, n, &ev->start_mark, ev->data.scalar.anchor, ev->data.scalar.tag);
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = xstrndup(s, len);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool c1 = c == 0xC2 && i + 1 < len && (unsigned char)s[i + 1] < 0xA0; /* U+0080 to U+009F */
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F || c1) {
            problems_add(r->problems, n->line, n->column, "", "control character 0x%02x in a value; remove it",
                         c1 ? (unsigned char)s[i + 1] : c);
            n->broken = true;
            break;
        }
    }
    return n;
}

static struct yt_node *read_node(struct reader *r, yaml_event_t *ev, int depth);

/* True when the collection goes on with the event in `ev`; `end` is consumed. */
static bool next_item(struct reader *r, yaml_event_t *ev, yaml_event_type_t end)
{
    if (r->stop || next_event(r, ev) < 0)
        return false;
    if (ev->type != end)
        return true;
    yaml_event_delete(ev);
    return false;
}

static void read_list(struct reader *r, struct yt_node *n, int depth)
{
    yaml_event_t ev;

    while (next_item(r, &ev, YAML_SEQUENCE_END_EVENT))
        node_push(n, NULL, read_node(r, &ev, depth + 1));
}

/* A key that can be looked up, or NULL after a report. */
static struct yt_node *read_key(struct reader *r, yaml_event_t *ev, int depth)
{
    yaml_mark_t at = ev->start_mark;
    struct yt_node *key = read_node(r, ev, depth + 1);

    if (r->stop || key->broken) {
        yt_free(key);
        return NULL;
    }
    if (key->kind == YT_SCALAR && strcmp(key->text, "<<") != 0)
        return key;
    report(r, &at,
           key->kind == YT_SCALAR ? "merge keys (<<) are not supported; write the keys out"
                                  : "a key must be text, not a list or a mapping");
    yt_free(key);
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    const struct yt_node *x = *(struct yt_node *const *)a, *y = *(struct yt_node *const *)b;
    int d = strcmp(x->text, y->text);

    if (d)
        return d;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* The first of equal keys counts; n log n, so that a long mapping costs no more than its length. */
static void refuse_duplicates(struct reader *r, struct yt_node *map)
{
    if (map->n < 2)
        return;
    struct yt_node **sorted = xcalloc(map->n, sizeof(struct yt_node *));
    memcpy(sorted, map->keys, map->n * sizeof(struct yt_node *));
    qsort(sorted, map->n, sizeof(struct yt_node *), by_text);
    for (size_t i = 1, first = 0; i < map->n; i++) {
        if (strcmp(sorted[i]->text, sorted[first]->text) != 0) {
            first = i;
            continue;
        }
        char shown[64];
        problems_show(sorted[i], shown);
        problems_add(r->problems, sorted[i]->line, sorted[i]->column, "",
                     "duplicate key %s; the first is in line %zu, remove one", shown, sorted[first]->line);
        sorted[i]->broken = true;
    }
    free(sorted);
    size_t kept = 0;
    for (size_t i = 0; i < map->n; i++) {
        if (map->keys[i]->broken) {
            yt_free(map->keys[i]);
            yt_free(map->items[i]);
            continue;
        }
        map->keys[kept] = map->keys[i];
        map->items[kept++] = map->items[i];
    }
    map->n = kept;
}

static void read_map(struct reader *r, struct yt_node *n, int depth)
{
    yaml_event_t ev;

    while (next_item(r, &ev, YAML_MAPPING_END_EVENT)) {
        struct yt_node *key = read_key(r, &ev, depth);
        if (r->stop || next_event(r, &ev) < 0) {
            yt_free(key);
            return;
        }
        struct yt_node *value = read_node(r, &ev, depth + 1);
        if (key)
            node_push(n, key, value);
        else
            yt_free(value);
    }
    refuse_duplicates(r, n);
}

/* Consumes `ev`. Never NULL; after a fatal problem the node may be incomplete and r->stop is set. */
static struct yt_node *read_node(struct reader *r, yaml_event_t *ev, int depth)
{
    struct yt_node *n;

    if (depth > YT_MAX_DEPTH) {
        fatal(r, &ev->start_mark, "nested too deeply; the limit is 32 levels");
        n = node_new(YT_LIST, &ev->start_mark);
    } else if (ev->type == YAML_SCALAR_EVENT) {
        n = read_scalar(r, ev);
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        n = node_new(YT_LIST, &ev->start_mark);
        refuse_extras(r, n, &ev->start_mark, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
        read_list(r, n, depth);
    } else if (ev->type == YAML_MAPPING_START_EVENT) {
        n = node_new(YT_MAP, &ev->start_mark);
        refuse_extras(r, n, &ev->start_mark, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
        read_map(r, n, depth);
    } else {
        n = node_new(YT_SCALAR, &ev->start_mark);
        n->text = xstrdup("");
        n->broken = true;
        report(r, &ev->start_mark, "anchors and aliases are not supported; write the value out");
    }
    yaml_event_delete(ev);
    return n;
}

static struct yt_node *read_stream(struct reader *r)
{
    struct yt_node *root = NULL;
    yaml_event_t ev;

    while (!r->stop && next_event(r, &ev) == 0) {
        if (ev.type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&ev);
            break;
        }
        if (ev.type == YAML_STREAM_START_EVENT || ev.type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&ev);
        } else if (ev.type != YAML_DOCUMENT_START_EVENT) {
            root = read_node(r, &ev, 1);
        } else {
            if (root)
                fatal(r, &ev.start_mark, "a second document (---); a spec is one document");
            yaml_event_delete(&ev);
        }
    }
    return root;
}

struct yt_node *yt_parse(const char *text, size_t len, struct spec_problems *p)
{
    struct reader r = { .text = text, .len = len, .problems = p };

    if (len > YT_MAX_BYTES) {
        problems_add(p, 1, 1, "", "larger than 256 KiB, which no spec is");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        problems_add(p, 1, 1, "", "the YAML parser ran out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    struct yt_node *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    if (!root && !r.stop)
        problems_add(p, 1, 1, "", "the file is empty; 'slipway init' writes a spec to start from");
    if (!r.stop)
        return root;
    yt_free(root);
    return NULL;
}
