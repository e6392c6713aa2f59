/* The step tables of all layers in the order of a bootstrap, for one deployment. */
#pragma once
#include "core/err.h"
#include "step/engine.h"
#include <jansson.h>

#define PLAN_MAX_STEPS 64

/* Fills `steps` (PLAN_MAX_STEPS rows), returns how many. */
size_t plan_steps(const struct run *r, struct step steps[static PLAN_MAX_STEPS]);
/* What bootstrap would make, without acting: {"name","provider","objects","firewall","artifacts","steps",
 * "pools", "notes"}, and "cost" (cloud/provider.h) where the provider has one. */
int plan_describe(struct run *r, json_t **ret, struct err *e) NODISCARD;
