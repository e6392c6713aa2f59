/* The registry of providers: the only place that compares their names. */
#pragma once
#include "cloud/provider.h"
#include "step/engine.h"
#include <stddef.h>

/* NULL when unknown. */
const struct provider_ops *provider_find(const char *name);
/* The steps of a provider's kinds, "provider/KIND"; valid while `steps` is. Returns how many. */
size_t provider_steps(const struct provider_ops *ops, struct step *steps, size_t max);
/* Has a step of the provider that can be undone been begun? Then there is something to take away. */
bool provider_begun(const struct run *r);
