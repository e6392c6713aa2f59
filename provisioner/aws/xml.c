#include "aws/xml.h"
#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"

enum { DEPTH_MAX = 32, ELEMENTS_MAX = 100000, TEXT_MAX = 16 << 20 };

/* An element that is open. */
struct frame {
    char *name;
    json_t *children; /* name -> array of values, in the order of the text */
    struct sbuf text;
};

struct reader {
    XML_Parser parser;
    struct frame open[DEPTH_MAX];
    int depth;
    int elements;
    json_t *root;
    const char *refused; /* why the text is not read on, or NULL */
};

static void refuse(struct reader *r, const char *why)
{
    if (!r->refused)
        r->refused = why;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void drop(struct frame *f)
{
    free(f->name);
    json_decref(f->children);
    sbuf_done(&f->text);
}

static void on_open(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = arg;
    const char *local = strrchr(name, ':');

    (void)attributes;
    if (r->refused)
        return;
    if (r->depth == DEPTH_MAX) {
        refuse(r, "nested too deeply");
        return;
    }
    if (++r->elements > ELEMENTS_MAX) {
        refuse(r, "too many elements");
        return;
    }
    r->open[r->depth++] = (struct frame){
        .name = xstrdup(local && local[1] ? local + 1 : name),
        .children = json_object(),
        .text = SBUF_INIT(TEXT_MAX),
    };
}

static bool is_list(const json_t *children)
{
    return json_object_size(children) == 1 &&
           (json_object_get(children, "item") || json_object_get(children, "member"));
}

/* What an element becomes once all of it was read; new reference. */
static json_t *value_of(struct frame *f, bool root)
{
    json_t *object, *values;
    const char *name;

    if (!root && json_object_size(f->children) == 0) {
        sbuf_trim(&f->text);
        const char *begin = f->text.data + strspn(f->text.data, " \t\r\n");
        return json_string(begin);
    }
    if (!root && is_list(f->children))
        return json_incref(json_object_iter_value(json_object_iter(f->children)));
    object = json_object();
    json_object_foreach (f->children, name, values) {
        json_t *value = json_array_size(values) == 1 ? json_array_get(values, 0) : values;
        (void)json_object_set(object, name, value);
    }
    return object;
}

static void on_close(void *arg, const XML_Char *name)
{
    struct reader *r = arg;

    (void)name;
    if (r->refused)
        return;
    struct frame *f = &r->open[--r->depth];
    json_t *value = value_of(f, r->depth == 0);
    if (!value || f->text.overflow) {
        json_decref(value);
        refuse(r, "a text that cannot be kept");
    } else if (r->depth == 0) {
        r->root = value;
    } else {
        json_t *siblings = r->open[r->depth - 1].children;
        if (!json_object_get(siblings, f->name))
            (void)json_object_set_new(siblings, f->name, json_array());
        (void)json_array_append_new(json_object_get(siblings, f->name), value);
    }
    drop(f);
}

static void on_text(void *arg, const XML_Char *text, int len)
{
    struct reader *r = arg;

    if (!r->refused && r->depth)
        sbuf_add(&r->open[r->depth - 1].text, text, (size_t)len);
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *file, const XML_Char *id, int internal)
{
    (void)name;
    (void)file;
    (void)id;
    (void)internal;
    refuse(arg, "a document type, which no answer has");
}

json_t *aws_xml_parse(const char *text, size_t len, const char *what, struct err *e)
{
    struct reader r = { .parser = XML_ParserCreate(NULL) };

    if (!r.parser)
        abort();
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_open, on_close);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    if (len > INT_MAX)
        r.refused = "too long";
    if (r.refused || XML_Parse(r.parser, text, (int)len, XML_TRUE) != XML_STATUS_OK) {
        (void)err_set(e, ERR_REMOTE, "%s: not the XML of an answer, line %lu: %s", what,
                      (unsigned long)XML_GetCurrentLineNumber(r.parser),
                      r.refused ? r.refused : XML_ErrorString(XML_GetErrorCode(r.parser)));
        json_decref(r.root);
        r.root = NULL;
    }
    while (r.depth)
        drop(&r.open[--r.depth]);
    XML_ParserFree(r.parser);
    return r.root;
}

void aws_xml_root(const char *text, char ret[static 128])
{
    const char *p = text;

    ret[0] = '\0';
    while ((p = strchr(p, '<')) && (p[1] == '?' || p[1] == '!')) {
        const char *end = strncmp(p, "<!--", 4) == 0 ? strstr(p, "-->") : strchr(p, '>');
        if (!end)
            return;
        p = end;
    }
    if (!p)
        return;
    int len = (int)strcspn(++p, " \t\r\n/>");
    const char *prefix = memchr(p, ':', (size_t)len);
    int skip = prefix ? (int)(prefix - p) + 1 : 0;
    (void)snprintf(ret, 128, "%.*s", len - skip, p + skip);
}

const char *aws_xml_any(const json_t *root, const char *name)
{
    const json_t *direct = json_object_get(root, name);
    const char *key, *found = "";
    json_t *child;
    size_t i;

    if (json_is_string(direct))
        return json_string_value(direct);
    json_object_foreach ((json_t *)(uintptr_t)root, key, child) {
        found = aws_xml_any(child, name);
        if (*found)
            return found;
    }
    json_array_foreach (root, i, child) {
        found = aws_xml_any(child, name);
        if (*found)
            return found;
    }
    return found;
}
