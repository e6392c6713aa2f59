#include "plan/remove.h"
#include "app/runtime.h"
#include "cloud/contact.h"
#include "core/cancel.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "core/wait.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "step/engine.h"
#include <stdio.h>

#define MAX_KINDS 16

struct sweep {
    struct run *run;
    const struct step *steps; /* of the provider */
    size_t n;
    int empty; /* sweeps in a row that found nothing */
};

/* A machine that is not ours stays; what this deployment put on it goes. The mark on the machine says whose it is, so
 * this works without a journal. */
static int clean_machine(struct run *r, struct err *e)
{
    if (r->provider->ops->own_machine)
        return 0;
    if (!r->ssh && contact_open(r, e) < 0)
        return err_wrap(e, "the machine must be reached to remove what was installed");
    /* Each runtime's: what the spec says today may not be what was installed. */
    for (size_t i = 0; runtime_nth(i); i++)
        for (const struct step_table *t = runtime_nth(i)->tables; t->steps; t++)
            if (engine_undo(r, t->steps, *t->n, e) < 0)
                return -1;
    return 0;
}

static int sweep(struct run *r, json_t *left, struct err *e)
{
    return r->provider->ops->sweep(r, r->provider, left, e);
}

/* In rounds: what stood in the way may have become visible only now. */
static int undo(struct run *r, const struct step *steps, size_t n, struct err *e)
{
    int64_t deadline = phases_deadline_ms(r->phases, PHASE_TEARDOWN, r->spec->timeouts);

    while (engine_undo(r, steps, n, e) < 0) {
        if (!e->retryable || r->clock->mono_ms(r->clock) >= deadline || cancel_requested())
            return -1;
        err_clear(e);
    }
    return 0;
}

/* What appears late, or would not go while something else stood, is taken away in the next round. */
static int sweep_empty(void *ctx, char why[static 256], struct err *e)
{
    struct sweep *s = ctx;
    AUTO_JSON json_t *left = json_array();
    int more = sweep(s->run, left, e);

    if (more < 0)
        return -1;
    if (json_array_size(left) == 0) {
        (void)snprintf(why, 256, "nothing is left, but what was asked for last may still appear");
        s->empty += more ? 0 : 1;
        return s->empty >= 2;
    }
    s->empty = 0;
    (void)snprintf(why, 256, "%zu left, such as %s '%.100s'", json_array_size(left), jsonx_str(left, "0.kind"),
                   jsonx_str(left, "0.name"));
    return undo(s->run, s->steps, s->n, e);
}

static int prove_empty(struct run *r, const struct step *steps, size_t n, struct err *e)
{
    struct sweep s = { r, steps, n, 0 };
    const struct wait w = { "nothing of the deployment left",
                            phases_deadline_ms(r->phases, PHASE_TEARDOWN, r->spec->timeouts), 200 };

    return wait_for(&w, r->clock, r->ui, sweep_empty, &s, e);
}

/* Whatever stopped the removal: what it leaves behind is what the operator must know. */
static void name_left(struct run *r, struct err *e)
{
    AUTO_JSON json_t *left = json_array();
    AUTO_SBUF struct sbuf names = SBUF_INIT(2048);
    struct err lost = ERR_INIT;
    size_t i;
    json_t *row;

    /* Canceled: whoever pressed Ctrl-C waits for no further call. */
    if (e->code == ERR_CANCELED || sweep(r, left, &lost) < 0)
        return;
    r->left = json_incref(left);
    if (json_array_size(left) == 0)
        return;
    json_array_foreach (left, i, row)
        sbuf_addf(&names, "%s%s '%s'", i ? ", " : "", jsonx_str(row, "kind"), jsonx_str(row, "name"));
    (void)err_wrap(e, "left are %s", names.data);
    e->code = ERR_LEFTOVER;
}

int remove_all(struct run *r, struct err *e)
{
    struct step steps[MAX_KINDS];
    AUTO_JSON json_t *there = json_array();

    phases_begin(r->phases, PHASE_TEARDOWN);
    /* Who may not look may not remove: one refusal, not one for each kind. */
    if (sweep(r, there, e) < 0)
        return err_wrap(e, "nothing was removed");
    ui_debug(r->ui, "%zu objects to remove", json_array_size(there));
    if (clean_machine(r, e) < 0)
        return -1;
    contact_close(r);
    size_t n = provider_steps(r->provider->ops, steps, MAX_KINDS);
    int rc = undo(r, steps, n, e) < 0 ? -1 : prove_empty(r, steps, n, e);
    if (rc < 0)
        name_left(r, e);
    phases_end(r->phases, PHASE_TEARDOWN);
    return rc;
}
