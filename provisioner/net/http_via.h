/* An http whose connections are made by somebody else: ssh/ puts its streams below libcurl with it. */
#pragma once
#include "net/http.h"

struct http_via {
    /* Listening port on 127.0.0.1, which libcurl connects to instead of what the URL names. (A socket that is connected
     * already cannot be handed over: libcurl 7.88 ignores CURL_SOCKOPT_ALREADY_CONNECTED, and does not keep connections
     * to abstract unix sockets.) */
    int port;
    /* A new TCP socket; libcurl connects it at once, and closes it with `close`. */
    int (*open)(void *ctx, int *ret_fd, struct err *e);
    /* libcurl is done with `fd` and wants it closed. */
    void (*close)(void *ctx, int fd);
    /* Move bytes; wait up to `wait_ms` for some. */
    int (*pump)(void *ctx, int64_t wait_ms, struct err *e);
    void (*free)(void *ctx);
    void *ctx;
};

/* Takes `via` (copied) and its ctx over. http_free frees it. */
struct http *http_new_via(struct clock *clock, const struct http_via *via);
