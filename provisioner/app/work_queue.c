#include "app/work_queue.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

/* 1: as wanted; 0: differs; 2: absent. */
static int compare(struct prefect_api *api, const char *path, const json_t *want, struct err *e)
{
    AUTO_JSON json_t *have = NULL;
    int found = prefect_api_find(api, path, &have, e);

    if (found <= 0)
        return found < 0 ? -1 : 2;
    return json_equal(json_object_get(have, "concurrency_limit"), json_object_get(want, "concurrency_limit")) &&
           json_equal(json_object_get(have, "priority"), json_object_get(want, "priority"));
}

static json_t *wanted(const struct spec_queue *q)
{
    json_t *limit = q->concurrency > 0 ? json_integer(q->concurrency) : json_null();

    return json_pack("{s:I, s:o}", "priority", (json_int_t)q->priority, "concurrency_limit", limit);
}

static int make(struct prefect_api *api, const struct spec_pool *pool, const struct spec_queue *q, struct err *e)
{
    AUTO_FREE char *all = xasprintf("/work_pools/%s/queues", pool->name);
    AUTO_FREE char *path = xasprintf("%s/%s", all, q->name);
    AUTO_JSON json_t *want = wanted(q);
    int rc = compare(api, path, want, e);

    if (rc < 0 || rc == 1)
        return rc < 0 ? -1 : 0;
    if (rc == 0)
        return prefect_api_ok(api, "PATCH", path, want, NULL, e);
    json_object_set_new(want, "name", json_string(q->name));
    return prefect_api_ok(api, "POST", all, want, NULL, e);
}

int work_queues_check(struct prefect_api *api, const struct spec_pool *pool, struct err *e)
{
    for (size_t i = 0; i < pool->n_queues; i++) {
        AUTO_FREE char *path = xasprintf("/work_pools/%s/queues/%s", pool->name, pool->queues[i].name);
        AUTO_JSON json_t *want = wanted(&pool->queues[i]);
        int rc = compare(api, path, want, e);
        if (rc != 1)
            return rc < 0 ? -1 : 0;
    }
    return 1;
}

int work_queues_apply(struct prefect_api *api, const struct spec_pool *pool, struct err *e)
{
    for (size_t i = 0; i < pool->n_queues; i++)
        if (make(api, pool, &pool->queues[i], e) < 0)
            return err_wrap(e, "queue '%s'", pool->queues[i].name);
    return 0;
}
