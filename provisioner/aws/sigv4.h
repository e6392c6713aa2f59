/* Signature Version 4, each stage for itself so that the official vectors can hold it at every one.
 * Source: AWS General Reference, "Signature Version 4 signing process"; awslabs/aws-c-auth test suite. HMAC and
 * SHA-256 by mbedtls. Secrets pass through and are wiped; nothing is kept. */
#pragma once
#include "core/err.h"
#include "core/hash.h"
#include "core/sbuf.h"
#include <stdbool.h>
#include <stddef.h>

struct aws_credentials;

struct sigv4_request {
    const char *method;
    const char *path;           /* as sent, with its percent-encoding; "" is "/" */
    const char *query;          /* without "?", as sent; "" for none */
    const char *const *headers; /* "Name: value", NULL-terminated: exactly those that are signed, Host among them */
    const void *body;
    size_t body_len;
};

struct sigv4_scope {
    const char *region, *service;
    char time[17];  /* "20150830T123600Z" */
    bool normalize; /* of the path: dot segments and double slashes; S3 wants false */
};

/* "GET\n/\n\nhost:..\n\nhost\n<hex of the body's SHA-256>" */
int sigv4_canonical_request(struct sbuf *out, const struct sigv4_request *r, const struct sigv4_scope *s, struct err *e)
    NODISCARD;
/* "AWS4-HMAC-SHA256\n<time>\n<date>/<region>/<service>/aws4_request\n<hex of the canonical request's SHA-256>" */
int sigv4_string_to_sign(struct sbuf *out, const char *canonical_request, const struct sigv4_scope *s, struct err *e)
    NODISCARD;
/* 64 hex digits. `secret` is the secret access key. */
int sigv4_signature(char ret[static HASH_HEX], const char *secret, const char *string_to_sign,
                    const struct sigv4_scope *s, struct err *e) NODISCARD;
/* All of it: the line "Authorization: AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=..". The caller has
 * put X-Amz-Date and, for temporary credentials, X-Amz-Security-Token into r->headers. */
int sigv4_authorization(struct sbuf *out, const struct sigv4_request *r, const struct sigv4_scope *s,
                        const struct aws_credentials *c, struct err *e) NODISCARD;
/* Wall clock in ms to "20150830T123600Z". */
void sigv4_time(int64_t wall_ms, char ret[static 17]);
