/* One HTTP GET into a partial file, from where the file ends. Private to download.c. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/ui.h"
#include <stdbool.h>
#include <sys/types.h>

struct part {
    int fd;
    struct hash_sha256 *hash; /* of the `have` bytes in the file */
    off_t have;
    bool resumed;          /* some bytes came from an earlier answer */
    char validator[256];   /* strong ETag or Last-Modified of the answer that `have` came from */
    char source[HASH_HEX]; /* digest of the URL of that answer; "" unknown */
};

struct transfer {
    const char *url;
    const char *label;
    const char *const *headers;
    bool plain_ok;   /* http to any host */
    bool any_source; /* resume bytes that came from another URL: the digest decides */
    off_t want;      /* exact size, 0: not known; more than that is ERR_CONFLICT */
    off_t max_bytes;
    int64_t stall_ms;
    struct clock *clock;
    struct ui *ui;
    struct part *part;
};

enum transfer_end {
    TRANSFER_DONE,  /* the answer is complete */
    TRANSFER_RETRY, /* the same source may work later; `e` says what happened */
    TRANSFER_NEXT,  /* this source will not do */
    TRANSFER_STOP,  /* canceled, or this host refuses */
};

enum transfer_end transfer_run(struct transfer *t, struct err *e);
/* Empty the partial file. */
int part_restart(struct part *p, struct err *e) NODISCARD;
