#include "plan/plan.h"
#include "app/canary.h"
#include "app/database.h"
#include "app/server.h"
#include "app/work_pool.h"
#include "app/worker.h"
#include "artifact/artifact.h"
#include "cloud/contact.h"
#include "cloud/provider.h"
#include "core/util.h"
#include "kube/images.h"
#include "kube/k3s.h"
#include "kube/system.h"
#include "plan/prefetch.h"
#include "spec/spec.h"
#include "step/journal.h"

struct table {
    const struct step *steps;
    const size_t *n;
};

/* Order is data. Images are imported as soon as containerd answers, while the node is still getting ready; the worker
 * comes after the pool, which needs the server: a worker that finds no server ends. */
static const struct table tables[] = {
    { prefetch_steps, &prefetch_n_steps },     { contact_steps, &contact_n_steps },
    { facts_steps, &facts_n_steps },           { k3s_install_steps, &k3s_install_n_steps },
    { image_steps, &image_n_steps },           { k3s_ready_steps, &k3s_ready_n_steps },
    { database_steps, &database_n_steps },     { server_steps, &server_n_steps },
    { work_pool_steps, &work_pool_n_steps },   { worker_steps, &worker_n_steps },
    { cloud_init_steps, &cloud_init_n_steps }, { canary_steps, &canary_n_steps },
};

size_t plan_steps(const struct run *r, struct step steps[static PLAN_MAX_STEPS])
{
    size_t n = provider_steps(r->provider->ops, steps, PLAN_MAX_STEPS);

    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < *tables[t].n && n < PLAN_MAX_STEPS; i++)
            steps[n++] = tables[t].steps[i];
    return n;
}

static json_t *describe_steps(const struct run *r)
{
    static const char *const marks[] = { [JOURNAL_NONE] = "todo", [JOURNAL_INTENT] = "begun", [JOURNAL_DONE] = "done" };
    struct step steps[PLAN_MAX_STEPS];
    size_t n = plan_steps(r, steps);
    json_t *rows = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "step", steps[i].name, "phase",
                                              phase_table[steps[i].phase].name, "state",
                                              marks[r->journal ? journal_mark(r->journal, steps[i].name) : 0]));
    return rows;
}

int plan_describe(struct run *r, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *objects = json_array();

    if (r->provider->ops->plan(r, r->provider, objects, e) < 0)
        return -1;
    *ret = json_pack("{s:s, s:s, s:O, s:[{s:s, s:s, s:s}], s:o, s:o}", "name", r->spec->name, "provider",
                     r->spec->provider, "objects", objects, "firewall", "port", "22/tcp", "from",
                     r->provider->ops->exposure, "to", "machine", "artifacts", artifacts_json(r->artifacts), "steps",
                     describe_steps(r));
    return *ret ? 0 : err_set(e, ERR_INTERNAL, "the plan cannot be put into JSON");
}
