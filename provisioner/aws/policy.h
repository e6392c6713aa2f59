/* The rights that this spec needs, as IAM documents, from the action table. */
#pragma once
#include "core/err.h"
#include <jansson.h>

struct spec;
/* Identity policy: creates are bound to our tags in the request, changes and deletes to our tags on the object.
 * `region` may not be "". New reference. */
int aws_policy(const struct spec *s, const char *region, json_t **ret, struct err *e) NODISCARD;
/* Trust policy of a role for GitHub's OIDC. `repo` is "OWNER/REPO", or "OWNER/REPO:environment:NAME" or
 * "OWNER/REPO:ref:refs/heads/NAME"; both formats of the subject are allowed: repo:O/R:... and, for repositories made
 * after 2026-07-15, repo:O@ID/R@ID:..., whose ids are given as OWNER@ID/REPO@ID. ERR_USAGE when it is not one. */
int aws_policy_trust(const struct spec *s, const char *region, const char *repo, json_t **ret, struct err *e) NODISCARD;
