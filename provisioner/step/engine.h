/* Steps and the engine. A step is a row; its order is data. For each step: check (read-only) says whether it is done;
 * if not, the intent is journalled and fsynced, apply runs, the result is journalled. apply must be safe to repeat:
 * after a crash the engine runs check again and, when needed, apply. undo runs in reverse order for every step, with or
 * without a mark, since a journal can be lost; an object that is already gone is success. */
#pragma once
#include "core/err.h"
#include "step/phase.h"
#include "step/run.h"
#include <stddef.h>

enum step_state { STEP_TODO, STEP_DONE };

struct step {
    const char *name; /* journal key, such as "machine/disk"; never renamed */
    enum phase_id phase;
    int (*check)(struct run *r, const struct step *s, enum step_state *ret,
                 struct err *e); /* NULL: the journal's mark decides */
    int (*apply)(struct run *r, const struct step *s, struct err *e);
    int (*undo)(struct run *r, const struct step *s, struct err *e); /* NULL: goes with something else */
    const void *arg; /* row of a table of the step's own, such as a resource kind */
};

/* Stops at the first failure (journalled). Looks at cancel_requested() between steps. */
int engine_apply(struct run *r, const struct step *steps, size_t n, struct err *e) NODISCARD;
/* Continues past failures; returns the first one that a second round would not mend, else the first. */
int engine_undo(struct run *r, const struct step *steps, size_t n, struct err *e) NODISCARD;
