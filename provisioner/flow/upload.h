/* Folders with flows on the machine: NODE_DIR/flows/DIGEST/, root's, readable for all, writable for nobody else. */
#pragma once
#include "core/err.h"
#include "host/node.h"
#include "step/run.h"
#include <jansson.h>

#define UPLOAD_ROOT   NODE_DIR "/flows"
#define UPLOAD_DIGITS 16 /* of the archive's SHA-256 in the directory's name */

struct upload_dir {
    char path[64]; /* on the machine */
};

/* Put the folder `path` of this host there, unless it is. Errors as folder_read, and ssh_put_fd. */
int upload_folder(struct run *r, const char *path, struct upload_dir *ret, struct err *e) NODISCARD;
/* Remove what no deployment uses any more: all but `used` (array of paths) and what was used before that, which runs
 * that go on may still read. Remembers both in the journal as "flows.folders". */
int upload_tidy(struct run *r, const json_t *used, struct err *e) NODISCARD;
