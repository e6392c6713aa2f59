#include "core/mem.h"
#include "core/util.h"
#include "spec/read.h"

static json_t *read_scalar(const struct yt_node *n, const char *path, struct spec_problems *p)
{
    const char *why = "";
    char shown[64];
    json_t *j;

    switch (yt_classify(n, &why)) {
    case YT_NULL:
        return json_null();
    case YT_BOOL:
        return json_boolean(n->text[0] == 't' || n->text[0] == 'T');
    case YT_INT:
        return json_integer(strtoll(n->text, NULL, 10));
    case YT_FLOAT:
        return json_real(strtod(n->text, NULL));
    case YT_STRING:
        j = json_string(n->text);
        if (j)
            return j;
        problems_add(p, n->line, n->column, path, "'%s' has text that is not valid UTF-8", path);
        return NULL;
    case YT_TRAP:
        problems_show(n, shown);
        problems_add(p, n->line, n->column, path, "'%s' holds %s, which %s", path, shown, why);
        return NULL;
    }
    return NULL;
}

/* All values are looked at, so that all problems come at once. */
json_t *read_free(const struct yt_node *n, const char *path, struct spec_problems *p)
{
    bool ok = true;

    if (n->broken)
        return NULL;
    if (n->kind == YT_SCALAR)
        return read_scalar(n, path, p);
    json_t *j = n->kind == YT_MAP ? json_object() : json_array();
    for (size_t i = 0; i < n->n; i++) {
        AUTO_FREE char *sub =
            n->kind == YT_MAP ? xasprintf("%s.%.40s", path, n->keys[i]->text) : xasprintf("%s[%zu]", path, i);
        json_t *item = read_free(n->items[i], sub, p);
        if (!item)
            ok = false;
        else if (n->kind == YT_MAP)
            ok = json_object_set_new(j, n->keys[i]->text, item) == 0 && ok;
        else
            ok = json_array_append_new(j, item) == 0 && ok;
    }
    if (ok)
        return j;
    json_decref(j);
    return NULL;
}
