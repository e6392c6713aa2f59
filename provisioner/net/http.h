/* HTTP over libcurl, behind a `send` that tests replace. https; http only to loopback and to the addresses where a
 * cloud's machine finds facts about itself (url_is_metadata). No redirects are followed with credentials; certificate
 * checks are never off. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/sbuf.h"
#include <stdbool.h>
#include <stdint.h>

struct ssh;

struct http_req {
    const char *method; /* GET, POST, PATCH, DELETE, HEAD */
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL; never logged */
    const char *body;           /* or NULL */
    int64_t timeout_ms;         /* whole exchange */
};

struct http_resp {
    int status;
    struct sbuf body;    /* its ceiling is the caller's */
    struct sbuf headers; /* raw, last response only; up to 64 KiB */
    bool sent;           /* of a request that failed: some of it left this host, so it may have been acted on */
};

#define HTTP_RESP_INIT(max_body)                           \
    {                                                      \
        0, SBUF_INIT(max_body), SBUF_INIT(64 << 10), false \
    }
#define AUTO_HTTP_RESP __attribute__((cleanup(http_resp_done)))
void http_resp_done(struct http_resp *r);
/* Value of a response header into `ret` ("" when absent). */
void http_header(const struct http_resp *r, const char *name, char *ret, size_t size);
/* A response header such as "Date: Sun, 06 Nov 1994 08:49:37 GMT" in ms since the epoch; -1: none that can be read. */
int64_t http_header_time(const struct http_resp *r, const char *name);

struct http {
    int (*send)(struct http *h, const struct http_req *req, struct http_resp *ret, struct err *e);
    /* The caller's switch: what is sent now must not be sent twice unseen. libcurl repeats a request that was lost with
     * a kept connection, even a POST; so it gets a connection of its own. */
    bool once;
};

/* Any status is success here; connection trouble is ERR_NET (retryable), a bad certificate ERR_AUTH naming the CA. */
struct http *http_new(struct clock *clock);
/* With its own bundle of CAs, stronger than CURL_CA_BUNDLE and SSL_CERT_FILE; NULL or "": none, as http_new. */
struct http *http_new_ca(struct clock *clock, const char *ca_file);
void http_free(struct http *base);
int http_send(struct http *h, const struct http_req *req, struct http_resp *ret, struct err *e) NODISCARD;
