/* The list of what is wrong with a spec file, and the words for it. */
#pragma once
#include "core/sbuf.h"
#include "spec/spec.h"
#include <stddef.h>

struct yt_node;

/* `path` is the field ("" for the file as a whole). Past SPEC_PROBLEMS_MAX rows only the count grows. */
void problems_add(struct spec_problems *p, size_t line, size_t column, const char *path, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
void problems_sort(struct spec_problems *p);
/* Fill `e` with every row that fits, one per line, FILE:LINE:COLUMN: text, and "and N more". Returns -1. */
int problems_err(const struct spec_problems *p, const char *file, struct err *e);

/* "'auto'", "a list", "a mapping", "nothing": at most 40 characters of the text, controls made visible. */
void problems_show(const struct yt_node *n, char ret[static 64]);
