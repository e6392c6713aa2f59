/* The value of a secret that the spec only names, read at the moment it is needed. */
#pragma once
#include "core/err.h"
#include "spec/spec.h"

/* From the file or the environment variable that `s` names, or from `default_env` (NULL: none) when it names neither.
 * One newline at the end is taken off. Nothing named and no default: *ret is NULL. ERR_AUTH: not there, empty, longer
 * than 64 KiB or with a zero byte in it. `ret` is freed with secret_free (AUTO_SECRET, core/mem.h). */
int secret_read(const struct spec_secret *s, const char *default_env, char **ret, struct err *e) NODISCARD;
