/* API lines and what the process printed made one log; both recorded from Prefect 3.8.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_run_log.h"
#include "flow/flow_run_time.h"
#include "flow_run_api.h"

#define START INT64_C(1795246065960604) /* 07:27:45.960604 */

static json_t *api_lines(void)
{
    return fake_json("[{'timestamp': '2026-11-21T07:27:45.997631Z', 'level': 'INFO', 'message': 'day 2026-01-01',"
                     "  'source': 'api'},"
                     " {'timestamp': '2026-11-21T07:27:46.020100Z', 'level': 'INFO', 'message': 'Finished in state "
                     "Completed()', 'source': 'api'},"
                     " {'timestamp': '2026-11-21T07:27:46.020900Z', 'level': 'INFO', 'message': 'Finished in state "
                     "Completed()', 'source': 'api'},"
                     " {'timestamp': '2026-11-21T07:27:46.935702Z', 'level': 'WARNING', 'message': 'multi\\nline',"
                     "  'source': 'api'}]");
}

/* What each row prints, and the log made of it: '=' before an API line, '+' before a printed one, by message. */
static const struct {
    const char *name, *output, *want;
} cases[] = {
    { "nothing printed", "",
      "=day 2026-01-01|=Finished in state Completed()|=Finished in state Completed()|=multi\nline" },
    { "all of it printed, and one line of its own",
      "07:27:45.997 | INFO    | Flow run 'outgoing-grebe' - day 2026-01-01\nplain print\n"
      "07:27:46.020 | INFO    | Task run 'step-75e' - Finished in state Completed()\n"
      "07:27:46.020 | INFO    | Task run 'step-b5b' - Finished in state Completed()\n"
      "07:27:46.935 | WARNING | Flow run 'outgoing-grebe' - multi\nline\n",
      "=day 2026-01-01|+plain print|=Finished in state Completed()|=Finished in state Completed()|=multi\nline" },
    { "a message twice, the API has it less often",
      "07:27:45.997 | INFO    | Flow run 'x' - day 2026-01-01\n07:27:45.998 | INFO    | Flow run 'x' - day "
      "2026-01-01\n",
      "=day 2026-01-01|+07:27:45.998 | INFO    | Flow run 'x' - day 2026-01-01|=Finished in state Completed()|"
      "=Finished in state Completed()|=multi\nline" },
    { "the later lines of a message only where they belong",
      "line\n07:27:46.935 | WARNING | Flow run 'x' - multi\nline\nline\n",
      "+line|=day 2026-01-01|=Finished in state Completed()|=Finished in state Completed()|=multi\nline|+line" },
    { "a process in another time zone",
      "12:57:45.997 | INFO    | Flow run 'x' - day 2026-01-01\nplain print\n"
      "12:57:46.500 | INFO    | Flow run 'x' - View at http://x\n",
      "=day 2026-01-01|+plain print|=Finished in state Completed()|=Finished in state Completed()|"
      "+12:57:46.500 | INFO    | Flow run 'x' - View at http://x|=multi\nline" },
    { "with times in front, as from a pod",
      "2026-11-21T07:27:45.998123456Z 07:27:45.997 | INFO    | Flow run 'x' - day 2026-01-01\n"
      "2026-11-21T07:27:46.500000000Z plain print\n2026-11-21T07:27:44.000000000Z early\n",
      "+early|=day 2026-01-01|=Finished in state Completed()|=Finished in state Completed()|+plain "
      "print|=multi\nline" },
    { "same message at another time is another line", "07:27:45.900 | INFO    | Flow run 'x' - day 2026-01-01\n",
      "+07:27:45.900 | INFO    | Flow run 'x' - day 2026-01-01|=day 2026-01-01|=Finished in state Completed()|"
      "=Finished in state Completed()|=multi\nline" },
    { "message that only ends the same", "07:27:45.997 | INFO    | Flow run 'x' - not day 2026-01-01\n",
      "+07:27:45.997 | INFO    | Flow run 'x' - not day 2026-01-01|=day 2026-01-01|=Finished in state Completed()|"
      "=Finished in state Completed()|=multi\nline" },
    { "no newline at the end, empty lines, carriage returns",
      "\n07:27:45.997 | INFO    | Flow run 'x' - day 2026-01-01\r\n\nlast",
      "+|=day 2026-01-01|+|+last|=Finished in state Completed()|=Finished in state Completed()|=multi\nline" },
};

static char *told(const json_t *merged)
{
    struct sbuf out = SBUF_INIT(64 << 10);
    size_t i;
    json_t *line;

    json_array_foreach (merged, i, line)
        sbuf_addf(&out, "%s%s%s", i ? "|" : "", strcmp(jsonx_str(line, "source"), "api") == 0 ? "=" : "+",
                  jsonx_str(line, "message"));
    return sbuf_take(&out);
}

static void merged(void **state)
{
    AUTO_JSON json_t *lines = api_lines();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *out = flow_run_log_merge(lines, cases[i].output, START);
        AUTO_FREE char *got = told(out);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s:\n got %s\nwant %s", cases[i].name, got, cases[i].want);
    }
}

/* A run over midnight, without an API line to go by. */
static void days(void **state)
{
    AUTO_JSON json_t *none = json_array();
    const int64_t start = flow_run_time_us("2026-11-21T23:59:59.5Z");
    AUTO_JSON json_t *out = flow_run_log_merge(none,
                                               "23:59:59.900 | INFO    | a - b\n00:00:01.100 | INFO    | a - c\n"
                                               "23:59:59.950 | INFO    | a - d\n",
                                               start);

    (void)state;
    assert_string_equal(jsonx_str(out, "0.timestamp"), "2026-11-21T23:59:59.900000Z");
    assert_string_equal(jsonx_str(out, "1.timestamp"), "2026-11-21T23:59:59.950000Z");
    assert_string_equal(jsonx_str(out, "2.timestamp"), "2026-11-22T00:00:01.100000Z");
}

static void foreign_bytes(void **state)
{
    AUTO_JSON json_t *none = json_array();
    AUTO_JSON json_t *out = flow_run_log_merge(none, "caf\xe9 \xc3\xa9\nfine \xc3\xa9\n", START);

    (void)state;
    assert_string_equal(jsonx_str(out, "0.message"), "caf? ??");
    assert_string_equal(jsonx_str(out, "1.message"), "fine \xc3\xa9");
}

static void shown(void **state)
{
    AUTO_JSON json_t *line = fake_json("{'timestamp': '2026-11-21T07:27:46.935702Z', 'level': 'WARNING',"
                                       "'message': 'bell \\u0007', 'source': 'api'}");
    AUTO_JSON json_t *printed = fake_json("{'timestamp': '2026-11-21T07:27:46Z', 'level': '', 'message': 'x',"
                                          "'source': 'output'}");
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);

    (void)state;
    flow_run_log_show(line, &out);
    flow_run_log_show(printed, &out);
    assert_string_equal(out.data, "2026-11-21 07:27:46.935 WARNING  bell \\x07\n"
                                  "2026-11-21 07:27:46.000 output   x\n");
}

/* --- the reader of the API's lines ------------------------------------------------------------------------------- */

#define LOG_LINES 450

static size_t visible; /* how many lines the server has yet */

/* Line i, 0.1 s after the one before; every 10th came 20 s late. */
static int log_server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    size_t offset = (size_t)jsonx_int(body, "offset", 0), skipped = 0;
    int64_t after = flow_run_time_us(jsonx_str(body, "logs.timestamp.after_"));

    assert_string_equal(method, "POST");
    assert_string_equal(path, "/logs/filter");
    assert_string_equal(jsonx_str(body, "sort"), "TIMESTAMP_ASC");
    assert_string_equal(jsonx_str(body, "logs.flow_run_id.any_.0"), "the-id");
    *ret = json_array();
    for (size_t i = 0; i < LOG_LINES && json_array_size(*ret) < 200; i++) {
        size_t comes = i + (i % 10 == 3 ? 200 : 0);
        char stamp[32], id[32];
        if (comes >= visible || START + (int64_t)i * 100000 < after)
            continue;
        if (skipped++ < offset)
            continue;
        flow_run_time_iso(START + (int64_t)i * 100000, stamp);
        (void)snprintf(id, sizeof(id), "line-%zu", i);
        json_array_append_new(*ret, json_pack("{s:s, s:s, s:i, s:s, s:s}", "id", id, "timestamp", stamp, "level", 20,
                                              "name", "prefect.flow_runs", "message", id));
    }
    return 200;
}

static void no_line_twice_and_none_lost(void **state)
{
    AUTO_FLOW_RUN_LOG struct flow_run_log log = { 0 };
    AUTO_JSON json_t *all = json_object();
    struct err e = ERR_INIT;
    size_t returned = 0, i;
    json_t *line;

    (void)state;
    fake_answer = log_server;
    for (visible = 0; visible <= LOG_LINES + 200; visible += 37) {
        AUTO_JSON json_t *more = NULL;
        assert_int_equal(flow_run_log_more(NULL, "the-id", &log, false, &more, &e), 0);
        int64_t before = 0;
        json_array_foreach (more, i, line) {
            int64_t us = flow_run_time_us(jsonx_str(line, "timestamp"));
            assert_true(us >= before);
            before = us;
            json_object_set_new(all, jsonx_str(line, "message"), json_true());
            returned++;
        }
    }
    visible = LOG_LINES + 200;
    AUTO_JSON json_t *rest = NULL;
    assert_int_equal(flow_run_log_more(NULL, "the-id", &log, true, &rest, &e), 0);
    assert_int_equal(returned + json_array_size(rest), LOG_LINES);
    assert_int_equal(json_object_size(all) + json_array_size(rest), LOG_LINES);
}

/* More than the look back can see: the whole look brings it. */
static void the_whole_log_has_what_came_late(void **state)
{
    AUTO_FLOW_RUN_LOG struct flow_run_log log = { 0 };
    AUTO_JSON json_t *first = NULL, *more = NULL, *whole = NULL;
    struct err e = ERR_INIT;

    (void)state;
    fake_answer = log_server;
    visible = LOG_LINES; /* without line 443, and 19 more that come late */
    assert_int_equal(flow_run_log_more(NULL, "the-id", &log, false, &first, &e), 0);
    assert_int_equal(json_array_size(first), LOG_LINES - 20);
    visible = LOG_LINES + 200;
    assert_int_equal(flow_run_log_more(NULL, "the-id", &log, false, &more, &e), 0);
    assert_int_equal(flow_run_log_more(NULL, "the-id", &log, true, &whole, &e), 0);
    assert_int_equal(json_array_size(more) + json_array_size(whole), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merged),
        cmocka_unit_test(days),
        cmocka_unit_test(foreign_bytes),
        cmocka_unit_test(shown),
        cmocka_unit_test(no_line_twice_and_none_lost),
        cmocka_unit_test(the_whole_log_has_what_came_late),
    };

    return cmocka_run_group_tests_name("flow/flow_run_merge", tests, NULL, NULL);
}
