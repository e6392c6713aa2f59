/* Large files over HTTP: sources in order, resume, a running SHA-256, and nothing under the final name that was not
 * complete and right.
 *
 * Bytes go to PATH.part, which stays when the network fails and is resumed by the next call (Range, with If-Range when
 * it came from the same URL). A server that ignores ranges starts it over. A digest that is wrong after a resume is
 * tried once more from zero, because the two halves may be of two files; then the source is dropped and the next one
 * tried. PATH.part is locked (flock), so two processes share one download.
 * https only, redirects included; http is for loopback and for sources among the first `plain_urls`, and only with a
 * known digest does it matter not who answers there. `headers` go to the first host alone, never to a redirect's. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include <sys/types.h>

struct download {
    const char *const *urls;    /* NULL-terminated, in order */
    size_t plain_urls;          /* how many of the first may be http to any host */
    const char *path;           /* final name, made with mode 0600 */
    const char *label;          /* what people call it */
    const char *sha256;         /* NULL: not known */
    off_t size;                 /* 0: not known; else the exact size */
    off_t max_bytes;            /* 0: 8 GiB */
    int64_t stall_ms;           /* 0: 30 s without a byte drops the source */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL; never shown */
};

/* `ret_sha256` is the digest of what is now at d->path. Errors: ERR_NET naming each URL (credentials masked) with its
 * reason; ERR_CONFLICT with want and got when a source had other bytes and none had the right ones; ERR_INTERNAL for
 * this host (disk full: the partial file is removed too); ERR_CANCELED keeps the partial file. */
int download_file(const struct download *d, struct clock *clock, struct ui *ui, char ret_sha256[65], struct err *e)
    NODISCARD;
