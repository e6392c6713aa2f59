/* The instance: what others ask of it. */
#pragma once
#include "aws/aws.h"

/* Describe it by its id in the journal; new reference, json_null when AWS does not know it (yet). */
int aws_instance_describe(struct aws *a, const char *id, json_t **ret, struct err *e) NODISCARD;
/* Wait probe over what aws_instance_describe gave: 1 running, 0 on its way or not visible yet, -1 stopped or ended. */
int aws_instance_state(const json_t *instance, char why[static 256], struct err *e) NODISCARD;
