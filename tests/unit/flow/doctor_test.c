/* The doctor's table over a server and a machine of the test: what is found, what --fix does, what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/runtime.h"
#include "flow/doctor.h"
#include "flow/flow_run_time.h"
#include "flow_run_api.h"
#include "spec/spec.h"
#include "ssh/ssh.h"

#define NOW "2026-11-21T08:00:00.000000000Z"

/* One world: what is wrong in it, and what was done to it. */
struct world {
    const char *pending_state; /* id of the stuck run's state, NULL: there is none */
    bool carried;              /* something carries it */
    bool leftover, orphan, lost_slots, late;
    const char *slots_then; /* the limit when it is read again, NULL: as it was */
    bool run_then;          /* a run is active when it is read again */
    bool of_d1;             /* the limit is a deployment's */
    bool many_runs;         /* every page of active runs is full */
    int looks;              /* at active runs */
    const char *version, *settings, *beat, *df;
    int refuse_from;     /* HTTP 401 from this call on, 0: never */
    bool moved;          /* the run changes its state between look and mend */
    const char *verdict; /* of set_state */
    bool unconnected;
    int changes; /* calls that change something */
    bool removed;
};

static struct world world;

static int64_t mono_ms(struct clock *c)
{
    (void)c;
    return 0;
}

static int64_t wall_ms(struct clock *c)
{
    (void)c;
    return flow_run_time_us("2026-11-21T08:00:01Z") / 1000;
}

static struct clock test_clock = { 0, mono_ms, wall_ms, NULL };

static int carries(struct run *r, const char *id, struct err *e)
{
    (void)r;
    (void)e;
    if (strcmp(id, "over") == 0)
        return world.leftover && !world.removed;
    return world.carried;
}

static int remove_run(struct run *r, const char *id, struct err *e)
{
    (void)r;
    (void)e;
    assert_string_equal(id, "over");
    world.changes++;
    world.removed = true;
    return 0;
}

static const struct runtime test_runtime = { .name = "test", .carries_run = carries, .remove_run = remove_run };

const struct runtime *runtime_of(const struct run *r)
{
    (void)r;
    return &test_runtime;
}

static json_t *stuck(void)
{
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "id", "stuck", "name", "amber-crab", "work_pool_name",
                     "default", "state", "type", "PENDING", "name", "Pending", "timestamp", "2026-11-21T07:00:00Z",
                     "id", world.pending_state);
}

#define LIMIT "{'id': 'the-limit', 'name': 'db', 'limit': 3, 'active_slots': "
#define OF_D1 "{'id': 'the-limit', 'name': 'deployment:d1', 'limit': 3, 'active_slots': "

/* Two slots in use, by nobody. */
static json_t *limit(void)
{
    return fake_json(world.of_d1 ? OF_D1 "2, 'updated': '2026-11-21T07:00:00Z'}"
                                 : LIMIT "2, 'updated': '2026-11-21T07:00:00Z'}");
}

static void add_active(const json_t *body, json_t *out)
{
    int64_t n = world.many_runs ? jsonx_int(body, "limit", 0) : world.looks > 0 && world.run_then;

    world.looks++;
    while (n-- > 0)
        json_array_append_new(out, fake_json("{'id': 'busy', 'name': 'busy-bee', 'deployment_id': 'd1'}"));
}

static json_t *runs(const json_t *body)
{
    json_t *out = json_array();
    AUTO_FREE char *filter = jsonx_text(json_object_get(body, "flow_runs"), 0);

    if (strstr(filter, "CANCELLING") && strstr(filter, "PENDING"))
        add_active(body, out);
    if (strstr(filter, "\"PENDING\"]") && world.pending_state)
        json_array_append_new(out, stuck());
    if (strstr(filter, "COMPLETED") && world.leftover)
        json_array_append_new(out, fake_json("{'id': 'over', 'name': 'old-owl', 'work_pool_name': 'default', 'state':"
                                             "{'name': 'Cancelled', 'timestamp': '2026-11-21T07:00:00Z'}}"));
    if (strstr(filter, "\"SCHEDULED\"") && world.orphan)
        json_array_append_new(out, fake_json("{'id': 'orphan', 'name': 'lone-lion', 'auto_scheduled': true,"
                                             "'deployment_id': 'gone', 'state': {'name': 'Scheduled'}}"));
    if (strstr(filter, "\"Late\"") && world.late)
        json_array_append_new(out, fake_json("{'id': 'late', 'name': 'slow-sloth', 'estimated_start_time_delta': 99.6,"
                                             "'state': {'name': 'Late'}}"));
    return out;
}

static int change(const char *method, const char *path, const json_t *body, json_t **ret)
{
    world.changes++;
    if (strcmp(path, "/flow_runs/stuck/set_state") == 0) {
        assert_string_equal(jsonx_str(body, "state.type"), "CRASHED");
        assert_true(jsonx_bool(body, "force", false));
        *ret = json_pack("{s:s, s:{s:s}}", "status", world.verdict, "details", "reason", "not now");
        if (strcmp(world.verdict, "ACCEPT") == 0)
            world.pending_state = NULL;
    } else if (strcmp(path, "/flow_runs/orphan") == 0) {
        assert_string_equal(method, "DELETE");
        world.orphan = false;
        return 204;
    } else if (strcmp(path, "/v2/concurrency_limits/the-limit") == 0) {
        assert_string_equal(method, "PATCH");
        assert_int_equal(jsonx_int(body, "active_slots", -1), 0);
        world.lost_slots = false;
        return 204;
    } else
        fail_msg("%s %s changes something", method, path);
    return 200;
}

static int server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    if (world.refuse_from && fake_calls >= world.refuse_from)
        return 401;
    if (strcmp(path, "/ready") == 0)
        *ret = fake_json("{'message': 'OK'}");
    else if (strcmp(path, "/admin/version") == 0)
        *ret = json_string(world.version);
    else if (strcmp(path, "/admin/settings") == 0)
        *ret = fake_json(world.settings);
    else if (strcmp(path, "/work_pools/default") == 0)
        *ret = fake_json("{'status': 'READY'}");
    else if (strcmp(path, "/work_pools/default/workers/filter") == 0)
        *ret = json_pack("[{s:s, s:s, s:s}]", "name", "w1", "status", "ONLINE", "last_heartbeat_time", world.beat);
    else if (strcmp(path, "/work_pools/filter") == 0)
        *ret = json_array();
    else if (strcmp(path, "/flow_runs/filter") == 0)
        *ret = runs(body);
    else if (strcmp(path, "/flow_runs/stuck") == 0 && strcmp(method, "GET") == 0) {
        *ret = stuck();
        if (world.moved)
            json_object_set_new(json_object_get(*ret, "state"), "id", json_string("another"));
    } else if (strcmp(path, "/deployments/filter") == 0)
        *ret = json_array();
    else if (strcmp(path, "/v2/concurrency_limits/filter") == 0)
        *ret = world.lost_slots ? json_pack("[o]", limit()) : json_array();
    else if (strcmp(path, "/v2/concurrency_limits/the-limit") == 0 && strcmp(method, "GET") == 0)
        *ret = world.slots_then ? fake_json(world.slots_then) : limit();
    else if (strcmp(path, "/automations/filter") == 0)
        *ret = fake_json("[{'enabled': true, 'trigger': {'after': ['prefect.flow-run.Pending', "
                         "'prefect.flow-run.heartbeat']}}]");
    else
        return change(method, path, body, ret);
    return 200;
}

int ssh_run(struct ssh *s, const char *const argv[], const struct ssh_opts *o, struct ssh_result *ret, struct err *e)
{
    (void)s;
    (void)o;
    (void)e;
    assert_string_equal(argv[0], "date");
    sbuf_addstr(&ret->out, NOW "\n");
    return 0;
}

int ssh_script(struct ssh *s, const char *script, const char *const args[], const struct ssh_opts *o,
               struct ssh_result *ret, struct err *e)
{
    (void)s;
    (void)script;
    (void)args;
    (void)o;
    (void)e;
    sbuf_addstr(&ret->out, world.df);
    return 0;
}

void ssh_result_done(struct ssh_result *r)
{
    sbuf_done(&r->out);
    sbuf_done(&r->err);
}

static int connect_machine(void *ctx, struct err *e)
{
    struct run *r = ctx;

    if (world.unconnected)
        return err_set(e, ERR_NET, "the machine does not run");
    r->ssh = (struct ssh *)r; /* nothing looks into it */
    return 0;
}

#define OURS                                                                                                      \
    "apiVersion: slipway/v1\nname: t\nprovider: {local: {}}\nprefect: {server: {events_days: 7, runs_days: 30}, " \
    "automations: {pending_min: 10, zombie_min: 15}}\n"
#define ELSEWHERE \
    "apiVersion: slipway/v1\nname: t\nprovider: {local: {}}\nprefect: {server: {url: https://prefect.example/api}}\n"

static void examine(const char *text, bool machine, bool fix, struct doctor_result *ret)
{
    AUTO_SPEC struct spec *spec = NULL;
    struct err e = ERR_INIT;

    fake_answer = server;
    fake_calls = 0;
    if (spec_parse("t.yaml", text, strlen(text), &spec, &e) < 0)
        fail_msg("%s", e.msg);
    struct run r = { .spec = spec, .clock = &test_clock };
    struct doctor d = { .run = &r, .fix = fix, .machine = machine, .connect = connect_machine, .ctx = &r };
    assert_int_equal(doctor_examine(&d, ret, &e), 0);
    doctor_done(&d);
}

static const struct world well = {
    .version = "3.8.3",
    .settings = "{'server': {'events': {'retention_period': 'P7D'}, 'services': {'db_vacuum': {'enabled':"
                "['events', 'flow_runs'], 'retention_period': 'P30D'}}}}",
    .beat = "2026-11-21T07:59:30Z",
    .df = "41943040 20971520\n102400\n",
    .verdict = "ACCEPT",
};

/* "ok", "fail", "fixed", or "" when the check was not made. */
static const char *status(const struct doctor_result *r, const char *check)
{
    size_t i;
    json_t *row;

    json_array_foreach (r->checks, i, row)
        if (strcmp(jsonx_str(row, "check"), check) == 0)
            return jsonx_str(row, "status");
    return "";
}

static const char *detail(const struct doctor_result *r, const char *check)
{
    size_t i;
    json_t *row;

    json_array_foreach (r->checks, i, row)
        if (strcmp(jsonx_str(row, "check"), check) == 0)
            return jsonx_str(row, "detail");
    return "";
}

static void all_is_well(void **state)
{
    struct doctor_result r = { 0 };

    (void)state;
    world = well;
    examine(OURS, true, false, &r);
    AUTO_FREE char *rows = jsonx_text(r.checks, 0);
    if (!r.ok || r.refused)
        fail_msg("%s", rows);
    assert_int_equal(json_array_size(r.checks), 12); /* all but `address` */
    assert_string_equal(detail(&r, "disk"), "20.0 of 40.0 GiB free; database 100 MiB");
    assert_int_equal(world.changes, 0);
    doctor_result_done(&r);
}

/* What each trouble makes of its check, without --fix and with it. */
static const struct {
    const char *name, *check;
    struct world world;
    const char *fixed; /* status with --fix */
    const char *says;
} troubles[] = {
    { "stuck run",
      "pending runs",
      { .pending_state = "s1" },
      "fixed",
      "1 run PENDING for more than 10 min, carried by nothing: 'amber-crab'" },
    { "refused to crash", "pending runs", { .pending_state = "s1", .verdict = "REJECT" }, "fail", "amber-crab" },
    { "leftover",
      "leftovers",
      { .leftover = true },
      "fixed",
      "1 run ended, yet still occupying the machine: 'old-owl'" },
    { "lost slots", "slots", { .lost_slots = true }, "fixed", "limit 'db': 2 of 3 slots taken by nobody" },
    { "orphan", "schedules", { .orphan = true }, "fixed", "scheduled by a schedule that is gone: 'lone-lion'" },
    { "late", "late runs", { .late = true }, "fail", "1 run late, the oldest by 100 s: 'slow-sloth'" },
    { "old server", "server", { .version = "3.8.2" }, "fail", "the lock says 3.8.3" },
    { "silent worker", "pools", { .beat = "2026-11-21T07:50:00Z" }, "fail", "was last heard 600 s ago" },
    { "no vacuum",
      "retention",
      { .settings = "{'server': {'events': {'retention_period': 'P7D'}}}" },
      "fail",
      "events: never vacuumed" },
    { "other retention",
      "retention",
      { .settings = "{'server': {'events': {'retention_period': 'P9D'}, 'services': {'db_vacuum': {'enabled': "
                    "['events', 'flow_runs'], 'retention_period': 'P30D'}}}}" },
      "fail",
      "events: kept for P9D, the spec says 7 days" },
    { "full disk", "disk", { .df = "41943040 2097152\n0\n" }, "fail", "2.0 of 40.0 GiB free" },
    { "tiny disk", "disk", { .df = "4194304 1000000\n0\n" }, "fail", "1.0 of 4.0 GiB free" },
};

static struct world with(const struct world *trouble)
{
    struct world w = *trouble;

    w.version = w.version ? w.version : well.version;
    w.settings = w.settings ? w.settings : well.settings;
    w.beat = w.beat ? w.beat : well.beat;
    w.df = w.df ? w.df : well.df;
    w.verdict = w.verdict ? w.verdict : well.verdict;
    return w;
}

static void each_trouble(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
        struct doctor_result look = { 0 }, fix = { 0 };
        world = with(&troubles[i].world);
        examine(OURS, true, false, &look);
        if (look.ok || strcmp(status(&look, troubles[i].check), "fail") != 0 || world.changes ||
            !strstr(detail(&look, troubles[i].check), troubles[i].says))
            fail_msg("%s: %s '%s', %d changes", troubles[i].name, status(&look, troubles[i].check),
                     detail(&look, troubles[i].check), world.changes);
        world = with(&troubles[i].world);
        examine(OURS, true, true, &fix);
        if (strcmp(status(&fix, troubles[i].check), troubles[i].fixed) != 0 ||
            fix.ok != (strcmp(troubles[i].fixed, "fixed") == 0))
            fail_msg("%s with --fix: %s '%s'", troubles[i].name, status(&fix, troubles[i].check),
                     detail(&fix, troubles[i].check));
        doctor_result_done(&look);
        doctor_result_done(&fix);
    }
}

/* A run that somebody carries, or that moved on in between, is left alone. */
static void left_alone(void **state)
{
    struct doctor_result carried = { 0 }, moved = { 0 };

    (void)state;
    world = with(&(const struct world){ .pending_state = "s1", .carried = true });
    examine(OURS, true, true, &carried);
    assert_true(carried.ok);
    assert_int_equal(world.changes, 0);
    world = with(&(const struct world){ .pending_state = "s1", .moved = true });
    examine(OURS, true, true, &moved);
    assert_int_equal(world.changes, 0);
    doctor_result_done(&carried);
    doctor_result_done(&moved);
}

/* Slots that were taken between look and mend are somebody's; with runs that are not all seen nothing is mended. */
static void slots_left_alone(void **state)
{
    static const struct {
        struct world world;
        const char *status, *says;
    } rows[] = {
        { { .slots_then = LIMIT "3, 'updated': '2026-11-21T07:00:00Z'}" }, "fail", "taken by nobody" },
        { { .slots_then = LIMIT "2, 'updated': '2026-11-21T08:00:00Z'}" }, "fail", "taken by nobody" },
        { { .run_then = true }, "fixed", "taken by nobody" }, /* the second look finds a holder */
        /* One run more holds one slot more: as many are lost, yet more are held. */
        { { .of_d1 = true, .run_then = true, .slots_then = OF_D1 "3, 'updated': '2026-11-21T07:00:00Z'}" },
          "fail",
          "1 of 3 slots taken by nobody" },
        { { .many_runs = true }, "fail", "too many active runs to tell" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doctor_result r = { 0 };
        world = with(&rows[i].world);
        world.lost_slots = true;
        examine(OURS, true, true, &r);
        if (strcmp(status(&r, "slots"), rows[i].status) != 0 || !strstr(detail(&r, "slots"), rows[i].says) ||
            world.changes)
            fail_msg("row %zu: %s '%s', %d changes", i, status(&r, "slots"), detail(&r, "slots"), world.changes);
        doctor_result_done(&r);
    }
}

static void credentials(void **state)
{
    struct doctor_result r = { 0 };

    (void)state;
    world = with(&(const struct world){ .refuse_from = 1 });
    examine(OURS, true, false, &r);
    assert_true(r.refused);
    assert_false(r.ok);
    /* What needs the server is not asked again and again. */
    assert_string_equal(status(&r, "server"), "fail");
    assert_string_equal(status(&r, "pools"), "");
    assert_string_equal(status(&r, "disk"), "ok");
    doctor_result_done(&r);
}

/* On a server that others use too, their slots and schedules are not ours to mend. */
static void shared_server(void **state)
{
    struct doctor_result r = { 0 };

    (void)state;
    world = with(&(const struct world){ .orphan = true, .lost_slots = true, .late = true });
    examine(ELSEWHERE, true, true, &r);
    assert_int_equal(world.changes, 0);
    assert_string_equal(status(&r, "schedules"), "");
    assert_string_equal(status(&r, "slots"), "");
    assert_string_equal(status(&r, "late runs"), "fail");
    assert_string_equal(status(&r, "automations"), "ok");
    doctor_result_done(&r);
}

static void no_machine(void **state)
{
    struct doctor_result none = { 0 }, down = { 0 };

    (void)state;
    world = well;
    examine(ELSEWHERE, false, false, &none);
    assert_string_equal(status(&none, "address"), "ok");
    assert_string_equal(status(&none, "server"), "ok");
    assert_int_equal(json_array_size(none.checks), 2); /* bootstrap has made nothing yet */
    world.unconnected = true;
    examine(OURS, true, false, &down);
    assert_int_equal(json_array_size(down.checks), 1);
    assert_string_equal(status(&down, "machine"), "fail");
    assert_string_equal(detail(&down, "machine"), "the machine does not run");
    doctor_result_done(&none);
    doctor_result_done(&down);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well),      cmocka_unit_test(each_trouble), cmocka_unit_test(left_alone),
        cmocka_unit_test(credentials),      cmocka_unit_test(no_machine),   cmocka_unit_test(shared_server),
        cmocka_unit_test(slots_left_alone),
    };

    return cmocka_run_group_tests_name("flow/doctor", tests, NULL, NULL);
}
