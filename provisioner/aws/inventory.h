/* What the account has of this deployment, by our tags. One look at all kinds serves a whole run, since the
 * deployment's lock keeps others out; what is made is put in. An account's view lags behind: what an earlier run may
 * have made is looked for again until SLIPWAY_CLOUD_SETTLE_S seconds (default 15) after the start. Source: EC2 API
 * Reference, "Eventual consistency". */
#pragma once
#include "aws/aws.h"
#include "aws/settle.h"

struct aws_kind {
    const char *name;     /* as in slipway:kind, the step's name and messages: "route-table" */
    const char *type;     /* as in TagSpecification: "elastic-ip" */
    const char *describe; /* action */
    const char *set, *id; /* where the answer has the list, and the id in each of it; capitalized, the question's */
};

extern const struct aws_kind aws_kind_table[AWS_KINDS];

/* Look afresh: fills a->seen[kind] with what carries our tags and is not gone. */
int aws_look(struct run *r, struct aws *a, enum aws_kind_id kind, struct err *e) NODISCARD;
/* Unless this run has looked already. */
int aws_look_once(struct run *r, struct aws *a, enum aws_kind_id kind, struct err *e) NODISCARD;
/* As Describe says of this id, whatever its tags; new reference, json_null when AWS does not know it (yet). */
int aws_by_id(struct aws *a, enum aws_kind_id kind, const char *id, json_t **ret, struct err *e) NODISCARD;
/* Of use to a bootstrap: not an instance on its way out. */
bool aws_is_usable(const json_t *object);
/* Look again and again until one is there, or the monotonic time has come. 1 there, 0 not, -1. */
int aws_await(struct run *r, struct aws *a, enum aws_kind_id kind, int64_t until_ms, struct err *e) NODISCARD;
/* The one that counts (the journal's, else the first by id), borrowed; remembered in the journal when it is news there.
 * 1 found, 0 absent, for sure; -1. */
int aws_find(struct run *r, struct aws *a, enum aws_kind_id kind, const json_t **ret, struct err *e) NODISCARD;
/* The same for what stands in a network: one of another network than `vpc` is a trace of one that is gone, and counts
 * as absent. */
int aws_find_in(struct run *r, struct aws *a, enum aws_kind_id kind, const char *vpc, const json_t **ret, struct err *e)
    NODISCARD;
/* Its id, "" when there is none (or none looked for). */
const char *aws_id(const struct run *r, const struct aws *a, enum aws_kind_id kind);
/* The object itself as last seen, NULL when there is none. Borrowed. */
const json_t *aws_object(const struct run *r, const struct aws *a, enum aws_kind_id kind);
/* An object that was just made; `object` is borrowed. */
int aws_made(struct run *r, struct aws *a, enum aws_kind_id kind, const json_t *object, struct err *e) NODISCARD;
/* Do both tags say that it is ours? Asked again before every change, whatever the filters said. */
bool aws_is_ours(const struct run *r, const struct aws *a, const json_t *object);
/* Value of a tag, "" when it has none. */
const char *aws_tag(const json_t *object, const char *key);
/* May something of ours exist that no look has shown yet? For teardown. */
bool aws_unsettled(const struct run *r, const struct aws *a);
/* An error of `code` when the journal's object, looked for by its id, is there and its tags do not say so: it is not
 * touched, and not forgotten either. Retryable when they do, and only the look by tags has missed it. No call when the
 * tags found it. */
int aws_untagged(struct run *r, struct aws *a, enum aws_kind_id kind, enum err_code code, struct err *e) NODISCARD;
/* The journal's id of a kind, for what is gone. */
int aws_unremember(struct run *r, enum aws_kind_id kind, struct err *e) NODISCARD;
/* What was seen is not there after all: forget it all, and ask for the steps to be looked at from the first one on. */
void aws_forget(struct run *r, struct aws *a);
