/* Making and deleting one object, with what goes wrong on the way. */
#pragma once
#include "aws/inventory.h"

/* "TagSpecification.N.*" with the tags that make an object ours. `creator` is the caller's ARN, or as frozen. */
void aws_add_tags(struct aws_query *q, int n, const char *resource_type, const struct run *r, const struct aws *a,
                  const char *kind, const char *creator);
/* A call that changes something, on what was seen or just made. When AWS does not know that, nothing that was seen
 * counts any more (aws_forget). */
int aws_change(struct run *r, struct aws *a, const char *action, const struct aws_query *q, json_t **reply,
               struct err *e) NODISCARD;
/* Create by an action without a client token: after an ambiguous answer it is looked for by tag before it is asked for
 * again. `path` is where the answer has the object ("vpc"). */
int aws_make(struct run *r, struct aws *a, enum aws_kind_id kind, const char *action, const struct aws_query *q,
             const char *path, struct err *e) NODISCARD;
/* An act on something just made, where "is so already" is success. */
int aws_act(struct run *r, struct aws *a, const char *action, const struct aws_query *q, struct err *e) NODISCARD;
/* The same while taking apart: "is not there" is success, "in use" is waited for, but not for long: what uses it
 * may only now have become visible, so that the whole must be looked at again (retryable).
 * `what` is for people: "vpc 'vpc-1'". */
int aws_undo(struct run *r, struct aws *a, const char *what, const char *action, const struct aws_query *q,
             struct err *e) NODISCARD;
/* Look afresh and call `one` for each object of ours that is there; it is in the receipt when that succeeds. */
int aws_each(struct run *r, struct aws *a, enum aws_kind_id kind,
             int (*one)(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e),
             struct err *e) NODISCARD;
/* `one` for kinds that need a single call: ACTION with "KEY=id". */
int aws_delete(struct run *r, struct aws *a, enum aws_kind_id kind, const char *id, const char *action, const char *key,
               struct err *e) NODISCARD;
