#include "plan/providers.h"
#include "aws/aws.h"
#include "cloud/local.h"
#include "cloud/ssh_host.h"
#include "core/util.h"
#include "step/journal.h"
#include <string.h>

static const struct provider_ops *const providers[] = { &local_ops, &ssh_host_ops, &aws_ops };

/* A step's name is a key of the journal and must outlive it, so the names are constants. */
static const char *const step_names[] = {
    "provider/image",
    "provider/disk",
    "provider/network",
    "provider/machine",
    "provider/host",
    "provider/vpc",
    "provider/subnet",
    "provider/address",
    "provider/instance",
    "provider/route-table",
    "provider/security-group",
    "provider/internet-gateway",
    "provider/cluster-objects",
    "provider/volume",
    "provider/network-interface",
    "provider/association",
    "provider/launch-template",
};
static const size_t prefix_len = sizeof("provider/") - 1;

const struct provider_ops *provider_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(providers); i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    const struct resource_kind *k = s->arg;
    int found = k->find(r, r->provider, e);

    if (found < 0)
        return -1;
    *ret = found ? STEP_DONE : STEP_TODO;
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    const struct resource_kind *k = s->arg;

    return k->create(r, r->provider, e);
}

static int undo(struct run *r, const struct step *s, struct err *e)
{
    const struct resource_kind *k = s->arg;

    return k->destroy(r, r->provider, e);
}

static const char *step_name(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(step_names); i++)
        if (strcmp(step_names[i] + prefix_len, kind) == 0)
            return step_names[i];
    return NULL;
}

size_t provider_steps(const struct provider_ops *ops, struct step *steps, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < ops->n_kinds && n < max; i++) {
        const struct resource_kind *k = &ops->kinds[i];
        steps[n++] = (struct step){
            step_name(k->kind), PHASE_MACHINE, check, k->create ? apply : NULL, k->destroy ? undo : NULL, k
        };
    }
    return n;
}

bool provider_begun(const struct run *r)
{
    const struct provider_ops *ops = r->provider->ops;

    for (size_t i = 0; r->journal && i < ops->n_kinds; i++)
        if (ops->kinds[i].destroy && journal_mark(r->journal, step_name(ops->kinds[i].kind)) != JOURNAL_NONE)
            return true;
    return false;
}
