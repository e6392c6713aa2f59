/* Inside of aws/client.h: one attempt of a call (send, read), and the words for what went wrong. */
#pragma once
#include "aws/action.h"
#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/profile.h"
#include "core/mem.h"
#include "net/http.h"

struct aws_client {
    char region[64];
    struct clock *clock;
    struct ui *ui;
    struct aws_profiles *profiles;
    struct http *http;
    struct aws_chain *chain; /* NULL before the first call */
    char source[128];
    struct aws_failure failure;
};

struct aws_request {
    const struct aws_action *action;
    const char *body; /* the same bytes in every attempt */
    unsigned flags;
};

/* How an attempt ended. */
struct aws_attempt {
    struct aws_failure failure; /* class is meaningless after success */
    char message[1024];         /* AWS's own, its first line */
    int64_t date_ms;            /* wall clock of AWS, -1: not told */
    int64_t again_ms;           /* how long AWS wants us to wait, -1: not told */
    int tries;                  /* how many there were, this one included */
    json_t *reply;              /* of a success */
    struct err e;               /* what broke before there was an answer; else ERR_NONE */
};

/* Sign with the credentials of now, and send. */
int aws_client_send(struct aws_client *c, const struct aws_request *r, struct http_resp *ret, struct err *e) NODISCARD;
/* Read what came: a->reply, or -1 and the rest of `a`. */
int aws_client_read(const struct aws_client *c, const struct aws_request *r, const struct http_resp *resp,
                    struct aws_attempt *a) NODISCARD;
/* More than 4 minutes between AWS's clock and ours, and an error that may come of it: "17 min 3 s behind" into `ret`.
 */
bool aws_client_skewed(const struct aws_client *c, const struct aws_attempt *a, char *ret, size_t size);
/* The sentence and the remedy for the last attempt; returns -1. */
int aws_client_explain(const struct aws_client *c, const struct aws_request *r, const struct aws_attempt *a,
                       struct err *e);
/* Send, read, and again where that is allowed. */
int aws_client_exchange(struct aws_client *c, const struct aws_request *r, json_t **reply, struct err *e) NODISCARD;
