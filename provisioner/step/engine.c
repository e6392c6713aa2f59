#include "step/engine.h"
#include "core/cancel.h"
#include "step/journal.h"

/* A phase ends on screen when its last step in the table has been looked at and one of its steps acted. */
struct progress {
    bool acted[PHASE_COUNT];
    int64_t ms[PHASE_COUNT];
};

static bool last_of_phase(const struct step *steps, size_t n, size_t i)
{
    for (size_t k = i + 1; k < n; k++)
        if (steps[k].phase == steps[i].phase)
            return false;
    return true;
}

static int state_of(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    if (s->check)
        return s->check(r, s, ret, e);
    *ret = journal_mark(r->journal, s->name) == JOURNAL_DONE ? STEP_DONE : STEP_TODO;
    return 0;
}

static int act(struct run *r, const struct step *s, struct err *e)
{
    r->changed = true;
    if (journal_intent(r->journal, s->name, e) < 0)
        return -1;
    if (s->apply(r, s, e) < 0) {
        struct err lost = ERR_INIT;
        char said[sizeof(e->msg)];
        ui_safe(r->ui, e->msg, said, sizeof(said));
        if (journal_failed(r->journal, s->name, said, &lost) < 0)
            ui_warn(r->ui, "%s", lost.msg);
        return -1;
    }
    return journal_done(r->journal, s->name, e);
}

/* 1: acted, 0: was done. */
static int one(struct run *r, const struct step *s, struct err *e)
{
    enum step_state have = STEP_TODO;

    if (cancel_check(e) < 0 || state_of(r, s, &have, e) < 0)
        return -1;
    if (have == STEP_DONE)
        return 0;
    ui_phase(r->ui, phase_table[s->phase].name);
    ui_debug(r->ui, "step %s", s->name);
    return act(r, s, e) < 0 ? -1 : 1;
}

int engine_apply(struct run *r, const struct step *steps, size_t n, struct err *e)
{
    struct progress p = { 0 };

    for (size_t i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        int64_t begin = r->clock->mono_ms(r->clock);
        phases_begin(r->phases, s->phase);
        int rc = one(r, s, e);
        phases_end(r->phases, s->phase);
        p.ms[s->phase] += r->clock->mono_ms(r->clock) - begin;
        p.acted[s->phase] = p.acted[s->phase] || rc != 0;
        if (rc < 0 || (p.acted[s->phase] && last_of_phase(steps, n, i))) {
            ui_phase(r->ui, phase_table[s->phase].name);
            ui_phase_end(r->ui, rc >= 0, p.ms[s->phase]);
        }
        if (rc < 0)
            return err_wrap(e, "%s", s->name);
    }
    return 0;
}

int engine_undo(struct run *r, const struct step *steps, size_t n, struct err *e)
{
    int rc = 0;

    for (size_t i = n; i-- > 0;) {
        const struct step *s = &steps[i];
        struct err one = ERR_INIT;
        if (!s->undo)
            continue;
        ui_phase(r->ui, phase_table[PHASE_TEARDOWN].name);
        ui_note(r->ui, "%s", s->name);
        if (s->undo(r, s, &one) == 0 && journal_undone(r->journal, s->name, &one) == 0)
            continue;
        (void)err_wrap(&one, "remove %s", s->name);
        /* What may go in the next round is told only when it does not. */
        if (one.retryable)
            ui_debug(r->ui, "%s", one.msg);
        else
            ui_warn(r->ui, "%s", one.msg);
        if (rc == 0 || (e->retryable && !one.retryable))
            *e = one;
        rc = -1;
    }
    return rc;
}
