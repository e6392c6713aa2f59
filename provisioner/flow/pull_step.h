/* A source of the spec as pull steps of Prefect: one row for each type. */
#pragma once
#include "core/err.h"
#include "flow/definition.h"
#include "spec/spec.h"
#include <jansson.h>

#define PULL_STEP_DIRECTORY "prefect.deployments.steps.set_working_directory"

/* Appends the steps to `pull`, and to `variables` what a run's environment needs for them. `pool` (NULL: unknown) says
 * whether a run is a container, which may install packages. ERR_SPEC without a source. Packages of Prefect that a step
 * needs are pinned, for the newest ones would bring a newer Prefect along. */
int pull_step_add(const struct spec_source *s, const struct spec_pool *pool, const struct definition_ops *ops,
                  json_t *variables, json_t *pull, struct err *e) NODISCARD;
