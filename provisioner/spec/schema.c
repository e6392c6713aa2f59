#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include "spec/fields.h"
#include "spec/read.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

static json_t *object_schema(const char *parent);

/* Table text (a default, an example) as JSON. */
static json_t *from_yaml(const char *text)
{
    AUTO_PROBLEMS struct spec_problems p = { 0 };
    AUTO_YT struct yt_node *n = yt_parse(text, strlen(text), &p);

    return n ? read_free(n, "", &p) : NULL;
}

static json_t *words(const char *const *list)
{
    json_t *j = json_array();

    for (; *list; list++)
        (void)json_array_append_new(j, json_string(*list));
    return j;
}

static json_t *number_schema(const struct field *f)
{
    return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)f->min, "maximum",
                     (json_int_t)f->max);
}

static json_t *string_schema(const struct field *f)
{
    json_t *j = json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", 4096);

    if (field_nullable(f))
        (void)json_object_set_new(j, "type", json_pack("[s, s]", "string", "null"));
    if (f->pattern)
        (void)json_object_set_new(j, "pattern", json_string(f->pattern));
    return j;
}

static json_t *list_schema(const struct field *f, json_t *items)
{
    json_t *j = json_pack("{s:o, s:o}", "type", f->min ? json_string("array") : json_pack("[s, s]", "array", "null"),
                          "items", items);

    if (f->min)
        (void)json_object_set_new(j, "minItems", json_integer(f->min));
    (void)json_object_set_new(j, "maxItems", json_integer(f->max));
    return j;
}

static json_t *free_schema(const struct field *f)
{
    json_t *j = json_pack("{s:[s, s]}", "type", "object", "null");

    if (f->inspect == check_k3s_config) {
        json_t *owned = json_array();
        for (size_t i = 0; check_k3s_owned(i); i++) {
            (void)json_array_append_new(owned, json_string(check_k3s_owned(i)));
            (void)json_array_append_new(owned, json_sprintf("%s+", check_k3s_owned(i)));
        }
        (void)json_object_set_new(j, "propertyNames", json_pack("{s:{s:o}}", "not", "enum", owned));
    } else if (f->inspect == check_resources) {
        (void)json_object_set_new(
            j, "properties", json_pack("{s:{s:s}, s:{s:s}}", "limits", "type", "object", "requests", "type", "object"));
        (void)json_object_set_new(j, "additionalProperties", json_false());
    }
    return j;
}

/* A section that a plain value may stand for. "minimum" and "pattern" say nothing of objects, so they need no anyOf. */
static json_t *with_shorthand(json_t *j, const struct field *section)
{
    AUTO_FREE char *path = xasprintf("%s.%s", section->path, section->shorthand);
    const struct field *f = field_find(path);
    bool number = f->type == FIELD_INT, empty = !json_object_get(j, "required");

    (void)json_object_set_new(j, "type",
                              json_pack("[s, s, s*]", "object", number ? "integer" : "string", empty ? "null" : NULL));
    if (number) {
        (void)json_object_set_new(j, "minimum", json_integer(f->min));
        (void)json_object_set_new(j, "maximum", json_integer(f->max));
        return j;
    }
    AUTO_SBUF struct sbuf pattern = SBUF_INIT(512);
    for (size_t i = 0; f->values[i]; i++)
        sbuf_addf(&pattern, "%s%s", i ? "|" : "^(", f->values[i]);
    (void)json_object_set_new(j, "pattern", json_sprintf("%s)$", pattern.data));
    return j;
}

static json_t *type_schema(const struct field *f)
{
    AUTO_FREE char *items = xasprintf("%s[]", f->path);
    json_t *j;

    switch (f->type) {
    case FIELD_SECTION:
        j = object_schema(f->path);
        if (f->shorthand)
            return with_shorthand(j, f);
        /* A section with nothing in it may also be left empty, unless something in it is required. */
        if (!json_object_get(j, "required"))
            (void)json_object_set_new(j, "type", json_pack("[s, s]", "object", "null"));
        return j;
    case FIELD_CHOICE:
        j = object_schema(f->path);
        (void)json_object_set_new(j, "minProperties", json_integer(1));
        (void)json_object_set_new(j, "maxProperties", json_integer(1));
        if (!f->required)
            (void)json_object_set_new(j, "type", json_pack("[s, s]", "object", "null"));
        return j;
    case FIELD_STRING:
        return string_schema(f);
    case FIELD_ENUM:
        return json_pack("{s:s, s:o}", "type", "string", "enum", words(f->values));
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_FLOAT:
        j = number_schema(f);
        (void)json_object_set_new(j, "type", json_string("number"));
        return j;
    case FIELD_INT:
    case FIELD_SECONDS:
        return number_schema(f);
    case FIELD_AUTO_INT:
        return json_pack("{s:[{s:s}, o]}", "anyOf", "const", "auto", number_schema(f));
    case FIELD_STRINGS:
        return list_schema(f, string_schema(f));
    case FIELD_FREE:
        return free_schema(f);
    case FIELD_RECORDS:
        return list_schema(f, object_schema(items));
    }
    return NULL;
}

static json_t *field_schema(const struct field *f)
{
    json_t *j = type_schema(f);

    (void)json_object_set_new(j, "description", json_string(f->summary));
    if (f->otherwise)
        (void)json_object_set_new(j, "default", from_yaml(f->otherwise));
    if (f->example)
        (void)json_object_set_new(j, "examples", json_pack("[o]", from_yaml(f->example)));
    return j;
}

static json_t *object_schema(const char *parent)
{
    json_t *properties = json_object(), *required = json_array();

    for (const struct field *f = NULL; (f = field_child(parent, f));) {
        (void)json_object_set_new(properties, field_leaf(f), field_schema(f));
        if (f->required)
            (void)json_array_append_new(required, json_string(field_leaf(f)));
    }
    json_t *j = json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
    if (json_array_size(required))
        (void)json_object_set_new(j, "required", required);
    else
        json_decref(required);
    return j;
}

json_t *spec_schema(void)
{
    json_t *j = object_schema("");

    (void)json_object_set_new(j, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    (void)json_object_set_new(j, "title", json_string("slipway.yaml"));
    (void)json_object_set_new(j, "description", json_string("What slipway bootstraps; see slipway.yaml(5)"));
    return j;
}
