#include "app/ready.h"
#include "spec/spec.h"
#include "step/journal.h"

int ready_check(struct run *r, const struct step *s, wait_probe *probe, enum step_state *ret, struct err *e)
{
    char why[256];

    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    int rc = probe(r, why, e);
    if (rc > 0)
        *ret = STEP_DONE;
    return rc < 0 ? -1 : 0;
}

int ready_wait(struct run *r, const struct step *s, wait_probe *probe, const char *name, struct err *e)
{
    const struct wait w = { name, phases_deadline_ms(r->phases, s->phase, r->spec->timeouts), 500 };

    return wait_for(&w, r->clock, r->ui, probe, r, e);
}
