/* Shared by read.c (mappings) and read_value.c (scalars and lists). */
#pragma once
#include "spec/fields.h"
#include "spec/problems.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

struct ctx {
    struct spec *s;
    struct spec_problems *p;
    char *dir; /* relative paths start here */
};

/* Where a value goes and what it is called. */
struct place {
    const struct field *f;
    const char *path; /* as shown: with the number of the element in place of [] */
    void *base;       /* the spec, or one record of a list */
};

typedef void field_reader(struct ctx *c, const struct yt_node *n, const struct place *at);

/* "'X' wants A, got B; write for example: C" */
void read_complain(struct ctx *c, const struct yt_node *n, const struct place *at);
/* "provider 'aws' is not built yet; this version has: local, ssh" */
void read_refuse_later(struct ctx *c, const struct yt_node *n, const struct place *at, const char *word,
                       const char *const *have);
bool read_is_null(const struct yt_node *n);
bool read_among(const char *word, const char *const *words); /* words: NULL-terminated, or NULL */
/* Is it a list of a length that the field allows? An empty value is a list that was left out. */
bool read_is_list(struct ctx *c, const struct yt_node *n, const struct place *at);

static inline void *read_slot(const struct place *at)
{
    return (char *)at->base + at->f->offset;
}

field_reader read_string, read_enum, read_bool, read_int, read_float, read_seconds, read_strings, read_free_field;
