/* Calls to AWS: endpoint, credentials, signature, sending, retries, answer. Nothing is sent before the first call.
 * Throttled and transient answers are retried here, by Retry-After or with exponential back-off and full jitter, at
 * most 8 attempts and 60 s in all; an ambiguous answer (sent, and the connection or the server broke) of an AWS_ONCE
 * action is not: the caller looks first. A clock that is wrong is found from the answer's Date header and said. Error
 * answers keep code, message and request id in the message; the whole body goes to the log. */
#pragma once
#include "aws/failure.h"
#include "aws/query.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include <jansson.h>

struct aws_client;
/* `region`: of the spec, or NULL or "": AWS_REGION, AWS_DEFAULT_REGION, the profile's. ERR_SPEC when there is none. */
int aws_client_new(struct aws_client **ret, const char *region, struct clock *clock, struct ui *ui, struct err *e)
    NODISCARD;
void aws_client_free(struct aws_client *c); /* NULL is allowed */
const char *aws_client_region(const struct aws_client *c);
/* Where the credentials came from, "" before the first call. */
const char *aws_client_source(const struct aws_client *c);

enum {
    AWS_FRESH = 1,   /* the object was just made: *.NotFound means "not visible yet" and is retried, as long as
                        aws/settle.h says */
    AWS_DRY_RUN = 2, /* adds DryRun=true; "it would have been allowed" is success */
    AWS_NO_RETRY = 4,
};

/* Query protocol. `q` may be NULL. `reply` may be NULL; a new reference otherwise, see aws/xml.h. */
int aws_call(struct aws_client *c, const char *action, const struct aws_query *q, unsigned flags, json_t **reply,
             struct err *e) NODISCARD;
/* Every page (NextToken) of a Describe: the arrays under `set` joined into one new array. */
int aws_call_all(struct aws_client *c, const char *action, const struct aws_query *q, const char *set, json_t **ret,
                 struct err *e) NODISCARD;
/* JSON 1.1 protocol. `args` may be NULL, is borrowed. */
int aws_call_json(struct aws_client *c, const char *action, const json_t *args, json_t **reply, struct err *e)
    NODISCARD;
/* Of the last call that failed. */
const struct aws_failure *aws_client_failure(const struct aws_client *c);
