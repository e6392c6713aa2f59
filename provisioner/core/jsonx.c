#include "core/jsonx.h"
#include "core/mem.h"
#include <stdlib.h>
#include <string.h>

json_t *jsonx_parse(const char *text, size_t len, const char *what, struct err *e)
{
    json_error_t je;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);

    if (j)
        return j;
    /* The beginning of a page or a sentence helps; that of an object, and what jansson saw "near", may be a secret. */
    bool quote = len > 0 && *text != '{' && *text != '[';
    const char *near = strstr(je.text, " near ");
    (void)err_set(e, ERR_REMOTE, "%s is not JSON (line %d, column %d: %.*s)%s%.*s%s", what, je.line, je.column,
                  near ? (int)(near - je.text) : (int)strlen(je.text), je.text, quote ? ": \"" : "",
                  quote ? (int)(len < 80 ? len : 80) : 0, text, quote ? "\"" : "");
    return NULL;
}

static const json_t *element(const json_t *array, const char *key, size_t len)
{
    return len && strspn(key, "0123456789") == len ? json_array_get(array, strtoul(key, NULL, 10)) : NULL;
}

json_t *jsonx_get(const json_t *root, const char *path)
{
    while (root && *path) {
        size_t n = strcspn(path, ".");
        if (json_is_array(root)) {
            root = element(root, path, n);
        } else {
            AUTO_SECRET char *key = xstrndup(path, n);
            root = json_object_get(root, key);
        }
        path += n + (path[n] == '.');
    }
    return (json_t *)(uintptr_t)root; /* jansson's borrowed nodes are not const */
}

const char *jsonx_str(const json_t *root, const char *path)
{
    const char *s = json_string_value(jsonx_get(root, path));

    return s ? s : "";
}

int64_t jsonx_int(const json_t *root, const char *path, int64_t otherwise)
{
    const json_t *j = jsonx_get(root, path);

    return json_is_integer(j) ? json_integer_value(j) : otherwise;
}

bool jsonx_bool(const json_t *root, const char *path, bool otherwise)
{
    const json_t *j = jsonx_get(root, path);

    return json_is_boolean(j) ? json_is_true(j) : otherwise;
}

char *jsonx_text(const json_t *j, int indent)
{
    char *s = json_dumps(j, JSON_SORT_KEYS | JSON_ENCODE_ANY | (indent ? JSON_INDENT(indent) : JSON_COMPACT));

    return s ? s : xstrdup("null");
}
