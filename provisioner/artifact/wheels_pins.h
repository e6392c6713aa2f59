/* The wheels built into slipway: templates/wheels-VERSION.txt, made by tests/lab/make-wheel-pins. */
#pragma once
#include "artifact/artifact.h"

bool wheels_pinned(const char *prefect);
/* Append their rows to `ret`. ERR_INTERNAL when the table is damaged or there is none. */
int wheels_pins_add(const char *prefect, struct artifacts *ret, struct err *e) NODISCARD;
/* Append one row. `file` must be a wheel's name for Linux with glibc: false, and nothing is added, when it is not. */
bool wheels_add(struct artifacts *ret, const char *group, const char *file, const char *sha256, off_t size,
                const char *url);
