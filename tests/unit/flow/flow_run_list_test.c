/* The list of runs: rows, lateness, counts, and a table that fits 120 columns whatever the names are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_run_list.h"
#include "flow_run_api.h"

/* As POST /flow_runs/filter of Prefect 3.8.3 has them, without what is not used. */
static const char recorded[] =
    "[{'id': 'c11fd7f7-07b8-4def-a3c2-b36a1c50cb21', 'name': 'fuzzy-mouse', 'flow_id': 'f2', 'deployment_id': 'd2',"
    "  'state': {'type': 'SCHEDULED', 'name': 'Late', 'message': null}, 'tags': [],"
    "  'expected_start_time': '2026-11-21T07:27:37.753621Z', 'start_time': null, 'end_time': null,"
    "  'estimated_run_time': 0.0, 'estimated_start_time_delta': 25.048101, 'work_pool_name': 'empty',"
    "  'work_queue_name': 'default'},"
    " {'id': 'b372fc45-7b1f-4426-999c-e04aa745e199', 'name': 'outgoing-grebe', 'flow_id': 'f1', 'deployment_id': 'd1',"
    "  'state': {'type': 'COMPLETED', 'name': 'Completed', 'message': null}, 'tags': ['a'],"
    "  'expected_start_time': '2026-11-21T07:27:37.622055Z', 'start_time': '2026-11-21T07:27:45.960604Z',"
    "  'end_time': '2026-11-21T07:27:46.945822Z', 'estimated_run_time': 0.985218,"
    "  'estimated_start_time_delta': 8.338549, 'work_pool_name': 'local', 'work_queue_name': 'default'},"
    " {'id': 'b372fc46-7b1f-4426-999c-e04aa745e199', 'name': 'by-hand', 'flow_id': 'f1', 'deployment_id': null,"
    "  'state': {'type': 'RUNNING', 'name': 'Running'}, 'expected_start_time': '2026-11-21T07:27:36Z',"
    "  'start_time': '2026-11-21T07:27:36Z', 'end_time': null, 'estimated_run_time': 125.2,"
    "  'estimated_start_time_delta': -1.0, 'work_pool_name': null, 'work_queue_name': null}]";

static json_t *last_filter;

static int server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    static const struct {
        const char *state;
        int n;
    } counts[] = { { "Late", 2 }, { "SCHEDULED", 5 }, { "PENDING", 1 }, { "RUNNING", 3 } };

    assert_string_equal(method, "POST");
    if (strcmp(path, "/flow_runs/filter") == 0) {
        json_decref(last_filter);
        last_filter = json_deep_copy(body);
        *ret = fake_json(recorded);
    } else if (strcmp(path, "/flows/filter") == 0)
        *ret = fake_json("[{'id': 'f1', 'name': 'etl'}, {'id': 'f2', 'name': 'slow'}]");
    else if (strcmp(path, "/deployments/filter") == 0)
        *ret = fake_json("[{'id': 'd1', 'name': 'daily'}, {'id': 'd2', 'name': 'nobody'}]");
    else {
        assert_string_equal(path, "/flow_runs/count");
        const char *type = jsonx_str(body, "flow_runs.state.type.any_.0");
        const char *name = jsonx_str(body, "flow_runs.state.name.any_.0");
        for (size_t i = 0; i < ARRAY_LEN(counts); i++)
            if (strcmp(counts[i].state, type) == 0 || (!*type && strcmp(counts[i].state, name) == 0))
                *ret = json_integer(counts[i].n);
    }
    return 200;
}

static void listed(void **state)
{
    const struct flow_run_query q = { NULL, 20, INT64_C(1795246066000000) };
    AUTO_JSON json_t *list = NULL;
    AUTO_SBUF struct sbuf table = SBUF_INIT(64 << 10);
    struct err e = ERR_INIT;

    (void)state;
    fake_answer = server;
    assert_int_equal(flow_run_list(NULL, &q, &list, &e), 0);
    assert_string_equal(jsonx_str(list, "runs.0.deployment"), "nobody");
    assert_string_equal(jsonx_str(list, "runs.0.flow"), "slow");
    assert_true(json_is_null(jsonx_get(list, "runs.0.start")));
    assert_true(json_real_value(jsonx_get(list, "runs.0.lateness_s")) > 25.04);
    assert_true(json_real_value(jsonx_get(list, "runs.2.lateness_s")) == 0);
    assert_string_equal(jsonx_str(list, "runs.1.tags.0"), "a");
    assert_int_equal(jsonx_int(list, "counts.late", -1), 2);
    assert_int_equal(jsonx_int(list, "counts.scheduled", -1), 5);
    flow_run_table(list, &table);
    assert_string_equal(table.data,
                        "ID        FLOW/DEPLOYMENT                NAME                  STATE        SCHEDULED      "
                        "  LATE s   TIME s  POOL\n"
                        "c11fd7f7  slow/nobody                    fuzzy-mouse           Late         11-21 07:27:37 "
                        "    25.0        -  empty\n"
                        "b372fc45  etl/daily                      outgoing-grebe        Completed    11-21 07:27:37 "
                        "     8.3      1.0  local\n"
                        "b372fc46  etl                            by-hand               Running      11-21 07:27:36 "
                        "       -      125  \n"
                        "3 shown; 2 LATE, 5 scheduled, 1 pending, 3 running\n");
    /* What is due a minute from now is news, what is scheduled for later is not. */
    assert_string_equal(jsonx_str(last_filter, "flow_runs.operator"), "or_");
    assert_string_equal(jsonx_str(last_filter, "flow_runs.state.type.not_any_.0"), "SCHEDULED");
    assert_string_equal(jsonx_str(last_filter, "flow_runs.expected_start_time.before_"), "2026-11-21T07:28:46.000000Z");
}

static void states(void **state)
{
    static const struct {
        const char *word, *path, *want, *sort;
    } rows[] = {
        { "late", "flow_runs.state.name.any_.0", "Late", "EXPECTED_START_TIME_DESC" },
        { "scheduled", "flow_runs.state.type.any_.0", "SCHEDULED", "NEXT_SCHEDULED_START_TIME_ASC" },
        { "scheduled", "flow_runs.state.name.not_any_.0", "Late", "NEXT_SCHEDULED_START_TIME_ASC" },
        { "failed", "flow_runs.state.type.any_.0", "FAILED", "EXPECTED_START_TIME_DESC" },
        { "cancelled", "flow_runs.state.type.any_.1", "CANCELLING", "EXPECTED_START_TIME_DESC" },
    };
    struct err e = ERR_INIT;

    (void)state;
    fake_answer = server;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct flow_run_query q = { rows[i].word, 3, 0 };
        AUTO_JSON json_t *list = NULL;
        assert_int_equal(flow_run_state_check(rows[i].word, &e), 0);
        assert_int_equal(flow_run_list(NULL, &q, &list, &e), 0);
        assert_string_equal(jsonx_str(last_filter, rows[i].path), rows[i].want);
        assert_string_equal(jsonx_str(last_filter, "sort"), rows[i].sort);
        assert_int_equal(jsonx_int(last_filter, "limit", 0), 3);
    }
    assert_int_equal(flow_run_state_check("runnin", &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.hint, "did you mean --state running?");
}

static size_t columns(const char *line)
{
    size_t n = 0;

    for (; *line && *line != '\n'; line++)
        n += ((unsigned char)*line & 0xC0) != 0x80;
    return n;
}

static void fits(void **state)
{
    AUTO_JSON json_t *list = fake_json(
        "{'runs': [{'id': '01a1fd00-e896-7394-8608-27a401733937', 'flow': "
        "'a-flow-with-a-very-long-name-indeed-that-goes',"
        "'deployment': 'and-a-deployment-too', 'name': "
        "'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
        "\xa9',"
        "'state': 'AwaitingConcurrencySlot', 'expected_start': '2026-11-21T07:27:37.753621Z', 'lateness_s': 123456.7,"
        "'duration_s': 99.96, 'pool': 'a-pool-of-some-length'},"
        "{'id': '01a1fd00-e896-7395-8608-27a401733937', 'flow': 'bell\\u0007', 'deployment': '', 'name': 'x', 'state':"
        "'Late', 'expected_start': '', 'lateness_s': 0, 'duration_s': 0, 'pool': ''}], 'counts': {}}");
    AUTO_SBUF struct sbuf table = SBUF_INIT(64 << 10);

    (void)state;
    flow_run_table(list, &table);
    for (const char *line = table.data; *line; line = strchr(line, '\n') + 1)
        if (columns(line) > 120)
            fail_msg("%zu columns: %s", columns(line), line);
    /* Ids that begin alike are shown until they differ. */
    assert_non_null(strstr(table.data, "\n01a1fd00-e896-7394  a-flow"));
    assert_non_null(strstr(table.data, "\n01a1fd00-e896-7395  bell\\x07"));
    assert_non_null(strstr(table.data, "2 shown; 0 late, "));
}

static int done(void **state)
{
    (void)state;
    json_decref(last_filter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed),
        cmocka_unit_test(states),
        cmocka_unit_test(fits),
    };

    return cmocka_run_group_tests_name("flow/flow_run_list", tests, NULL, done);
}
