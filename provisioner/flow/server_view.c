#include "flow/server_view.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

#define PAGE     200 /* the most that Prefect gives at once */
#define MAX_ROWS 20000

/* In the order of their names. */
static const char *const fields[] = {
    "concurrency_options",
    "description",
    "enforce_parameter_schema",
    "entrypoint",
    "job_variables",
    "parameter_openapi_schema",
    "parameters",
    "path",
    "paused",
    "pull_steps",
    "schedules",
    "tags",
    "version",
    "work_pool_name",
    "work_queue_name",
};

/* Page by page; `filter` gets "limit" and "offset". */
static int read_all(struct prefect_api *api, const char *path, json_t *filter, json_t *all, struct err *e)
{
    for (size_t offset = 0; offset < MAX_ROWS; offset += PAGE) {
        AUTO_JSON json_t *page = NULL;
        json_object_set_new(filter, "limit", json_integer(PAGE));
        json_object_set_new(filter, "offset", json_integer((json_int_t)offset));
        if (prefect_api_ok(api, "POST", path, filter, &page, e) < 0)
            return -1;
        json_array_extend(all, page);
        if (json_array_size(page) < PAGE)
            return 0;
    }
    return err_set(e, ERR_REMOTE, "Prefect API: POST %s: more than %d rows", path, MAX_ROWS);
}

int server_view_read(struct prefect_api *api, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *all = json_array(), *flows = json_array(), *names = json_object();
    AUTO_JSON json_t *by_name = json_pack("{s:s}", "sort", "NAME_ASC"), *flows_by_name = json_deep_copy(by_name);
    size_t i;
    json_t *row;

    if (read_all(api, "/deployments/filter", by_name, all, e) < 0 ||
        read_all(api, "/flows/filter", flows_by_name, flows, e) < 0)
        return -1;
    json_array_foreach (flows, i, row)
        json_object_set(names, jsonx_str(row, "id"), json_object_get(row, "name"));
    json_array_foreach (all, i, row)
        json_object_set(row, "flow_name", json_object_get(names, jsonx_str(row, "flow_id")));
    *ret = TAKE_PTR(all);
    return 0;
}

json_t *server_view_find(const json_t *view, const char *flow, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach (view, i, row)
        if (strcmp(jsonx_str(row, "flow_name"), flow) == 0 && strcmp(jsonx_str(row, "name"), name) == 0)
            return row;
    return NULL;
}

json_t *server_view_by_id(const json_t *view, const char *id)
{
    size_t i;
    json_t *row;

    json_array_foreach (view, i, row)
        if (strcmp(jsonx_str(row, "id"), id) == 0)
            return row;
    return NULL;
}

/* Schedules come in no order and get new ids with each change. */
static char *schedules_text(const json_t *deployment)
{
    AUTO_JSON json_t *rows = json_object();
    size_t i;
    json_t *s;

    json_array_foreach (json_object_get(deployment, "schedules"), i, s) {
        AUTO_JSON json_t *bare = json_pack("{s:O?, s:O?, s:O?, s:O?}", "schedule", json_object_get(s, "schedule"),
                                           "active", json_object_get(s, "active"), "parameters",
                                           json_object_get(s, "parameters"), "slug", json_object_get(s, "slug"));
        AUTO_FREE char *text = jsonx_text(bare, 0);
        json_object_set_new(rows, text, json_true());
    }
    return jsonx_text(rows, 0);
}

/* null, "", {} and [] are all nothing. */
static bool is_nothing(const json_t *j)
{
    return !j || json_is_null(j) || (json_is_string(j) && !*json_string_value(j)) ||
           (json_is_object(j) && json_object_size(j) == 0) || (json_is_array(j) && json_array_size(j) == 0);
}

static bool same(const json_t *a, const json_t *b)
{
    return (is_nothing(a) && is_nothing(b)) || json_equal(a, b);
}

json_t *server_view_difference(const json_t *before, const json_t *after)
{
    AUTO_FREE char *old = schedules_text(before), *new = schedules_text(after);
    json_t *names = json_array();

    if (!same(jsonx_get(before, "global_concurrency_limit.limit"), jsonx_get(after, "global_concurrency_limit.limit")))
        json_array_append_new(names, json_string("concurrency_limit"));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        bool schedules = strcmp(fields[i], "schedules") == 0;
        if (schedules ? strcmp(old, new) != 0
                      : !same(json_object_get(before, fields[i]), json_object_get(after, fields[i])))
            json_array_append_new(names, json_string(fields[i]));
    }
    return names;
}

static bool has_schedule(const json_t *deployment, const char *id)
{
    size_t i;
    json_t *s;

    json_array_foreach (json_object_get(deployment, "schedules"), i, s)
        if (strcmp(jsonx_str(s, "id"), id) == 0)
            return true;
    return false;
}

json_t *server_view_orphans(const json_t *view, const json_t *runs)
{
    json_t *ids = json_array(), *run;
    size_t i;

    json_array_foreach (runs, i, run) {
        const json_t *of = server_view_by_id(view, jsonx_str(run, "deployment_id"));
        if (of && jsonx_bool(run, "auto_scheduled", false) && strcmp(jsonx_str(run, "state.type"), "SCHEDULED") == 0 &&
            strcmp(jsonx_str(run, "created_by.type"), "SCHEDULE") == 0 &&
            !has_schedule(of, jsonx_str(run, "created_by.id")))
            json_array_append_new(ids, json_string(jsonx_str(run, "id")));
    }
    return ids;
}

/* "Late" is a name of its own: a run that was due stays. */
int server_view_sweep(struct prefect_api *api, const json_t *view, const json_t *ids, size_t *ret_n, struct err *e)
{
    AUTO_JSON json_t *runs = json_array();
    AUTO_JSON json_t *filter =
        json_pack("{s:{s:{s:O}}, s:{s:{s:{s:[s]}, s:{s:[s]}}}}", "deployments", "id", "any_", ids, "flow_runs", "state",
                  "type", "any_", "SCHEDULED", "name", "any_", "Scheduled");
    size_t i;
    json_t *id;

    *ret_n = 0;
    if (json_array_size(ids) == 0)
        return 0;
    if (read_all(api, "/flow_runs/filter", filter, runs, e) < 0)
        return -1;
    AUTO_JSON json_t *orphans = server_view_orphans(view, runs);
    json_array_foreach (orphans, i, id) {
        AUTO_FREE char *path = xasprintf("/flow_runs/%s", json_string_value(id));
        int status = 0;
        if (prefect_api_call(api, "DELETE", path, NULL, &status, NULL, e) < 0)
            return -1;
        if (status != 204 && status != 404)
            return err_set(e, ERR_REMOTE, "Prefect API: DELETE %s: HTTP %d", path, status);
    }
    *ret_n = json_array_size(orphans);
    return 0;
}
