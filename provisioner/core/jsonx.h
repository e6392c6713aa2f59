/* JSON helpers over jansson: bounded parse, typed look-ups by path, text out. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <jansson.h>
#include <stdint.h>

/* Parse exactly one document; duplicate keys are refused. `what` names it in the error. NULL on error. */
json_t *jsonx_parse(const char *text, size_t len, const char *what, struct err *e) NODISCARD;
/* "a.b.0.c": borrowed node or NULL. Array elements by number; a key that holds dots cannot be reached. */
json_t *jsonx_get(const json_t *root, const char *path);
const char *jsonx_str(const json_t *root, const char *path); /* "" when absent or not a string */
int64_t jsonx_int(const json_t *root, const char *path, int64_t otherwise);
bool jsonx_bool(const json_t *root, const char *path, bool otherwise);
/* Sorted keys; indent 0 = compact. Caller frees. */
char *jsonx_text(const json_t *j, int indent);
