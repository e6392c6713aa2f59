/* Many small files at once over connections that are kept. Best effort: retries, resuming and precise errors are
 * artifacts_fetch's, which does after it what is still missing. Private to wheels_fetch. */
#pragma once
#include "artifact/artifact.h"

/* Into the cache what is neither in the artifacts directory nor there yet, under its final name only with the right
 * bytes. -1: canceled, or this host refuses. */
int wheels_batch(const struct artifacts *a, const struct artifact_file *const *files, size_t n, struct clock *clock,
                 struct ui *ui, struct err *e) NODISCARD;
