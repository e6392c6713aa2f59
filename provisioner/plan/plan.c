#include "plan/plan.h"
#include "app/automation.h"
#include "app/canary.h"
#include "app/limit.h"
#include "app/runtime.h"
#include "app/server_address.h"
#include "app/work_pool.h"
#include "artifact/artifact.h"
#include "cloud/contact.h"
#include "core/util.h"
#include "host/system.h"
#include "plan/prefetch.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "step/journal.h"

static size_t add(struct step *steps, size_t n, const struct step *more, size_t n_more)
{
    for (size_t i = 0; i < n_more && n < PLAN_MAX_STEPS; i++)
        steps[n++] = more[i];
    return n;
}

static size_t add_tables(const struct run *r, struct step *steps, size_t n, const struct step_table *t)
{
    const int absent = server_is_ours(r->spec) ? SERVER_ELSEWHERE : SERVER_OURS;

    for (; t->steps; t++)
        if ((int)t->with != absent)
            n = add(steps, n, t->steps, *t->n);
    return n;
}

/* Order is data: the provider's kinds, the runtime's way to a server that answers, what the server must know, its
 * workers, and the proof. */
size_t plan_steps(const struct run *r, struct step steps[static PLAN_MAX_STEPS])
{
    const struct runtime *rt = runtime_of(r);
    size_t n = provider_steps(r->provider->ops, steps, PLAN_MAX_STEPS);

    n = add(steps, n, prefetch_steps, prefetch_n_steps);
    n = add(steps, n, contact_steps, contact_n_steps);
    n = add_tables(r, steps, n, rt->tables);
    n = add(steps, n, work_pool_steps, work_pool_n_steps);
    n = add(steps, n, limit_steps, limit_n_steps);
    n = add(steps, n, automation_steps, automation_n_steps);
    n = add_tables(r, steps, n, rt->worker_tables);
    n = add(steps, n, cloud_init_steps, cloud_init_n_steps);
    return add(steps, n, canary_steps, canary_n_steps);
}

static json_t *describe_steps(const struct run *r)
{
    static const char *const marks[] = { [JOURNAL_NONE] = "todo", [JOURNAL_INTENT] = "begun", [JOURNAL_DONE] = "done" };
    struct step steps[PLAN_MAX_STEPS];
    size_t n = plan_steps(r, steps);
    json_t *rows = json_array();

    for (size_t i = 0; i < n; i++)
        if (steps[i].apply)
            json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "step", steps[i].name, "phase",
                                                  phase_table[steps[i].phase].name, "state",
                                                  marks[r->journal ? journal_mark(r->journal, steps[i].name) : 0]));
    return rows;
}

/* What a reader of the plan must know before he agrees. */
static json_t *describe_notes(const struct run *r)
{
    json_t *notes = json_array();

    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
        if (pool->docker_socket)
            json_array_append_new(
                notes, json_sprintf("the worker of pool '%s' may use Docker's socket: whoever can start a container "
                                    "there, so every flow of the pool, has root on the machine",
                                    pool->name));
    }
    if (!server_is_ours(r->spec)) {
        struct server_url url;
        server_url_inside(r->spec, "", &url);
        json_array_append_new(notes, json_sprintf("no server is installed: the workers use %s", url.text));
    }
    for (size_t i = 0; i < r->spec->warnings.len; i++)
        json_array_append_new(notes, json_string(r->spec->warnings.items[i]));
    return notes;
}

static json_t *describe_pools(const struct run *r)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
        json_t *limit = pool->concurrency < 0 ? json_string("as many runs as the machine carries")
                                              : json_sprintf("%lld runs at once", (long long)pool->concurrency);
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:o}", "pool", pool->name, "type", pool->type, "detail", limit));
    }
    return rows;
}

int plan_describe(struct run *r, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *objects = json_array(), *cost = NULL;
    AUTO_SBUF struct sbuf from = SBUF_INIT(4096);

    r->provider->ops->exposure(r, &from);
    if (r->provider->ops->plan(r, r->provider, objects, e) < 0)
        return -1;
    *ret = json_pack("{s:s, s:s, s:O, s:[{s:s, s:s, s:s}], s:o, s:o, s:o, s:o}", "name", r->spec->name, "provider",
                     r->spec->provider, "objects", objects, "firewall", "port", "22/tcp", "from", from.data, "to",
                     "machine", "artifacts", artifacts_json(r->artifacts), "steps", describe_steps(r), "pools",
                     describe_pools(r), "notes", describe_notes(r));
    cost = *ret && r->provider->ops->cost ? r->provider->ops->cost(r, r->provider) : NULL;
    if (cost)
        json_object_set(*ret, "cost", cost);
    return *ret ? 0 : err_set(e, ERR_INTERNAL, "the plan cannot be put into JSON");
}
