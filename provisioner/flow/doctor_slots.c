#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include <stdio.h>
#include <string.h>

#define PAGE      200
#define MAX_PAGES 25

/* All pages of a filter. */
static int all_of(struct doctor *d, const char *path, const json_t *filter, json_t *ret, struct err *e)
{
    for (int page = 0; page < MAX_PAGES; page++) {
        AUTO_JSON json_t *body = json_deep_copy(filter), *part = NULL;
        json_object_set_new(body, "limit", json_integer(PAGE));
        json_object_set_new(body, "offset", json_integer((json_int_t)page * PAGE));
        if (prefect_api_ok(d->api, "POST", path, body, &part, e) < 0)
            return -1;
        json_array_extend(ret, part);
        if (json_array_size(part) < PAGE)
            break;
    }
    return 0;
}

int doctor_look_slots(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *limits = json_array(), *active = json_array(), *no_filter = json_object();
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:{s:[s, s, s]}}}}", "flow_runs", "state", "type", "any_", "RUNNING",
                                         "PENDING", "CANCELLING");
    size_t i, used;
    json_t *limit;

    if (all_of(d, "/v2/concurrency_limits/filter", no_filter, limits, e) < 0 ||
        all_of(d, "/flow_runs/filter", filter, active, e) < 0)
        return -1;
    json_array_foreach (limits, i, limit) {
        int64_t lost = doctor_lost_slots(limit, active, d->now_us), slots = jsonx_int(limit, "active_slots", 0);
        if (!lost)
            continue;
        json_array_append_new(f->items, json_pack("{s:s, s:s, s:I, s:I}", "id", jsonx_str(limit, "id"), "name",
                                                  jsonx_str(limit, "name"), "lost", (json_int_t)lost, "held",
                                                  (json_int_t)(slots - lost)));
        used = strlen(f->detail);
        (void)snprintf(f->detail + used, sizeof(f->detail) - used,
                       "%slimit '%.60s': %lld of %lld slots taken by nobody", used ? "; " : "",
                       jsonx_str(limit, "name"), (long long)lost, (long long)jsonx_int(limit, "limit", 0));
    }
    if (json_array_size(f->items))
        return 0;
    (void)snprintf(f->detail, sizeof(f->detail), "%zu limit%s, no slot lost", i, i == 1 ? "" : "s");
    return 1;
}

int doctor_mend_slots(struct doctor *d, struct finding *f, struct err *e)
{
    size_t i;
    json_t *item;

    json_array_foreach (f->items, i, item) {
        AUTO_FREE char *path = xasprintf("/v2/concurrency_limits/%s", jsonx_str(item, "id"));
        AUTO_JSON json_t *body = json_pack("{s:O}", "active_slots", json_object_get(item, "held"));
        if (prefect_api_ok(d->api, "PATCH", path, body, NULL, e) < 0)
            return -1;
    }
    return 0;
}
