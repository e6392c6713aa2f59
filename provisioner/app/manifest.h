/* Manifests of ours in the cluster: applied when their text changed or the object is gone. */
#pragma once
#include "core/err.h"
#include "step/engine.h"

/* DONE when `text` is what was applied last for `key` and the object still exists. */
int manifest_check(struct run *r, const char *key, const char *text, const char *kind, const char *name,
                   enum step_state *ret, struct err *e) NODISCARD;
/* Apply and remember the text's digest. */
int manifest_apply(struct run *r, const char *key, const char *text, struct err *e) NODISCARD;
