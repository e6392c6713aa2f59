/* The doctor's judgements over answers that Prefect 3.8.3 gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/doctor_checks.h"
#include "flow/flow_run_time.h"
#include "flow_run_api.h"

#define NOW "2026-11-21T07:30:00Z"

static int64_t now_us(void)
{
    return flow_run_time_us(NOW);
}

#define WORKER(time) "[{'name': 'w1', 'status': 'ONLINE', 'last_heartbeat_time': '" time "'}]"
#define READY        "{'status': 'READY', 'is_paused': false}"

/* ONLINE alone is not believed (PrefectHQ/prefect#22212). */
static void pools(void **state)
{
    static const struct {
        const char *pool, *workers;
        bool well;
        const char *says;
    } rows[] = {
        { READY, WORKER("2026-11-21T07:29:37.768520Z"), true, "'p' READY, worker 'w1' heard 22 s ago" },
        { READY, WORKER("2026-11-21T07:28:31Z"), true, "89 s ago" },
        { READY, WORKER("2026-11-21T07:28:30Z"), false, "last heard 90 s ago" },
        { READY, WORKER("2026-11-21T07:30:20Z"), true, "heard 0 s ago" }, /* its clock is ahead */
        { READY, "[]", false, "'p' has no worker" },
        { READY, "[{'name': 'w1', 'status': 'ONLINE', 'last_heartbeat_time': null}]", false, "has no worker" },
        { "{'status': 'NOT_READY'}", WORKER("2026-11-21T07:29:37Z"), false, "'p' is NOT_READY" },
        { "{'status': 'PAUSED', 'is_paused': true}", WORKER("2026-11-21T07:29:37Z"), false, "'p' is paused" },
        { NULL, "[]", false, "'p' does not exist" },
        { READY,
          "[{'name': 'old', 'last_heartbeat_time': '2026-11-20T07:28:31Z'},"
          " {'name': 'new', 'last_heartbeat_time': '2026-11-21T07:29:50Z'}]",
          true, "worker 'new' heard 10 s ago" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json_t *pool = rows[i].pool ? fake_json(rows[i].pool) : NULL, *workers = fake_json(rows[i].workers);
        char text[256];
        bool well = doctor_pool_well("p", pool, workers, now_us(), text);
        if (well != rows[i].well || !strstr(text, rows[i].says))
            fail_msg("row %zu: %s '%s', want '%s'", i, well ? "well" : "ill", text, rows[i].says);
    }
}

static void ages(void **state)
{
    AUTO_JSON json_t *run = fake_json("{'state': {'timestamp': '2026-11-21T07:20:00Z'}}"), *none = fake_json("{}");

    (void)state;
    assert_true(doctor_state_older(run, now_us(), 599));
    assert_false(doctor_state_older(run, now_us(), 600));
    assert_false(doctor_state_older(none, now_us(), 1));
}

static void orphans(void **state)
{
    static const struct {
        const char *run;
        bool orphan;
    } rows[] = {
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'created_by': {'id': 's1', 'type': 'SCHEDULE'}}", false },
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'created_by': {'id': 's9', 'type': 'SCHEDULE'}}", true },
        { "{'auto_scheduled': true, 'deployment_id': 'd9', 'created_by': {'id': 's1', 'type': 'SCHEDULE'}}", true },
        { "{'auto_scheduled': true, 'deployment_id': null}", true },
        { "{'auto_scheduled': false, 'deployment_id': 'd9'}", false }, /* somebody's own */
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'idempotency_key': 'scheduled d1 s1 2026-11-21'}", false },
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'idempotency_key': 'scheduled d1 s9 2026-11-21'}", true },
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'idempotency_key': 'mine'}", false },
        { "{'auto_scheduled': true, 'deployment_id': 'd1', 'created_by': {'id': 'u1', 'type': 'USER'}}", false },
        { "{'auto_scheduled': true, 'deployment_id': 'd2', 'created_by': {'id': 's1', 'type': 'SCHEDULE'}}", true },
    };

    AUTO_JSON json_t *deployments = fake_json("{'d1': {'schedules': [{'id': 's0'}, {'id': 's1'}]}, 'd2': {}}");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json_t *run = fake_json(rows[i].run);
        if (doctor_orphan(run, deployments) != rows[i].orphan)
            fail_msg("%s: want %d", rows[i].run, rows[i].orphan);
    }
}

#define OLD    "'updated': '2026-11-21T07:00:00Z'"
#define RECENT "'updated': '2026-11-21T07:29:00Z'"

static void slots(void **state)
{
    static const struct {
        const char *limit, *active;
        int64_t lost;
    } rows[] = {
        { "{'name': 'db', 'active_slots': 2, " OLD "}", "[]", 2 },
        { "{'name': 'db', 'active_slots': 2, " OLD "}", "[{'deployment_id': 'd1'}]", 0 },
        { "{'name': 'db', 'active_slots': 0, " OLD "}", "[]", 0 },
        { "{'name': 'db', 'active_slots': 2, " RECENT "}", "[]", 0 }, /* a lease may still end */
        { "{'name': 'db', 'active_slots': 2, 'slot_decay_per_second': 0.1, " OLD "}", "[]", 0 },
        { "{'name': 'deployment:d1', 'active_slots': 3, " OLD "}", "[{'deployment_id': 'd1'}, {'deployment_id': 'd2'}]",
          2 },
        { "{'name': 'deployment:d1', 'active_slots': 1, " OLD "}", "[{'deployment_id': 'd1'}]", 0 },
        { "{'name': 'deployment:d1', 'active_slots': 1, " OLD "}", "[{'deployment_id': 'd2'}]", 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json_t *limit = fake_json(rows[i].limit), *active = fake_json(rows[i].active);
        int64_t got = doctor_lost_slots(limit, active, now_us());
        if (got != rows[i].lost)
            fail_msg("%s with %s: %lld, want %lld", rows[i].limit, rows[i].active, (long long)got,
                     (long long)rows[i].lost);
    }
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } rows[] = {
        { "P7D", 604800 }, { "P1W", 604800 },   { "P1DT12H", 129600 }, { "PT15M", 900 },
        { "PT0S", 0 },     { "P90D", 7776000 }, { "PT1H30M", 5400 },   { "P", -1 },
        { "", -1 },        { "7 days", -1 },    { "P7", -1 },          { "PT1D", -1 },
        { "P1M", -1 },     { "PT1.5S", -1 },    { "P7DT", 604800 },    { "PTT1S", -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (doctor_duration_s(rows[i].text) != rows[i].s)
            fail_msg("'%s': %lld, want %lld", rows[i].text, (long long)doctor_duration_s(rows[i].text),
                     (long long)rows[i].s);
}

static void automations(void **state)
{
    AUTO_JSON json_t *all =
        fake_json("[{'enabled': true, 'trigger': {'type': 'event', 'after': ['prefect.flow-run.Pending'],"
                  "  'expect': ['prefect.flow-run.Running']}},"
                  " {'enabled': false, 'trigger': {'after': ['prefect.flow-run.heartbeat']}},"
                  " {'enabled': true, 'trigger': {'type': 'compound', 'triggers':"
                  "  [{'expect': ['prefect.flow-run.Late']}]}}]");
    AUTO_JSON json_t *none = json_array();

    (void)state;
    assert_true(doctor_automation(all, "prefect.flow-run.Pending"));
    assert_true(doctor_automation(all, "prefect.flow-run.Late"));
    assert_false(doctor_automation(all, "prefect.flow-run.heartbeat")); /* switched off */
    assert_false(doctor_automation(all, "prefect.flow-run.Cancelled"));
    assert_false(doctor_automation(none, "prefect.flow-run.Pending"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools), cmocka_unit_test(ages),      cmocka_unit_test(orphans),
        cmocka_unit_test(slots), cmocka_unit_test(durations), cmocka_unit_test(automations),
    };

    return cmocka_run_group_tests_name("flow/doctor_judge", tests, NULL, NULL);
}
