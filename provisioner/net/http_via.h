/* An http whose connections are made by somebody else: ssh/ puts its streams below libcurl with it. */
#pragma once
#include <sys/socket.h>

#include "net/http.h"

struct http_via {
    /* A socket of the caller's choice, closed by `close`, and the address that libcurl shall connect it to. (libcurl
     * 7.88 does not take sockets that are connected already: CURL_SOCKOPT_ALREADY_CONNECTED has no effect there.) */
    int (*open)(void *ctx, struct sockaddr *ret_addr, socklen_t *ret_len, int *ret_fd, struct err *e);
    /* libcurl is done with `fd` and wants it closed. */
    void (*close)(void *ctx, int fd);
    /* Move bytes; wait up to `wait_ms` for some. */
    int (*pump)(void *ctx, int64_t wait_ms, struct err *e);
    void (*free)(void *ctx);
    void *ctx;
};

/* Takes `via` (copied) and its ctx over. http_free frees it. */
struct http *http_new_via(struct clock *clock, const struct http_via *via);
