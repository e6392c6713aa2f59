#include "flow/flow_run_why.h"
#include "app/runtime.h"
#include "app/worker_online.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

static size_t online(const json_t *workers)
{
    size_t i, n = 0;
    json_t *w;

    json_array_foreach (workers, i, w)
        n += strcmp(jsonx_str(w, "status"), "ONLINE") == 0;
    return n;
}

/* A limit of N with N slots in use; -1 when there is no limit or room is left. */
static int64_t full(const json_t *holder)
{
    int64_t limit = jsonx_int(holder, "concurrency_limit", -1);

    return limit >= 0 && jsonx_int(holder, "active_slots", 0) >= limit ? limit : -1;
}

static void about_pool(const json_t *run, const json_t *pool, const json_t *queue, const json_t *workers,
                       char ret[static 256])
{
    const char *name = jsonx_str(pool, "name"), *queue_name = jsonx_str(queue, "name");
    size_t n = json_array_size(workers);

    if (jsonx_bool(pool, "is_paused", false))
        (void)snprintf(ret, 256, "work pool '%.80s' is paused", name);
    else if (jsonx_bool(queue, "is_paused", false))
        (void)snprintf(ret, 256, "queue '%.80s' of work pool '%.80s' is paused", queue_name, name);
    else if (workers && n == 0)
        (void)snprintf(ret, 256, "work pool '%.80s' has no worker", name);
    else if (workers && online(workers) == 0)
        (void)snprintf(ret, 256, "no worker of work pool '%.80s' is ONLINE; '%.60s' was last heard at %.40s", name,
                       jsonx_str(workers, "0.name"), jsonx_str(workers, "0.last_heartbeat_time"));
    else if (full(pool) >= 0)
        (void)snprintf(ret, 256, "work pool '%.80s' is at its limit: %lld runs at once", name, (long long)full(pool));
    else if (full(queue) >= 0)
        (void)snprintf(ret, 256, "queue '%.80s' of work pool '%.80s' is at its limit: %lld runs at once", queue_name,
                       name, (long long)full(queue));
    else
        (void)snprintf(ret, 256, "%sa worker of work pool '%.80s' is to take it",
                       strcmp(jsonx_str(run, "state.name"), "Late") == 0 ? "it is late; " : "", name);
}

void flow_run_why(const json_t *run, const json_t *pool, const json_t *queue, const json_t *workers,
                  char ret[static 256])
{
    const char *type = jsonx_str(run, "state.type"), *name = jsonx_str(run, "state.name");

    if (strcmp(name, "AwaitingConcurrencySlot") == 0)
        (void)snprintf(ret, 256, "its deployment is at its limit of runs at once");
    else if (strcmp(name, "AwaitingRetry") == 0)
        (void)snprintf(ret, 256, "it is retried at %.40s", jsonx_str(run, "state.state_details.scheduled_time"));
    else if (strcmp(type, "PENDING") == 0)
        (void)snprintf(ret, 256, "a worker has taken it, its infrastructure is starting");
    else if (!pool)
        (void)snprintf(ret, 256, "its deployment has no work pool, so no worker takes it");
    else
        about_pool(run, pool, queue, workers, ret);
}

/* What the server does not tell is not there. */
static json_t *ask(struct prefect_api *api, const char *path)
{
    struct err lost = ERR_INIT;
    json_t *answer = NULL;

    return prefect_api_ok(api, "GET", path, NULL, &answer, &lost) < 0 ? NULL : answer;
}

void flow_run_why_look(struct run *r, struct prefect_api *api, const json_t *run, char ret[static 256])
{
    AUTO_JSON json_t *pool = NULL, *queue = NULL, *workers = NULL;
    const char *name = jsonx_str(run, "work_pool_name"), *queue_name = jsonx_str(run, "work_queue_name");
    const struct runtime *runtime = runtime_of(r);
    struct err e = ERR_INIT;

    if (strcmp(jsonx_str(run, "state.type"), "PENDING") == 0) {
        flow_run_why(run, NULL, NULL, NULL, ret);
        char trouble[256] = "";
        if (runtime->run_trouble && runtime->run_trouble(r, jsonx_str(run, "id"), trouble, &e) < 0)
            (void)snprintf(ret, 256, "%.255s", e.msg);
        else if (*trouble)
            (void)snprintf(ret, 256, "%s", trouble);
        return;
    }
    if (*name) {
        AUTO_FREE char *path = xasprintf("/work_pools/%s", name);
        AUTO_FREE char *queue_path = xasprintf("/work_pools/%s/queues/%s", name, queue_name);
        pool = ask(api, path);
        queue = *queue_name ? ask(api, queue_path) : NULL;
        if (worker_list(api, name, &workers, &e) < 0)
            workers = NULL;
    }
    flow_run_why(run, pool, queue, workers, ret);
}
