/* Writing ustar archives, with the digest of what was written. Same members, same bytes: no times, no owners. */
#pragma once
#include "core/err.h"
#include "core/hash.h"
#include <sys/types.h>

struct tar {
    int fd; /* the caller's */
    struct hash_sha256 *hash;
    off_t size;
};

void tar_init(struct tar *t, int fd);
/* `name` of at most 100 bytes. */
int tar_add_text(struct tar *t, const char *name, const void *data, size_t len, struct err *e) NODISCARD;
/* The file at `path`, which must have exactly `size` bytes with the digest `sha256`: ERR_CONFLICT otherwise. */
int tar_add_file(struct tar *t, const char *name, const char *path, off_t size, const char *sha256, struct err *e)
    NODISCARD;
/* The two empty blocks of the end; digest into `ret_hex`. */
int tar_finish(struct tar *t, char ret_hex[static HASH_HEX], struct err *e) NODISCARD;
/* Frees; after tar_finish or instead of it. */
void tar_done(struct tar *t);
