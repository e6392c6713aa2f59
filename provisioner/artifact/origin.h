/* Where the publishers keep a version, and their checksums. For versions without a pin. */
#pragma once
#include "artifact/artifact.h"

struct origin {
    char *file;      /* the name in our directories, with version and arch */
    char *url;       /* the release */
    char *published; /* base name of `url` */
    char *sums;      /* URL of the publisher's checksum file */
};

/* False when `name` has no such origin (charts are always pinned). */
bool origin_of(const char *name, const char *version, const char *arch, struct origin *ret);
void origin_done(struct origin *o);
#define AUTO_ORIGIN __attribute__((cleanup(origin_done)))
/* The digest that a checksum file ("HEX  NAME" lines) gives for `name`; false when it has none. */
bool origin_sum(const char *text, const char *name, char ret[static 65]);
