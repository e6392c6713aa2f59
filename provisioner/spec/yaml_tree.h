/* A YAML file as a tree of nodes that know where they stand. Bounded: libyaml limits neither nesting nor aliases,
 * so this reader does. Refused, each with its place: anchors, aliases, tags, merge keys, a second document, duplicate
 * keys, keys that are not text, control characters. What is broken beyond reading ends the parse; the rest is
 * reported and skipped, so that all problems come at once. */
#pragma once
#include "spec/problems.h"
#include <stdbool.h>
#include <stddef.h>

#define YT_MAX_BYTES  ((size_t)256 * 1024)
#define YT_MAX_DEPTH  32
#define YT_MAX_EVENTS 20000

enum yt_kind { YT_SCALAR, YT_LIST, YT_MAP };

struct yt_node {
    enum yt_kind kind;
    size_t line, column;    /* from 1; the column counts characters */
    bool plain;             /* a scalar without quotes, which YAML may read as a number, a boolean or null */
    bool broken;            /* already reported: say nothing more about it */
    char *text;             /* scalar: UTF-8 without control characters except tab and newline */
    struct yt_node **keys;  /* mapping: scalars, unique */
    struct yt_node **items; /* elements of a list, values of a mapping */
    size_t n, cap;
};

/* NULL when nothing can be read further; `p` then has at least one row. Also with a tree, `p` may have rows. */
struct yt_node *yt_parse(const char *text, size_t len, struct spec_problems *p) NODISCARD;
void yt_free(struct yt_node *n); /* NULL is allowed */
/* The value of `key` in a mapping, or NULL. */
const struct yt_node *yt_get(const struct yt_node *map, const char *key);

static inline void yt_free_ptr(struct yt_node **n)
{
    yt_free(*n);
}

#define AUTO_YT __attribute__((cleanup(yt_free_ptr)))

/* What a scalar means by the YAML 1.2 core schema. What YAML 1.1 readers take for something else (no, 0x10, 08,
 * 1_000) or JSON cannot hold (.inf, 1e999) is neither guessed nor passed on: YT_TRAP. */
enum yt_class { YT_STRING, YT_NULL, YT_BOOL, YT_INT, YT_FLOAT, YT_TRAP };

/* `why` (may be NULL) gets the reason and the remedy for YT_TRAP. */
enum yt_class yt_classify(const struct yt_node *n, const char **why);
