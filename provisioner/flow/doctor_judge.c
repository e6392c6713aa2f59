#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include "flow/flow_run_time.h"
#include <stdio.h>
#include <string.h>

#define LEASE_US 300000000 /* how long a slot may be held without a renewal */

static int64_t newest_heartbeat(const json_t *workers, const char **ret_name)
{
    int64_t newest = -1;
    size_t i;
    json_t *w;

    json_array_foreach (workers, i, w) {
        int64_t us = flow_run_time_us(jsonx_str(w, "last_heartbeat_time"));
        if (us > newest) {
            newest = us;
            *ret_name = jsonx_str(w, "name");
        }
    }
    return newest;
}

bool doctor_pool_well(const char *name, const json_t *pool, const json_t *workers, int64_t now_us, char ret[static 256])
{
    const char *status = jsonx_str(pool, "status"), *worker = "";
    int64_t beat = newest_heartbeat(workers, &worker);
    int64_t age = beat < 0 ? -1 : (now_us - beat) / 1000000;

    age = beat >= 0 && age < 0 ? 0 : age;
    if (!pool)
        (void)snprintf(ret, 256, "'%.80s' does not exist", name);
    else if (jsonx_bool(pool, "is_paused", false))
        (void)snprintf(ret, 256, "'%.80s' is paused", name);
    else if (age < 0)
        (void)snprintf(ret, 256, "'%.80s' has no worker", name);
    else if (age >= DOCTOR_HEARTBEAT_S)
        (void)snprintf(ret, 256, "'%.80s': worker '%.60s' was last heard %lld s ago", name, worker, (long long)age);
    else if (strcmp(status, "READY") != 0)
        (void)snprintf(ret, 256, "'%.80s' is %.40s", name, status);
    else {
        (void)snprintf(ret, 256, "'%.80s' READY, worker '%.60s' heard %lld s ago", name, worker, (long long)age);
        return true;
    }
    return false;
}

bool doctor_state_older(const json_t *run, int64_t now_us, int64_t s)
{
    int64_t since = flow_run_time_us(jsonx_str(run, "state.timestamp"));

    return since >= 0 && now_us - since > s * 1000000;
}

/* "scheduled DEPLOYMENT SCHEDULE TIME" */
static bool key_names(const char *key, const char *schedule)
{
    const char *second = strncmp(key, "scheduled ", 10) == 0 ? strchr(key + 10, ' ') : NULL;

    return second && strncmp(second + 1, schedule, strlen(schedule)) == 0;
}

bool doctor_orphan(const json_t *run, const json_t *deployments)
{
    const json_t *deployment = json_object_get(deployments, jsonx_str(run, "deployment_id"));
    const char *by = strcmp(jsonx_str(run, "created_by.type"), "SCHEDULE") == 0 ? jsonx_str(run, "created_by.id") : "";
    const char *key = jsonx_str(run, "idempotency_key");
    size_t i;
    json_t *s;

    if (!jsonx_bool(run, "auto_scheduled", false))
        return false;
    if (!deployment)
        return true;
    if (!*by && strncmp(key, "scheduled ", 10) != 0)
        return false; /* nothing says which schedule made it */
    json_array_foreach (json_object_get(deployment, "schedules"), i, s) {
        const char *id = jsonx_str(s, "id");
        if (*by ? strcmp(by, id) == 0 : key_names(key, id))
            return false;
    }
    return true;
}

int64_t doctor_lost_slots(const json_t *limit, const json_t *active, int64_t now_us)
{
    const char *name = jsonx_str(limit, "name");
    const char *deployment = strncmp(name, "deployment:", 11) == 0 ? name + 11 : NULL;
    double used = json_number_value(json_object_get(limit, "active_slots"));
    int64_t holders = 0;
    size_t i;
    json_t *run;

    /* Slots that decay come back by themselves; others when their lease ends. */
    int64_t changed = flow_run_time_us(jsonx_str(limit, "updated"));
    if (json_number_value(json_object_get(limit, "slot_decay_per_second")) > 0 || now_us - changed < LEASE_US)
        return 0;
    json_array_foreach (active, i, run)
        holders += !deployment || strcmp(jsonx_str(run, "deployment_id"), deployment) == 0;
    if (deployment)
        return (int64_t)used > holders ? (int64_t)used - holders : 0;
    /* A run may hold any number of slots of a global limit: only with no run at all they are lost for sure. */
    return holders == 0 ? (int64_t)used : 0;
}

int64_t doctor_duration_s(const char *text)
{
    static const struct {
        bool time;
        char unit;
        int64_t s;
    } units[] = {
        { false, 'W', 604800 }, { false, 'D', 86400 }, { true, 'H', 3600 }, { true, 'M', 60 }, { true, 'S', 1 }
    };

    int64_t sum = 0, n = -1;
    bool time = false;

    if (*text++ != 'P' || !*text)
        return -1;
    for (; *text; text++) {
        if (*text >= '0' && *text <= '9' && n < INT64_C(1000000000)) {
            n = (n < 0 ? 0 : n) * 10 + (*text - '0');
            continue;
        }
        if (*text == 'T' && !time && n < 0) {
            time = true;
            continue;
        }
        size_t i = 0;
        while (i < ARRAY_LEN(units) && (units[i].unit != *text || units[i].time != time))
            i++;
        if (i == ARRAY_LEN(units) || n < 0)
            return -1;
        sum += n * units[i].s;
        n = -1;
    }
    return n < 0 ? sum : -1;
}

/* Is `event` in a list of this key, anywhere in the trigger? Triggers may hold triggers. */
static bool watches(const json_t *trigger, const char *event)
{
    static const char *const lists[] = { "after", "expect" };
    size_t i;
    json_t *one;

    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        json_array_foreach (json_object_get(trigger, lists[l]), i, one)
            if (json_is_string(one) && strcmp(json_string_value(one), event) == 0)
                return true;
    }
    json_array_foreach (json_object_get(trigger, "triggers"), i, one)
        if (watches(one, event))
            return true;
    return false;
}

bool doctor_automation(const json_t *automations, const char *event)
{
    size_t i;
    json_t *a;

    json_array_foreach (automations, i, a)
        if (jsonx_bool(a, "enabled", false) && watches(json_object_get(a, "trigger"), event))
            return true;
    return false;
}
