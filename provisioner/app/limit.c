#include "app/limit.h"
#include "app/prefect_api.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"

/* 1: as wanted; 0: differs; 2: absent. */
static int compare(struct prefect_api *api, const struct spec_limit *l, struct err *e)
{
    AUTO_JSON json_t *have = NULL;
    AUTO_FREE char *path = xasprintf("/v2/concurrency_limits/%s", l->name);
    int found = prefect_api_find(api, path, &have, e);

    if (found <= 0)
        return found < 0 ? -1 : 2;
    double decay = json_number_value(json_object_get(have, "slot_decay_per_second"));
    double off = decay - l->slot_decay_per_second;
    return jsonx_int(have, "limit", -1) == l->slots && off > -1e-9 && off < 1e-9 && jsonx_bool(have, "active", false);
}

static int make(struct prefect_api *api, const struct spec_limit *l, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/v2/concurrency_limits/%s", l->name);
    AUTO_JSON json_t *want = json_pack("{s:s, s:I, s:f, s:b}", "name", l->name, "limit", (json_int_t)l->slots,
                                       "slot_decay_per_second", l->slot_decay_per_second, "active", 1);
    int rc = compare(api, l, e);

    if (rc < 0 || rc == 1)
        return rc < 0 ? -1 : 0;
    return rc == 0 ? prefect_api_ok(api, "PATCH", path, want, NULL, e)
                   : prefect_api_ok(api, "POST", "/v2/concurrency_limits/", want, NULL, e);
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    *ret = STEP_DONE;
    if (r->spec->prefect.n_limits == 0)
        return 0;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->prefect.n_limits && *ret == STEP_DONE; i++) {
        int rc = compare(api, &r->spec->prefect.limits[i], e);
        if (rc < 0)
            return -1;
        *ret = rc == 1 ? STEP_DONE : STEP_TODO;
    }
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->prefect.n_limits; i++)
        if (make(api, &r->spec->prefect.limits[i], e) < 0)
            return err_wrap(e, "limit '%s'", r->spec->prefect.limits[i].name);
    return 0;
}

const struct step limit_steps[] = {
    { "server/limits", PHASE_WORKER, check, apply, NULL, NULL },
};
const size_t limit_n_steps = ARRAY_LEN(limit_steps);
