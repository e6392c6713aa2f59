/* A folder with flows on this host: what of it is uploaded, as one archive with the same bytes each time.
 *
 * Left out: .git, __pycache__, *.pyc, .venv, node_modules, and what .prefectignore in the folder names, one pattern a
 * line: a name or glob matches at any depth, with a slash in it from the folder's root on; a slash at the end matches
 * directories; `!` takes back what an earlier line left out; `#` begins a comment. */
#pragma once
#include "core/err.h"
#include "core/hash.h"
#include "core/svec.h"
#include <sys/types.h>

#define FOLDER_MAX_BYTES ((off_t)200 << 20)

struct folder {
    char *root;
    struct svec files; /* below root, sorted by bytes */
    off_t bytes;       /* of their content */
};

/* ERR_SPEC for a folder that is not there, a link that leads out of it, what is neither file nor directory, a path
 * that an archive does not hold (tar_holds), more than FOLDER_MAX_BYTES. Links that stay inside are read as what they
 * point to. */
int folder_read(const char *path, struct folder *ret, struct err *e) NODISCARD;
void folder_done(struct folder *f);
/* The archive into `fd`, with the files that their owner may execute as programs; its digest and size. ERR_CONFLICT
 * when a file changes meanwhile. */
int folder_pack(const struct folder *f, int fd, char ret_sha256[static HASH_HEX], off_t *ret_size, struct err *e)
    NODISCARD;

#define AUTO_FOLDER __attribute__((cleanup(folder_done)))
