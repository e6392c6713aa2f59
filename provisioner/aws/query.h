/* The body of a Query-protocol request (EC2, STS, Elastic Load Balancing): "Action=..&Version=..&.." as
 * application/x-www-form-urlencoded, percent-encoded by RFC 3986 (space is %20), in the order of adding. The caller
 * adds parameters only; `aws_call` puts Action and Version in front. Keys follow the EC2 rule: lists are "Key.N" from
 * 1, booleans "true" and "false", blobs base64. Source: EC2 API Reference, "Query requests"; botocore's EC2 serializer.
 */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stdint.h>

struct aws_query {
    struct sbuf body; /* wiped when freed: it may hold user data */
};

#define AWS_QUERY_INIT              \
    {                               \
        SBUF_INIT((size_t)64 << 10) \
    }
#define AUTO_AWS_QUERY __attribute__((cleanup(aws_query_done)))
void aws_query_done(struct aws_query *q);
void aws_query_add(struct aws_query *q, const char *key, const char *value);
void aws_query_int(struct aws_query *q, const char *key, int64_t value);
/* The key is made from a format: aws_query_addf(&q, "name", "Filter.%d.Name", 1). */
void aws_query_addf(struct aws_query *q, const char *value, const char *key_fmt, ...) PRINTF_LIKE(3, 4);
/* "Filter.N.Name=name&Filter.N.Value.1=value", N being the next free one of this query. */
void aws_query_filter(struct aws_query *q, const char *name, const char *value);
