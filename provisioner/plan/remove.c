#include "plan/remove.h"
#include "app/runtime.h"
#include "cloud/contact.h"
#include "cloud/provider.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include "step/engine.h"
#include <stdio.h>

#define MAX_KINDS 16

struct sweep {
    struct run *run;
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

static int sweep_empty(void *ctx, char why[static 256], struct err *e)
{
    struct sweep *s = ctx;
    AUTO_JSON json_t *left = json_array();

    if (s->run->provider->ops->sweep(s->run, s->run->provider, left, e) < 0)
        return -1;
    if (json_array_size(left) == 0)
        return ++s->empty >= 2;
    s->empty = 0;
    (void)snprintf(why, 256, "%zu left, such as %s '%.100s'", json_array_size(left), jsonx_str(left, "0.kind"),
                   jsonx_str(left, "0.name"));
    return 0;
}

static int prove_empty(struct run *r, struct err *e)
{
    struct sweep s = { r, 0 };
    const struct wait w = { "nothing of the deployment left",
                            phases_deadline_ms(r->phases, PHASE_TEARDOWN, r->spec->timeouts), 200 };

    if (wait_for(&w, r->clock, r->ui, sweep_empty, &s, e) == 0)
        return 0;
    if (e->code == ERR_TIMEOUT)
        e->code = ERR_LEFTOVER;
    return -1;
}

int remove_all(struct run *r, struct err *e)
{
    struct step steps[MAX_KINDS];
    struct err sweep = ERR_INIT;

    phases_begin(r->phases, PHASE_TEARDOWN);
    if (clean_machine(r, e) < 0)
        return -1;
    contact_close(r);
    size_t n = provider_steps(r->provider->ops, steps, MAX_KINDS);
    int undo = engine_undo(r, steps, n, e);
    int left = prove_empty(r, undo < 0 ? &sweep : e);
    phases_end(r->phases, PHASE_TEARDOWN);
    return undo < 0 || left < 0 ? -1 : 0;
}
