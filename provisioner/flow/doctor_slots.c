#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include <stdio.h>
#include <string.h>

#define PAGE      200
#define MAX_PAGES 25

/* All pages of a filter; a list that is cut would make holders of slots invisible. */
static int all_of(struct doctor *d, const char *path, const json_t *filter, const char *what, json_t *ret,
                  struct err *e)
{
    for (int page = 0; page < MAX_PAGES; page++) {
        AUTO_JSON json_t *body = json_deep_copy(filter), *part = NULL;
        json_object_set_new(body, "limit", json_integer(PAGE));
        json_object_set_new(body, "offset", json_integer((json_int_t)page * PAGE));
        if (prefect_api_ok(d->api, "POST", path, body, &part, e) < 0)
            return -1;
        json_array_extend(ret, part);
        if (json_array_size(part) < PAGE)
            return 0;
    }
    (void)err_set(e, ERR_REMOTE, "too many %s to tell: %d or more", what, PAGE * MAX_PAGES);
    return err_hint(e, "look again when there are fewer");
}

static int active_runs(struct doctor *d, json_t *ret, struct err *e)
{
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:{s:[s, s, s]}}}}", "flow_runs", "state", "type", "any_", "RUNNING",
                                         "PENDING", "CANCELLING");

    return all_of(d, "/flow_runs/filter", filter, "active runs", ret, e);
}

int doctor_look_slots(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *limits = json_array(), *active = json_array(), *no_filter = json_object();
    size_t i, used;
    json_t *limit;

    if (all_of(d, "/v2/concurrency_limits/filter", no_filter, "limits", limits, e) < 0 ||
        (json_array_size(limits) && active_runs(d, active, e) < 0))
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

/* The runs first: one that begins after them takes its slots of a limit that is read later. */
static int mend_limit(struct doctor *d, const json_t *item, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/v2/concurrency_limits/%s", jsonx_str(item, "id"));
    AUTO_JSON json_t *active = json_array(), *limit = NULL;
    int64_t lost = jsonx_int(item, "lost", 0), held = jsonx_int(item, "held", 0);
    int status = 0;

    if (active_runs(d, active, e) < 0 || prefect_api_call(d->api, "GET", path, NULL, &status, &limit, e) < 0)
        return -1;
    if (status == 404)
        return 0;
    if (status != 200)
        return err_set(e, ERR_REMOTE, "limit '%s': HTTP %d", jsonx_str(item, "name"), status);
    if (jsonx_int(limit, "active_slots", 0) != lost + held || doctor_lost_slots(limit, active, d->now_us) != lost)
        return 0;
    AUTO_JSON json_t *body = json_pack("{s:I}", "active_slots", (json_int_t)held);
    return prefect_api_ok(d->api, "PATCH", path, body, NULL, e);
}

/* What changed since the look is left alone: the second look tells. */
int doctor_mend_slots(struct doctor *d, struct finding *f, struct err *e)
{
    size_t i;
    json_t *item;

    json_array_foreach (f->items, i, item)
        if (mend_limit(d, item, e) < 0)
            return -1;
    return 0;
}
