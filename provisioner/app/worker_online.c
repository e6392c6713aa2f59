#include "app/worker_online.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

int worker_list(struct prefect_api *api, const char *pool, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *filter = json_object();
    AUTO_FREE char *path = xasprintf("/work_pools/%s/workers/filter", pool);

    return prefect_api_ok(api, "POST", path, filter, ret, e);
}

static int pool_online(struct prefect_api *api, const char *pool, int64_t wanted, char why[static 256], struct err *e)
{
    AUTO_JSON json_t *workers = NULL;
    int64_t online = 0;
    size_t i;
    json_t *w;

    if (worker_list(api, pool, &workers, e) < 0)
        return -1;
    json_array_foreach (workers, i, w)
        online += strcmp(jsonx_str(w, "status"), "ONLINE") == 0;
    (void)snprintf(why, 256, "pool '%.60s': %lld of %lld workers ONLINE", pool, (long long)online, (long long)wanted);
    return online >= wanted;
}

int workers_online(struct run *r, int64_t wanted, char why[static 256], struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        int rc = pool_online(api, r->spec->prefect.work_pools[i].name, wanted, why, e);
        if (rc <= 0)
            return rc;
    }
    return 1;
}
