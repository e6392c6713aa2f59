/* Following a run: every line once, states and reasons told, a server that restarts, deadlines, Ctrl-C. The clock is
 * the test's, so nothing sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../core/scratch.h"
#include "app/runtime.h"
#include "core/fsx.h"
#include "core/svec.h"
#include "flow/flow_run_time.h"
#include "flow/flow_run_wait.h"
#include "flow_run_api.h"

#define START     INT64_C(1795246065000000)
#define LOG_LINES 60

/* What happens when, in seconds. */
struct script {
    int pending, running, ended; /* from then on; scheduled before */
    int away, back;              /* the server cannot be reached from .. to */
    int refused;                 /* credentials are, from then on; 0: never */
    int canceled;                /* Ctrl-C, 0: never */
    const char *end;             /* type of the last state */
};

static struct script script;
static int64_t now_ms;

static int64_t mono_ms(struct clock *c)
{
    (void)c;
    return now_ms;
}

static int sleep_ms(struct clock *c, int64_t ms, struct err *e)
{
    (void)c;
    now_ms += ms;
    if (script.canceled && now_ms >= script.canceled * INT64_C(1000))
        return err_set(e, ERR_CANCELED, "interrupted");
    return 0;
}

static struct clock test_clock = { 0, mono_ms, mono_ms, sleep_ms };
static const struct runtime no_trouble = { .name = "test" };

const struct runtime *runtime_of(const struct run *r)
{
    (void)r;
    return &no_trouble;
}

static json_t *run_now(void)
{
    int s = (int)(now_ms / 1000);
    const char *type = s >= script.ended     ? script.end
                       : s >= script.running ? "RUNNING"
                       : s >= script.pending ? "PENDING"
                                             : "SCHEDULED";

    return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "id", "the-id", "name", "amber-crab", "work_pool_name", "p",
                     "work_queue_name", "default", "state", "type", type, "name", type);
}

/* Line i is of half a second i, and comes 2 seconds later: the last ones after the run has ended. */
static json_t *log_now(const json_t *body)
{
    int64_t after = flow_run_time_us(jsonx_str(body, "logs.timestamp.after_"));
    json_t *out = json_array();

    for (int i = 0; i < LOG_LINES; i++) {
        int64_t ms = i * INT64_C(500), us = START + ms * 1000;
        char stamp[32], id[32];
        if (ms + 2000 > now_ms || ms > script.ended * INT64_C(1000) || us < after)
            continue;
        flow_run_time_iso(us, stamp);
        (void)snprintf(id, sizeof(id), "line-%d", i);
        json_array_append_new(out, json_pack("{s:s, s:s, s:i, s:s, s:s}", "id", id, "timestamp", stamp, "level", 20,
                                             "name", "n", "message", id));
    }
    return out;
}

static int server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    int s = (int)(now_ms / 1000);

    (void)method;
    if (script.refused && s >= script.refused)
        return 401;
    if (s >= script.away && s < script.back)
        return 0;
    if (strcmp(path, "/flow_runs/the-id") == 0)
        *ret = run_now();
    else if (strcmp(path, "/logs/filter") == 0)
        *ret = log_now(body);
    else if (strcmp(path, "/work_pools/p") == 0)
        *ret = fake_json("{'name': 'p'}");
    else if (strcmp(path, "/work_pools/p/workers/filter") == 0)
        *ret = json_array();
    else if (strcmp(path, "/work_pools/p/queues/default") == 0)
        *ret = fake_json("{'name': 'default'}");
    else
        return 404;
    return 200;
}

static void keep(void *ctx, const json_t *line)
{
    svec_add(ctx, jsonx_str(line, "message"));
}

static int follow(int64_t timeout_ms, struct svec *lines, struct sbuf *told, json_t **ret, struct err *e)
{
    char *dir = scratch_new();
    struct ui_opts o = { false, false, true };
    struct ui *ui = ui_new(&o, &test_clock);
    struct run r = { .ui = ui, .clock = &test_clock };
    const struct flow_run_watch watch = { keep, lines, timeout_ms };
    struct err lost = ERR_INIT;

    fake_answer = server;
    now_ms = 0;
    AUTO_FREE char *log = fsx_join(dir, "log");
    assert_int_equal(ui_log_to(ui, log, &lost), 0);
    AUTO_JSON json_t *run = run_now();
    int rc = flow_run_wait(&r, NULL, run, &watch, ret, e);
    ui_free(ui);
    assert_int_equal(fsx_read(log, told, &lost), 0);
    scratch_free(dir);
    return rc;
}

static void every_line_once(void **state)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    AUTO_SBUF struct sbuf told = SBUF_INIT(64 << 10);
    AUTO_JSON json_t *run = NULL;
    struct err e = ERR_INIT;
    char want[32];

    (void)state;
    script = (struct script){ .pending = 6, .running = 9, .ended = 20, .away = 12, .back = 15, .end = "COMPLETED" };
    assert_int_equal(follow(0, &lines, &told, &run, &e), 0);
    assert_string_equal(jsonx_str(run, "state.type"), "COMPLETED");
    assert_int_equal(lines.len, 41); /* half seconds 0 to 40 */
    for (size_t i = 0; i < lines.len; i++) {
        (void)snprintf(want, sizeof(want), "line-%zu", i);
        assert_string_equal(lines.items[i], want);
    }
    assert_non_null(strstr(told.data, "flow run 'amber-crab' waits: work pool 'p' has no worker"));
    assert_non_null(strstr(told.data, "flow run 'amber-crab': RUNNING"));
    assert_true(now_ms < 40000);
    /* The reason is told when it changes, not each time it is looked at. */
    const char *first = strstr(told.data, "waits: work pool");
    assert_null(strstr(first + 1, "waits: work pool"));
}

static void deadline(void **state)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    AUTO_SBUF struct sbuf told = SBUF_INIT(64 << 10);
    AUTO_JSON json_t *run = NULL;
    struct err e = ERR_INIT;

    (void)state;
    script = (struct script){ .pending = 100, .running = 100, .ended = 100, .away = 900, .back = 900, .end = "FAILED" };
    assert_int_equal(follow(12000, &lines, &told, &run, &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_non_null(strstr(e.msg, "flow run 'amber-crab': not after 12 s"));
    assert_non_null(strstr(e.msg, "has no worker"));
    assert_non_null(strstr(e.hint, "the run goes on"));
    assert_null(run);
}

/* Its end was seen before the deadline; only the rest of the log was still awaited. */
static void ended_in_time(void **state)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    AUTO_SBUF struct sbuf told = SBUF_INIT(64 << 10);
    AUTO_JSON json_t *run = NULL;
    struct err e = ERR_INIT;

    (void)state;
    script = (struct script){ .pending = 1, .running = 2, .ended = 11, .away = 900, .back = 900, .end = "FAILED" };
    assert_int_equal(follow(12000, &lines, &told, &run, &e), 0);
    assert_string_equal(jsonx_str(run, "state.type"), "FAILED");
}

static void interrupted(void **state)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    AUTO_SBUF struct sbuf told = SBUF_INIT(64 << 10);
    AUTO_JSON json_t *run = NULL;
    struct err e = ERR_INIT;

    (void)state;
    script = (struct script){ .pending = 1, .running = 2, .ended = 90, .away = 900, .back = 900, .canceled = 5 };
    assert_int_equal(follow(0, &lines, &told, &run, &e), -1);
    assert_int_equal(e.code, ERR_CANCELED);
    assert_non_null(strstr(e.hint, "the run goes on"));
}

static void server_gone(void **state)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    AUTO_SBUF struct sbuf told = SBUF_INIT(64 << 10);
    AUTO_JSON json_t *run = NULL;
    struct err e = ERR_INIT;

    (void)state;
    script = (struct script){ .pending = 1, .running = 2, .ended = 9000, .away = 10, .back = 9000 };
    assert_int_equal(follow(0, &lines, &told, &run, &e), -1);
    assert_int_equal(e.code, ERR_NET);
    assert_in_range(now_ms, 130000, 135000);
    script = (struct script){ .pending = 1, .running = 2, .ended = 9000, .away = 9000, .back = 9000, .refused = 10 };
    err_clear(&e);
    sbuf_reset(&told);
    assert_int_equal(follow(0, &lines, &told, &run, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_in_range(now_ms, 10000, 11000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_once), cmocka_unit_test(deadline),    cmocka_unit_test(ended_in_time),
        cmocka_unit_test(interrupted),     cmocka_unit_test(server_gone),
    };

    return cmocka_run_group_tests_name("flow/flow_run_wait", tests, NULL, NULL);
}
