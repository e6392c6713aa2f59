#include "spec/fields.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include <inttypes.h>

const struct field *field_find(const char *path)
{
    for (const struct field *f = NULL; (f = field_next(f));) {
        if (strcmp(f->path, path) == 0)
            return f;
    }
    return NULL;
}

const char *field_leaf(const struct field *f)
{
    const char *dot = strrchr(f->path, '.');

    return dot ? dot + 1 : f->path;
}

static bool field_is_child(const struct field *f, const char *parent)
{
    size_t n = strlen(parent);

    if (!n)
        return !strchr(f->path, '.');
    return strncmp(f->path, parent, n) == 0 && f->path[n] == '.' && !strchr(f->path + n + 1, '.');
}

const struct field *field_child(const char *parent, const struct field *prev)
{
    for (const struct field *f = prev; (f = field_next(f));) {
        if (field_is_child(f, parent))
            return f;
    }
    return NULL;
}

bool field_in_record(const struct field *f, const char *record)
{
    size_t n = strlen(record);

    return !n ? !strstr(f->path, "[]")
              : strncmp(f->path, record, n) == 0 && f->path[n] == '.' && !strstr(f->path + n, "[]");
}

bool field_is_alternative(const struct field *f)
{
    const char *dot = strrchr(f->path, '.');
    AUTO_FREE char *parent = dot ? xstrndup(f->path, (size_t)(dot - f->path)) : NULL;
    const struct field *above = parent ? field_find(parent) : NULL;

    return above && above->type == FIELD_CHOICE;
}

bool field_nullable(const struct field *f)
{
    return f->type == FIELD_STRING && !f->required && !f->otherwise && !field_is_alternative(f);
}

static void add_words(struct sbuf *out, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        sbuf_addf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

char *field_wants(const struct field *f)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1024);

    switch (f->type) {
    case FIELD_SECTION:
    case FIELD_CHOICE:
    case FIELD_FREE:
        sbuf_addstr(&out, "a mapping");
        break;
    case FIELD_ENUM:
        add_words(&out, f->values);
        break;
    case FIELD_BOOL:
        sbuf_addstr(&out, "true or false");
        break;
    case FIELD_FLOAT:
        sbuf_addf(&out, "a number from %" PRId64 " to %" PRId64, f->min, f->max);
        break;
    case FIELD_AUTO_INT:
    case FIELD_INT:
    case FIELD_SECONDS:
        sbuf_addf(&out, "%sa whole number%s from %" PRId64 " to %" PRId64, f->type == FIELD_AUTO_INT ? "auto or " : "",
                  f->type == FIELD_SECONDS ? " of seconds" : "", f->min, f->max);
        break;
    case FIELD_STRINGS:
        sbuf_addf(&out, "a list of %" PRId64 " to %" PRId64 " %s", f->min, f->max, f->wants);
        break;
    case FIELD_RECORDS:
        sbuf_addf(&out, "a list of %" PRId64 " to %" PRId64 " mappings", f->min, f->max);
        break;
    case FIELD_STRING:
        sbuf_addstr(&out, f->wants);
        break;
    }
    return sbuf_take(&out);
}
