/* Files that survive a crash. Paths are opened O_CLOEXEC; what is written is never written through a link. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

int fsx_write_all(int fd, const void *buf, size_t len, struct err *e) NODISCARD;
/* Read a whole file up to `out->max`; a larger one is ERR_INTERNAL "larger than N bytes". Missing: e->sys == ENOENT. */
int fsx_read(const char *path, struct sbuf *out, struct err *e) NODISCARD;
/* Replace `path` by temp file, fsync, rename, fsync of the directory. `mode` is set from the first byte on. */
int fsx_replace(const char *path, const void *buf, size_t len, mode_t mode, struct err *e) NODISCARD;
/* mkdir -p; only directories that it creates get `mode`. */
int fsx_mkdirs(const char *path, mode_t mode, struct err *e) NODISCARD;
bool fsx_exists(const char *path);
/* Remove a tree without following links or leaving its file system's mounts. Missing is success. */
int fsx_remove_tree(const char *path, struct err *e) NODISCARD;
/* Size in bytes, or -1. */
int fsx_size(const char *path, off_t *ret, struct err *e) NODISCARD;
/* Directory part of `path` ("." when it has none); caller frees. */
char *fsx_dirname(const char *path);
char *fsx_join(const char *dir, const char *name);
