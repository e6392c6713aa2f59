/* Differences between two states of a deployment, and runs without a schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/jsonx.h"
#include "core/util.h"
#include "flow/server_view.h"
#include <string.h>

static json_t *parse(const char *text)
{
    struct err e = ERR_INIT;
    json_t *j = jsonx_parse(text, strlen(text), "test", &e);

    if (!j)
        fail_msg("%s: %s", text, e.msg);
    return j;
}

static void differences(void **state)
{
    static const struct {
        const char *name, *before, *after, *want;
    } cases[] = {
        { "same", "{\"tags\": [\"a\"]}", "{\"tags\": [\"a\"]}", "[]" },
        { "what the server counts", "{\"id\": \"1\", \"updated\": \"x\", \"status\": \"READY\", \"last_polled\": 1}",
          "{\"id\": \"1\", \"updated\": \"y\", \"status\": \"NOT_READY\", \"last_polled\": 2}", "[]" },
        { "nothing in four ways", "{\"description\": null, \"tags\": [], \"parameters\": {}}",
          "{\"description\": \"\", \"job_variables\": {}}", "[]" },
        { "several, by name", "{\"version\": \"1\", \"parameters\": {\"a\": 1}}",
          "{\"version\": \"2\", \"parameters\": {\"a\": 2}}", "[\"parameters\",\"version\"]" },
        { "limit", "{\"global_concurrency_limit\": {\"id\": \"x\", \"limit\": 1, \"active_slots\": 1}}",
          "{\"global_concurrency_limit\": {\"id\": \"x\", \"limit\": 2, \"active_slots\": 1}}",
          "[\"concurrency_limit\"]" },
        { "slots in use", "{\"global_concurrency_limit\": {\"limit\": 1, \"active_slots\": 1}}",
          "{\"global_concurrency_limit\": {\"limit\": 1, \"active_slots\": 0}}", "[]" },
        { "schedules made anew in another order",
          "{\"schedules\": [{\"id\": \"1\", \"slug\": \"a\", \"schedule\": {\"cron\": \"0 0 * * *\"}},"
          " {\"id\": \"2\", \"slug\": \"b\", \"schedule\": {\"interval\": 60}}]}",
          "{\"schedules\": [{\"id\": \"3\", \"slug\": \"b\", \"schedule\": {\"interval\": 60}},"
          " {\"id\": \"4\", \"slug\": \"a\", \"schedule\": {\"cron\": \"0 0 * * *\"}}]}",
          "[]" },
        { "schedule off", "{\"schedules\": [{\"slug\": \"a\", \"active\": true}]}",
          "{\"schedules\": [{\"slug\": \"a\", \"active\": false}]}", "[\"schedules\"]" },
        { "schedule gone", "{\"schedules\": [{\"slug\": \"a\"}]}", "{\"schedules\": []}", "[\"schedules\"]" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *before = parse(cases[i].before), *after = parse(cases[i].after);
        AUTO_JSON json_t *got = server_view_difference(before, after);
        AUTO_FREE char *text = jsonx_text(got, 0);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s: got %s, want %s", cases[i].name, text, cases[i].want);
    }
}

/* A run as the server has it. */
static void add_run(json_t *runs, const char *id, const char *deployment, const char *type, const char *by,
                    const char *schedule)
{
    json_array_append_new(runs, json_pack("{s:s, s:s, s:b, s:{s:s}, s:{s:s, s:s}}", "id", id, "deployment_id",
                                          deployment, "auto_scheduled", strcmp(by, "SCHEDULE") == 0, "state", "type",
                                          type, "created_by", "type", by, "id", schedule));
}

static void orphans(void **state)
{
    AUTO_JSON json_t *view = parse("[{\"id\": \"d1\", \"schedules\": [{\"id\": \"s1\"}]}, {\"id\": \"d2\"}]");
    AUTO_JSON json_t *runs = json_array();

    (void)state;
    add_run(runs, "kept", "d1", "SCHEDULED", "SCHEDULE", "s1");
    add_run(runs, "old", "d1", "SCHEDULED", "SCHEDULE", "s0");
    add_run(runs, "none", "d2", "SCHEDULED", "SCHEDULE", "s1");
    add_run(runs, "by hand", "d1", "SCHEDULED", "USER", "s0");
    add_run(runs, "running", "d1", "RUNNING", "SCHEDULE", "s0");
    add_run(runs, "of another deployment", "d9", "SCHEDULED", "SCHEDULE", "s0");
    AUTO_JSON json_t *got = server_view_orphans(view, runs);
    AUTO_FREE char *text = jsonx_text(got, 0);
    assert_string_equal(text, "[\"old\",\"none\"]");
}

static void find(void **state)
{
    AUTO_JSON json_t *view = parse("[{\"id\": \"1\", \"flow_name\": \"f\", \"name\": \"a\"},"
                                   " {\"id\": \"2\", \"flow_name\": \"g\", \"name\": \"a\"}]");

    (void)state;
    assert_string_equal(jsonx_str(server_view_find(view, "g", "a"), "id"), "2");
    assert_null(server_view_find(view, "h", "a"));
    assert_string_equal(jsonx_str(server_view_by_id(view, "1"), "flow_name"), "f");
    assert_null(server_view_by_id(view, "3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test(orphans),
        cmocka_unit_test(find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
