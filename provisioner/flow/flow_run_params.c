#include "flow/flow_run_params.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/svec.h"
#include "core/util.h"
#include <stdbool.h>
#include <string.h>

/* What a schema asks for. In the order of trial: text is last, because every word is text. */
enum kind { KIND_NULL, KIND_BOOLEAN, KIND_INTEGER, KIND_NUMBER, KIND_ARRAY, KIND_OBJECT, KIND_TEXT, KIND_COUNT };

static bool is_null(const json_t *j)
{
    return json_is_null(j);
}

static bool is_boolean(const json_t *j)
{
    return json_is_boolean(j);
}

static bool is_integer(const json_t *j)
{
    return json_is_integer(j);
}

static bool is_number(const json_t *j)
{
    return json_is_number(j);
}

static bool is_array(const json_t *j)
{
    return json_is_array(j);
}

static bool is_object(const json_t *j)
{
    return json_is_object(j);
}

static const struct {
    const char *type; /* in the schema */
    const char *says;
    bool (*is)(const json_t *j); /* of the word read as JSON; NULL: the word itself */
} kinds[KIND_COUNT] = {
    [KIND_NULL] = { "null", "null", is_null },
    [KIND_BOOLEAN] = { "boolean", "true or false", is_boolean },
    [KIND_INTEGER] = { "integer", "a whole number", is_integer },
    [KIND_NUMBER] = { "number", "a number", is_number },
    [KIND_ARRAY] = { "array", "a list in JSON, such as '[1, 2]'", is_array },
    [KIND_OBJECT] = { "object", "a mapping in JSON, such as '{\"a\": 1}'", is_object },
    [KIND_TEXT] = { "string", "text", NULL },
};

#define ANY_KIND ((1u << KIND_COUNT) - 1)
#define MAX_REFS 16

static unsigned kind_of(const char *type)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return 1u << i;
    return ANY_KIND;
}

/* "#/definitions/Box" */
static const json_t *definition(const json_t *root, const char *ref)
{
    const char *name = strrchr(ref, '/');

    return name ? json_object_get(json_object_get(root, "definitions"), name + 1) : NULL;
}

static unsigned kinds_of_values(const json_t *values)
{
    unsigned mask = 0;
    size_t i;
    json_t *value;

    json_array_foreach (values, i, value) {
        for (size_t k = 0; k < KIND_COUNT; k++)
            if (kinds[k].is ? kinds[k].is(value) : json_is_string(value))
                mask |= 1u << k;
    }
    return mask;
}

/* Bits of `enum kind`. A definition can name itself: `refs` are the ones that may still be followed. */
static unsigned kinds_of(const json_t *root, const json_t *schema, int refs)
{
    static const char *const choices[] = { "anyOf", "oneOf", "allOf" };
    const json_t *type = json_object_get(schema, "type"), *ref = json_object_get(schema, "$ref");
    const json_t *constant = json_object_get(schema, "const");
    unsigned mask = 0;
    size_t i;
    json_t *one;

    if (refs == 0)
        return ANY_KIND;
    if (json_is_string(type))
        return kind_of(json_string_value(type));
    json_array_foreach (type, i, one)
        mask |= kind_of(json_string_value(one) ? json_string_value(one) : "");
    if (json_is_string(ref))
        return kinds_of(root, definition(root, json_string_value(ref)), refs - 1);
    for (size_t c = 0; c < ARRAY_LEN(choices); c++) {
        json_array_foreach (json_object_get(schema, choices[c]), i, one)
            mask |= kinds_of(root, one, refs - 1);
    }
    mask |= kinds_of_values(json_object_get(schema, "enum"));
    if (constant)
        for (size_t k = 0; k < KIND_COUNT; k++)
            mask |= (kinds[k].is ? kinds[k].is(constant) : json_is_string(constant)) ? 1u << k : 0;
    return mask ? mask : ANY_KIND;
}

static int no_such_value(const char *name, const char *word, unsigned mask, struct err *e)
{
    AUTO_SBUF struct sbuf want = SBUF_INIT(512);

    for (size_t k = 0; k < KIND_COUNT; k++)
        if (mask & 1u << k)
            sbuf_addf(&want, "%s%s", want.len ? " or " : "", kinds[k].says);
    return err_set(e, ERR_USAGE, "parameter '%s' is %s, not '%.100s'", name, want.data, word);
}

static int convert(const char *name, const char *word, unsigned mask, json_t **ret, struct err *e)
{
    json_error_t lost;
    AUTO_JSON json_t *value = json_loads(word, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &lost);

    for (size_t k = 0; k < KIND_COUNT; k++) {
        if (!(mask & 1u << k) || (kinds[k].is && !(value && kinds[k].is(value))))
            continue;
        *ret = kinds[k].is ? TAKE_PTR(value) : json_string(word);
        return *ret ? 0 : err_set(e, ERR_USAGE, "parameter '%s' is not UTF-8", name);
    }
    return no_such_value(name, word, mask, e);
}

static int unknown(const json_t *properties, const char *name, struct err *e)
{
    AUTO_SBUF struct sbuf all = SBUF_INIT(400);
    const size_t count = json_object_size(properties);
    AUTO_FREE const char **names = xcalloc(count + 1, sizeof(*names));
    const char *key;
    json_t *lost;
    size_t n = 0;

    json_object_foreach ((json_t *)(uintptr_t)properties, key, lost) {
        sbuf_addf(&all, "%s%s", n ? ", " : "", key);
        names[n++] = key;
    }
    const char *near = nearest(name, names, n);
    (void)err_set(e, ERR_USAGE, "there is no parameter '%s'; there %s %s%s", name, n == 1 ? "is" : "are",
                  n ? all.data : "none", all.overflow ? "..." : "");
    return near ? err_hint(e, "did you mean -p %s=...?", near) : -1;
}

static int add(const json_t *schema, const char *word, json_t *params, struct err *e)
{
    const char *equals = strchr(word, '=');
    const json_t *properties = json_object_get(schema, "properties");

    if (!equals || equals == word) {
        (void)err_set(e, ERR_USAGE, "parameter '%s' has no value", word);
        return err_hint(e, "say -p KEY=VALUE");
    }
    AUTO_FREE char *name = xstrndup(word, (size_t)(equals - word));
    const json_t *want = json_object_get(properties, name);
    json_t *value = NULL;
    /* A flow that takes **kwargs has a schema that allows more. */
    if (!want && !jsonx_bool(schema, "additionalProperties", false))
        return unknown(properties, name, e);
    if (json_object_get(params, name))
        return err_set(e, ERR_USAGE, "parameter '%s' is given twice", name);
    if (convert(name, equals + 1, kinds_of(schema, want, MAX_REFS), &value, e) < 0)
        return -1;
    json_object_set_new(params, name, value);
    return 0;
}

int flow_run_params(const json_t *deployment, const char *const *words, size_t n, json_t **ret, struct err *e)
{
    const json_t *schema = json_object_get(deployment, "parameter_openapi_schema");
    AUTO_JSON json_t *params = json_object();
    size_t i;
    json_t *name;

    for (size_t w = 0; w < n; w++)
        if (add(schema, words[w], params, e) < 0)
            return -1;
    json_array_foreach (json_object_get(schema, "required"), i, name) {
        const char *key = json_string_value(name);
        if (!key || json_object_get(params, key) || json_object_get(json_object_get(deployment, "parameters"), key))
            continue;
        (void)err_set(e, ERR_USAGE, "parameter '%s' has no default: the flow needs a value", key);
        return err_hint(e, "say -p %s=...", key);
    }
    *ret = TAKE_PTR(params);
    return 0;
}
