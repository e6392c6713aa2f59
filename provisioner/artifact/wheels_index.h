/* The "simple" index of a Python package: a page of links, each with the file's SHA-256 (PEP 503). */
#pragma once
#include "artifact/artifact.h"

struct http;

/* Of `name` `version` the wheel that is best for each Python from WHEELS_PYTHON_MIN to WHEELS_PYTHON_MAX and each
 * architecture, appended to `ret` as rows of `group`. `index` is the URL of the index. ERR_SPEC when a Python or an
 * architecture has no wheel with a digest. */
int wheels_index_add(struct http *http, struct clock *clock, const char *index, const char *group, const char *name,
                     const char *version, struct artifacts *ret, struct err *e) NODISCARD;
