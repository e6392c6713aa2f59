/* Any bytes are either a spec with everything that is required, or a list of problems with their places. */
#include "core/util.h"
#include "spec/spec.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void demand_schedule(const struct spec_schedule *s)
{
    demand((s->cron != NULL) + (s->rrule != NULL) + (s->interval_s > 0) == 1);
    demand(s->slug && *s->slug && strlen(s->slug) <= 100 && s->timezone && json_is_object(s->parameters));
    demand(!s->anchor || s->interval_s > 0);
}

static void demand_flows(const struct spec *s)
{
    demand(!s->flows.from || (!s->flows.n_deployments && !s->flows.source.type));
    for (size_t i = 0; i < s->flows.n_deployments; i++) {
        const struct spec_deployment *d = &s->flows.deployments[i];
        demand(d->name && d->entrypoint && strstr(d->entrypoint, ".py:") && d->collision && d->concurrency >= 0);
        demand(json_is_object(d->parameters) && json_is_object(d->job_variables));
        demand(d->source.type || s->flows.source.type);
        for (size_t k = 0; k < d->n_schedules; k++)
            demand_schedule(&d->schedules[k]);
    }
}

static void demand_pools(const struct spec *s)
{
    demand(s->prefect.n_work_pools >= 1);
    for (size_t i = 0; i < s->prefect.n_work_pools; i++) {
        const struct spec_pool *p = &s->prefect.work_pools[i];
        demand(p->name && p->type && (strcmp(p->type, "kubernetes") == 0) == (strcmp(s->runtime, "k3s") == 0));
        demand(p->docker_socket == (strcmp(p->type, "docker") == 0));
        for (size_t k = 0; k < p->n_queues; k++)
            demand(p->queues[k].name && p->queues[k].priority >= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char path[] = "/nowhere/f";
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    if (spec_parse(path, (const char *)data, size, &s, &e) < 0) {
        demand(!s && e.code == ERR_SPEC && strncmp(e.msg, "/nowhere/f:", 11) == 0);
        json_t *text = json_string(e.msg); /* NULL when it is not UTF-8 */
        demand(text != NULL);
        json_decref(text);
        return 0;
    }
    demand(s && s->name && s->provider);
    demand_pools(s);
    demand_flows(s);
    demand(s->machine.disk_gib >= 8 && s->access.ssh_from.len >= 1 && json_is_object(s->k3s.config));
    return 0;
}
