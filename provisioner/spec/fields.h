/* Every field of the spec, once: the parser, `slipway schema`, `slipway init` and the test of slipway.yaml(5) read
 * this table. A field that is not here does not exist. The rows are in fields_provider.c, fields_machine.c,
 * fields_prefect.c and fields_flows.c, their order in field_table.c. Paths are dotted; "[]" stands for an element of a
 * list. */
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spec_problems;
struct yt_node;

enum field_type {
    FIELD_SECTION, /* mapping with the fields below its path; empty is allowed */
    FIELD_CHOICE,  /* mapping with exactly one of the fields below its path; its name is what is kept */
    FIELD_STRING,
    FIELD_ENUM,
    FIELD_BOOL,
    FIELD_INT,
    FIELD_AUTO_INT, /* "auto" (-1) or a whole number */
    FIELD_FLOAT,    /* kept as a double */
    FIELD_STRINGS,  /* list of strings, each held to `pattern` and `accept` */
    FIELD_FREE,     /* any mapping, handed on as JSON */
    FIELD_SECONDS,  /* whole number, kept in the JSON object `timeouts` under its last name */
    FIELD_RECORDS,  /* list of structs of `size` bytes; the fields below "[]" are relative to one of them */
};

/* The value to store for `text`, or NULL with `e` saying what is wrong ("is too small"). Runs before the pattern, so
 * that it can name a likely mistake; a text of another shape it hands on. `dir` is the directory of the spec. */
typedef char *field_accept(const char *text, const char *dir, struct err *e);
/* Looks at a free mapping and reports what slipway cannot allow there. */
typedef void field_inspect(const struct yt_node *n, const char *path, struct spec_problems *p);

struct field {
    const char *path;
    enum field_type type;
    bool required;
    const char *otherwise;     /* default as YAML; NULL: null, what `absent` says */
    const char *absent;        /* what a missing value means, for people */
    const char *example;       /* one valid value as YAML, other than the default where there is another */
    int64_t min, max;          /* of a number; of the length of a list */
    const char *const *values; /* FIELD_ENUM */
    const char *const *later;  /* known, not built yet */
    const char *pattern;       /* in the subset that POSIX ERE and ECMA-262 share, anchored */
    const char *wants;         /* the pattern in words */
    field_accept *accept;
    field_inspect *inspect;
    const char *shorthand; /* FIELD_SECTION: the field in it that a plain value stands for */
    const char *noun;      /* FIELD_RECORDS: "pool", where no two may have one name */
    bool hush;             /* what stands there may be a secret: never repeat it */
    size_t size, count;    /* FIELD_RECORDS: of one, and the offset of their number (a size_t) */
    size_t offset;         /* into struct spec, or into the struct of the nearest "[]"; FIELD_NOWHERE: not kept */
    const char *summary;
};

#define FIELD_NOWHERE SIZE_MAX

/* The row after `prev` (NULL: the first), NULL when done. A section stands before its fields. */
const struct field *field_next(const struct field *prev);
const struct field *field_find(const char *path);
/* The last name of a path. */
const char *field_leaf(const struct field *f);
/* Is it a field of `record` ("" for the spec, or a path that ends in "[]") and not of a list inside it? */
bool field_in_record(const struct field *f, const char *record);
/* Is it one of the fields that a choice is made from? */
bool field_is_alternative(const struct field *f);
/* Next child of `parent` after `prev` (NULL: the first), NULL when done. */
const struct field *field_child(const char *parent, const struct field *prev);
/* "a whole number from 8 to 65536", "keep or rollback": for messages and the manual. */
char *field_wants(const struct field *f);

/* Null where a missing value has a meaning of its own. */
bool field_nullable(const struct field *f);
