#include "flow/definition.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/pull_step.h"
#include <string.h>

/* Texts that are not given are left out, where null would mean something else. */
static void put_text(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

static json_t *schedule(const struct spec_schedule *s)
{
    json_t *j = json_pack("{s:s, s:b, s:s, s:O}", "slug", s->slug, "active", s->active, "timezone", s->timezone,
                          "parameters", s->parameters);

    put_text(j, "cron", s->cron);
    put_text(j, "rrule", s->rrule);
    put_text(j, "anchor_date", s->anchor);
    if (s->interval_s)
        json_object_set_new(j, "interval", json_integer(s->interval_s));
    return j;
}

static json_t *concurrency(const struct spec_deployment *d)
{
    const char *strategy = d->collision && strcmp(d->collision, "cancel_new") == 0 ? "CANCEL_NEW" : "ENQUEUE";

    if (!d->concurrency)
        return json_null();
    return json_pack("{s:I, s:s}", "limit", (json_int_t)d->concurrency, "collision_strategy", strategy);
}

static json_t *texts(const struct svec *v)
{
    json_t *list = json_array();

    for (size_t i = 0; i < v->len; i++)
        json_array_append_new(list, json_string(v->items[i]));
    return list;
}

static const struct spec_pool *pool_of(const struct spec *s, const struct spec_deployment *d)
{
    for (size_t i = 0; i < s->prefect.n_work_pools; i++)
        if (d->pool && strcmp(s->prefect.work_pools[i].name, d->pool) == 0)
            return &s->prefect.work_pools[i];
    return d->pool ? NULL : &s->prefect.work_pools[0];
}

/* The deployment as prefect.yaml has it; `variables` and `pull` are taken over. */
static json_t *deployment(const struct spec *s, const struct spec_deployment *d, json_t *variables, json_t *pull)
{
    const struct spec_pool *pool = pool_of(s, d);
    AUTO_JSON json_t *schedules = json_array();
    json_t *j;

    for (size_t i = 0; i < d->n_schedules; i++)
        json_array_append_new(schedules, schedule(&d->schedules[i]));
    j = json_pack("{s:s, s:s, s:{s:s, s:s?, s:o}, s:o, s:O, s:O, s:o, s:b, s:o, s:b}", "name", d->name, "entrypoint",
                  d->entrypoint, "work_pool", "name", pool ? pool->name : d->pool, "work_queue_name", d->queue,
                  "job_variables", variables, "pull", pull, "schedules", schedules, "parameters", d->parameters, "tags",
                  texts(&d->tags), "paused", d->paused, "concurrency_limit", concurrency(d), "requirements",
                  d->requirements != NULL);
    put_text(j, "description", d->description);
    put_text(j, "version", d->version);
    return j;
}

static json_t *group_for(json_t *groups, const char *image)
{
    size_t i;
    json_t *group;

    json_array_foreach (groups, i, group) {
        const char *have = json_string_value(json_object_get(group, "image"));
        if (have == image || (have && image && strcmp(have, image) == 0))
            return group;
    }
    group = json_pack("{s:s?, s:[]}", "image", image, "sources");
    json_array_append_new(groups, group);
    return group;
}

/* Deployments of the same code share one fetch. */
static json_t *source_for(json_t *sources, json_t *pull)
{
    size_t i;
    json_t *source;

    json_array_foreach (sources, i, source)
        if (json_equal(json_object_get(source, "pull"), pull))
            return source;
    source = json_pack("{s:O, s:[]}", "pull", pull, "deployments");
    json_array_append_new(sources, source);
    return source;
}

static int add_deployment(const struct spec *s, const struct spec_deployment *d, const struct definition_ops *ops,
                          json_t *groups, struct err *e)
{
    const struct spec_source *source = d->source.type ? &d->source : &s->flows.source;
    const struct spec_pool *pool = pool_of(s, d);
    AUTO_JSON json_t *variables = json_deep_copy(d->job_variables), *pull = json_array();

    put_text(variables, "image", d->image);
    const char *image = json_string_value(json_object_get(variables, "image"));
    if (image && ops->image(ops->ctx, image, e) < 0)
        return -1;
    if (pull_step_add(source, pool, ops, variables, pull, e) < 0)
        return -1;
    if (d->requirements && ops->requirements(ops->ctx, pool, d->requirements, variables, pull, e) < 0)
        return -1;
    json_t *group = group_for(groups, d->image);
    json_t *list = json_object_get(source_for(json_object_get(group, "sources"), pull), "deployments");
    json_t *j = deployment(s, d, json_incref(variables), json_incref(pull));
    return json_array_append_new(list, j) == 0 ? 0 : err_set(e, ERR_SPEC, "its values are not text in UTF-8");
}

static int add_file(const struct spec *s, const struct definition_ops *ops, json_t *groups, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(s->flows.from);
    const char *name = strrchr(s->flows.from, '/');
    struct upload_dir there;

    if (!fsx_exists(s->flows.from))
        return err_set(e, ERR_SPEC, "flows.from: there is no file '%s'", s->flows.from);
    if (ops->folder(ops->ctx, dir, &there, e) < 0)
        return err_wrap(e, "flows.from");
    json_t *source = json_pack("{s:s, s:s}", "directory", there.path, "prefect_file", name ? name + 1 : s->flows.from);
    json_array_append_new(json_object_get(group_for(groups, NULL), "sources"), source);
    return 0;
}

int definition_make(const struct spec *s, const struct definition_ops *ops, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *groups = json_array();

    if (s->flows.from && add_file(s, ops, groups, e) < 0)
        return -1;
    for (size_t i = 0; i < s->flows.n_deployments; i++)
        if (add_deployment(s, &s->flows.deployments[i], ops, groups, e) < 0)
            return err_wrap(e, "deployment '%s'", s->flows.deployments[i].name);
    *ret = TAKE_PTR(groups);
    return 0;
}

static void put_folder(json_t *list, const char *path)
{
    size_t i;
    json_t *have;

    if (!path || strncmp(path, UPLOAD_ROOT "/", strlen(UPLOAD_ROOT "/")) != 0)
        return;
    json_array_foreach (list, i, have)
        if (strcmp(json_string_value(have), path) == 0)
            return;
    json_array_append_new(list, json_string(path));
}

static void put_steps(json_t *list, const json_t *steps)
{
    size_t i;
    json_t *step;

    json_array_foreach (steps, i, step)
        put_folder(list, json_string_value(json_object_get(json_object_get(step, PULL_STEP_DIRECTORY), "directory")));
}

json_t *definition_folders(const json_t *definition, const json_t *deployments)
{
    json_t *list = json_array(), *group, *source, *row;
    size_t i, k;

    json_array_foreach (definition, i, group)
        json_array_foreach (json_object_get(group, "sources"), k, source) {
            put_folder(list, json_string_value(json_object_get(source, "directory")));
            put_steps(list, json_object_get(source, "pull"));
        }
    json_array_foreach (deployments, i, row)
        put_steps(list, json_object_get(row, "pull_steps"));
    return list;
}
