/* In which state the instance is, and waiting for one. */
#pragma once
#include "aws/aws.h"
#include "core/wait.h"

/* Its id as the journal knows it: commands that only connect do not look at the account. ERR_USAGE: there is none yet.
 */
int aws_instance_known(const struct run *r, const char **ret, struct err *e) NODISCARD;

/* The state of what aws_by_id gave in EC2's word, or that it is not visible yet. */
void aws_instance_say(const json_t *instance, char why[static 256]);
/* Of what aws_by_id gave: 1 as wanted, 0 not yet, -1 never. */
typedef int aws_instance_judge(const json_t *instance, struct err *e);
/* 1 running, 0 on its way or not visible yet, -1 stopped or ended. */
aws_instance_judge aws_instance_runs;
int aws_instance_await(struct run *r, struct aws *a, const char *id, const struct wait *w, aws_instance_judge *judge,
                       struct err *e) NODISCARD;
