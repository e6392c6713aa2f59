/* Writing ustar archives, with the digest of what was written. Same members, same bytes: no times, no owners. */
#pragma once
#include "core/err.h"
#include "core/hash.h"
#include <stdbool.h>
#include <sys/types.h>

struct tar {
    int fd; /* the caller's */
    struct hash_sha256 *hash;
    off_t size;
};

void tar_init(struct tar *t, int fd);
/* Can a member have this name? At most 100 bytes, or 255 where a '/' leaves at most 155 before it and 100 behind it. */
bool tar_holds(const char *name);
/* Of mode 0644, as tar_add_file's; ERR_INTERNAL for a name that tar_holds refuses. */
int tar_add_text(struct tar *t, const char *name, const void *data, size_t len, struct err *e) NODISCARD;
/* The file at `path`, which must have exactly `size` bytes with the digest `sha256`: ERR_CONFLICT otherwise. */
int tar_add_file(struct tar *t, const char *name, const char *path, off_t size, const char *sha256, struct err *e)
    NODISCARD;
/* The same, of mode 0755. */
int tar_add_program(struct tar *t, const char *name, const char *path, off_t size, const char *sha256, struct err *e)
    NODISCARD;
/* The two empty blocks of the end; digest into `ret_hex`. */
int tar_finish(struct tar *t, char ret_hex[static HASH_HEX], struct err *e) NODISCARD;
/* Frees; after tar_finish or instead of it. */
void tar_done(struct tar *t);
