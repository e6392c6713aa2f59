/* Bringing artifacts to the machine. Bytes are checked where they lie there, whatever way they came; nothing is
 * executed, imported or installed before. */
#pragma once
#include "artifact/artifact.h"
#include "core/err.h"
#include "step/run.h"

/* Put the file at `there` (absolute) with `mode`. Ways, in order: it is there already; the provider shares the
 * artifacts directory; uploaded from this host (fetched first); fetched by the machine itself when this host cannot
 * reach the origin. Wrong bytes: ERR_CONFLICT with want and got. */
int place_file(struct run *r, const struct artifact_file *f, const char *there, const char *mode, struct err *e)
    NODISCARD;
/* Make an image archive readable on the machine, checked; its path into `ret`. */
int place_image(struct run *r, const struct artifact_image *i, char ret[static 256], struct err *e) NODISCARD;
/* Is the file there with these bytes? 1, 0, -1. */
int place_check(struct run *r, const char *there, const char *sha256, struct err *e) NODISCARD;
