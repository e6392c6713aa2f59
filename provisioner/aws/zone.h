/* The availability zone: one where the type is offered, the spec's order first; the next one when it has no capacity.
 */
#pragma once
#include "aws/aws.h"

/* Borrowed from the journal. Chosen and written there at the first call. ERR_SPEC: the type is offered in none of them.
 */
int aws_zone(struct run *r, struct aws *a, const char **ret, struct err *e) NODISCARD;
/* Go on to the next one. False: there is none. */
int aws_zone_next(struct run *r, bool *ret, struct err *e) NODISCARD;
/* Zones of the region that offer `type`, sorted; new array of strings. For the doctor too. */
int aws_zones_offering(struct aws *a, const char *type, json_t **ret, struct err *e) NODISCARD;
/* Of the current zone among those to try, from 0: picks the subnet's range. */
int aws_zone_index(const struct run *r);
