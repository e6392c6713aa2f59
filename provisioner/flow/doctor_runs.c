#include "app/runtime.h"
#include "app/server_address.h"
#include "app/worker_online.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

#define PAGE            200
#define MAX_PAGES       10
#define PENDING_MIN     10  /* minutes, when the spec has no automation for it */
#define STARTING_S      60  /* a run that has just begun may not be seen yet */
#define FINISHED_S      600 /* Jobs that have finished stay for 5 minutes, for their logs */
#define LEFTOVERS_LIMIT 25

static int runs_in(struct doctor *d, const char *types, const char *sort, int limit, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *list = json_loads(types, 0, NULL);
    AUTO_JSON json_t *body = json_pack("{s:{s:{s:{s:O}}}, s:s, s:i}", "flow_runs", "state", "type", "any_", list,
                                       "sort", sort, "limit", limit);

    return prefect_api_ok(d->api, "POST", "/flow_runs/filter", body, ret, e);
}

/* Only a pool that nobody else serves says that what is not here is nowhere. */
static int served_here_only(struct doctor *d, const char *pool, struct err *e)
{
    const struct spec *spec = d->run->spec;
    AUTO_JSON json_t *workers = NULL;
    int64_t online = 0;
    bool ours = false;
    size_t i;
    json_t *w;

    for (i = 0; i < spec->prefect.n_work_pools; i++)
        ours = ours || strcmp(spec->prefect.work_pools[i].name, pool) == 0;
    if (!ours || server_is_ours(spec))
        return ours;
    if (worker_list(d->api, pool, &workers, e) < 0)
        return -1;
    json_array_foreach (workers, i, w)
        online += strcmp(jsonx_str(w, "status"), "ONLINE") == 0;
    return online <= spec->prefect.worker.replicas;
}

static void add_run(struct finding *f, const json_t *run)
{
    json_array_append_new(f->items, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", jsonx_str(run, "id"), "name",
                                              jsonx_str(run, "name"), "state", jsonx_str(run, "state.name"), "state_id",
                                              jsonx_str(run, "state.id"), "since", jsonx_str(run, "state.timestamp")));
}

/* "3 runs WHAT: amber-crab, ..." */
static void say_runs(struct finding *f, const char *what)
{
    size_t n = json_array_size(f->items), i, used;
    json_t *item;

    (void)snprintf(f->detail, sizeof(f->detail), "%zu run%s %s:", n, n == 1 ? "" : "s", what);
    json_array_foreach (f->items, i, item) {
        used = strlen(f->detail);
        (void)snprintf(f->detail + used, sizeof(f->detail) - used, "%s '%.40s'", i ? "," : "", jsonx_str(item, "name"));
        if (i == 4 && n > 5) {
            used = strlen(f->detail);
            (void)snprintf(f->detail + used, sizeof(f->detail) - used, ", ...");
            break;
        }
    }
}

static int nothing_carries(struct doctor *d, const char *types, int64_t older_s, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *runs = NULL;
    size_t i;
    json_t *run;

    if (runs_in(d, types, "EXPECTED_START_TIME_ASC", PAGE, &runs, e) < 0)
        return -1;
    json_array_foreach (runs, i, run) {
        if (!doctor_state_older(run, d->now_us, older_s))
            continue;
        int here = served_here_only(d, jsonx_str(run, "work_pool_name"), e);
        int carried = here > 0 ? runtime_of(d->run)->carries_run(d->run, jsonx_str(run, "id"), e) : 1;
        if (here < 0 || carried < 0)
            return -1;
        if (!carried)
            add_run(f, run);
    }
    return 0;
}

int doctor_look_pending(struct doctor *d, struct finding *f, struct err *e)
{
    int64_t minutes = d->run->spec->prefect.automations.pending_min;
    char what[80];

    minutes = minutes ? minutes : PENDING_MIN;
    if (nothing_carries(d, "[\"PENDING\"]", minutes * 60, f, e) < 0)
        return -1;
    (void)snprintf(what, sizeof(what), "PENDING for more than %lld min, carried by nothing", (long long)minutes);
    if (json_array_size(f->items))
        say_runs(f, what);
    else
        (void)snprintf(f->detail, sizeof(f->detail), "none stuck");
    return json_array_size(f->items) == 0;
}

int doctor_look_running(struct doctor *d, struct finding *f, struct err *e)
{
    if (nothing_carries(d, "[\"RUNNING\", \"CANCELLING\"]", STARTING_S, f, e) < 0)
        return -1;
    if (json_array_size(f->items))
        say_runs(f, "RUNNING, carried by nothing");
    else
        (void)snprintf(f->detail, sizeof(f->detail), "each is carried by something");
    return json_array_size(f->items) == 0;
}

/* Unless the run has moved since it was looked at. */
static int crash(struct doctor *d, const json_t *item, struct err *e)
{
    const char *id = jsonx_str(item, "id");
    AUTO_FREE char *path = xasprintf("/flow_runs/%s", id);
    AUTO_FREE char *set = xasprintf("/flow_runs/%s/set_state", id);
    AUTO_JSON json_t *now = NULL, *answer = NULL;
    AUTO_JSON json_t *body =
        json_pack("{s:{s:s, s:s, s:s}, s:b}", "state", "type", "CRASHED", "name", "Crashed", "message",
                  "slipway doctor: no process, pod or Job carries this run any more", "force", 1);

    if (prefect_api_ok(d->api, "GET", path, NULL, &now, e) < 0)
        return -1;
    if (strcmp(jsonx_str(now, "state.id"), jsonx_str(item, "state_id")) != 0)
        return 0;
    if (prefect_api_ok(d->api, "POST", set, body, &answer, e) < 0)
        return -1;
    if (strcmp(jsonx_str(answer, "status"), "ACCEPT") != 0)
        return err_set(e, ERR_REMOTE, "run '%s': the server answers %s: %.200s", jsonx_str(item, "name"),
                       jsonx_str(answer, "status"), jsonx_str(answer, "details.reason"));
    return 0;
}

int doctor_mend_crash(struct doctor *d, struct finding *f, struct err *e)
{
    size_t i;
    json_t *item;

    json_array_foreach (f->items, i, item)
        if (crash(d, item, e) < 0)
            return -1;
    return 0;
}

int doctor_look_leftovers(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *runs = NULL;
    size_t i;
    json_t *run;

    if (runs_in(d, "[\"CANCELLED\", \"CRASHED\", \"FAILED\", \"COMPLETED\"]", "END_TIME_DESC", LEFTOVERS_LIMIT, &runs,
                e) < 0)
        return -1;
    json_array_foreach (runs, i, run) {
        if (!*jsonx_str(run, "work_pool_name") || !doctor_state_older(run, d->now_us, FINISHED_S))
            continue;
        int carried = runtime_of(d->run)->carries_run(d->run, jsonx_str(run, "id"), e);
        if (carried < 0)
            return -1;
        if (carried)
            add_run(f, run);
    }
    if (json_array_size(f->items))
        say_runs(f, "ended, yet still occupying the machine");
    else
        (void)snprintf(f->detail, sizeof(f->detail), "none of the last %d runs left anything", LEFTOVERS_LIMIT);
    return json_array_size(f->items) == 0;
}

int doctor_mend_leftovers(struct doctor *d, struct finding *f, struct err *e)
{
    size_t i;
    json_t *item;

    json_array_foreach (f->items, i, item)
        if (runtime_of(d->run)->remove_run(d->run, jsonx_str(item, "id"), e) < 0)
            return -1;
    return 0;
}

/* On a server that others use too, the runs of our pools. */
static void only_our_pools(const struct spec *spec, json_t *body)
{
    json_t *names = json_array();

    for (size_t i = 0; i < spec->prefect.n_work_pools; i++)
        json_array_append_new(names, json_string(spec->prefect.work_pools[i].name));
    json_object_set_new(body, "work_pools", json_pack("{s:{s:o}}", "name", "any_", names));
}

int doctor_look_late(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *body = json_pack("{s:{s:{s:{s:[s]}}}, s:s, s:i}", "flow_runs", "state", "name", "any_", "Late",
                                       "sort", "EXPECTED_START_TIME_ASC", "limit", PAGE);
    AUTO_JSON json_t *runs = NULL;
    char what[80];
    size_t i;
    json_t *run;

    if (!server_is_ours(d->run->spec))
        only_our_pools(d->run->spec, body);
    if (prefect_api_ok(d->api, "POST", "/flow_runs/filter", body, &runs, e) < 0)
        return -1;
    json_array_foreach (runs, i, run)
        add_run(f, run);
    (void)snprintf(f->detail, sizeof(f->detail), "none");
    if (i == 0)
        return 1;
    double oldest = json_number_value(json_object_get(json_array_get(runs, 0), "estimated_start_time_delta"));
    (void)snprintf(what, sizeof(what), "late, the oldest by %.0f s", oldest);
    say_runs(f, what);
    return 0;
}

/* {id: deployment} of the runs. */
static int deployments_of(struct doctor *d, const json_t *runs, json_t *ret, struct err *e)
{
    AUTO_JSON json_t *ids = json_object();
    size_t i, offset = 0;
    json_t *one;

    json_array_foreach (runs, i, one)
        if (*jsonx_str(one, "deployment_id"))
            json_object_set_new(ids, jsonx_str(one, "deployment_id"), json_true());
    AUTO_JSON json_t *wanted = json_array();
    const char *id;
    json_object_foreach (ids, id, one)
        json_array_append_new(wanted, json_string(id));
    for (size_t have = PAGE; json_array_size(wanted) && have == PAGE; offset += PAGE) {
        AUTO_JSON json_t *page = NULL;
        AUTO_JSON json_t *body = json_pack("{s:{s:{s:O}}, s:i, s:i}", "deployments", "id", "any_", wanted, "limit",
                                           PAGE, "offset", (int)offset);
        if (prefect_api_ok(d->api, "POST", "/deployments/filter", body, &page, e) < 0)
            return -1;
        json_array_foreach (page, i, one)
            json_object_set(ret, jsonx_str(one, "id"), one);
        have = json_array_size(page);
    }
    return 0;
}

int doctor_look_orphans(struct doctor *d, struct finding *f, struct err *e)
{
    size_t have = PAGE, i;
    json_t *run;

    for (int page = 0; page < MAX_PAGES && have == PAGE; page++) {
        AUTO_JSON json_t *runs = NULL, *deployments = json_object();
        AUTO_JSON json_t *body =
            json_pack("{s:{s:{s:{s:[s]}}}, s:s, s:i, s:i}", "flow_runs", "state", "type", "any_", "SCHEDULED", "sort",
                      "NEXT_SCHEDULED_START_TIME_ASC", "limit", PAGE, "offset", page * PAGE);
        if (prefect_api_ok(d->api, "POST", "/flow_runs/filter", body, &runs, e) < 0 ||
            deployments_of(d, runs, deployments, e) < 0)
            return -1;
        json_array_foreach (runs, i, run)
            if (doctor_orphan(run, deployments))
                add_run(f, run);
        have = json_array_size(runs);
    }
    if (json_array_size(f->items))
        say_runs(f, "scheduled by a schedule that is gone");
    else
        (void)snprintf(f->detail, sizeof(f->detail), "each scheduled run has its schedule");
    return json_array_size(f->items) == 0;
}

int doctor_mend_orphans(struct doctor *d, struct finding *f, struct err *e)
{
    size_t i;
    json_t *item;

    json_array_foreach (f->items, i, item) {
        AUTO_FREE char *path = xasprintf("/flow_runs/%s", jsonx_str(item, "id"));
        int status = 0;
        if (prefect_api_call(d->api, "DELETE", path, NULL, &status, NULL, e) < 0)
            return -1;
        if (status != 404 && (status < 200 || status > 299))
            return err_set(e, ERR_REMOTE, "delete run '%s': HTTP %d", jsonx_str(item, "name"), status);
    }
    return 0;
}
