/* Finding, making, explaining and judging runs, against a server that answers as Prefect 3.8.3 does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_run.h"
#include "flow/flow_run_why.h"
#include "flow_run_api.h"

#define ID_A "b372fc45-7b1f-4426-999c-e04aa745e199"
#define ID_B "01a1fd00-e896-7394-8608-27a401733937"
#define ID_C "01a1fd00-e896-7394-9999-27a401733937"

static json_t *run_of(const char *id, const char *name)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "id", id, "name", name, "flow_id", "f1", "deployment_id",
                     "d1", "state", "type", "RUNNING", "name", "Running");
}

static int server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    (void)method;
    if (strcmp(path, "/deployments/name/etl/daily") == 0) {
        *ret = json_pack("{s:s, s:s}", "id", "d1", "name", "daily");
        return 200;
    }
    if (strcmp(path, "/deployments/name/my%20flow/a%2Fb%C3%A9") == 0)
        return 404;
    if (strncmp(path, "/deployments/name/", 18) == 0) {
        *ret = fake_json("{'detail': 'Deployment not found'}");
        return 404;
    }
    if (strcmp(path, "/deployments/filter") == 0)
        *ret = fake_json("[{'id': 'd1', 'name': 'daily', 'flow_id': 'f1'}, {'id': 'd2', 'name': 'daily', 'flow_id': "
                         "'f2'}]");
    else if (strcmp(path, "/flows/filter") == 0)
        *ret = fake_json("[{'id': 'f1', 'name': 'etl'}, {'id': 'f2', 'name': 'slow'}]");
    else if (strcmp(path, "/flow_runs/" ID_A) == 0)
        *ret = run_of(ID_A, "outgoing-grebe");
    else if (strncmp(path, "/flow_runs/0", 12) == 0)
        return 404;
    else if (strcmp(path, "/flow_runs/filter") == 0 && jsonx_get(body, "flow_runs.name.any_.0")) {
        const char *name = jsonx_str(body, "flow_runs.name.any_.0");
        *ret = json_array();
        if (strcmp(name, "outgoing-grebe") == 0 || strcmp(name, "deadbeef") == 0)
            json_array_append_new(*ret, run_of(ID_A, name));
    } else if (strcmp(path, "/flow_runs/filter") == 0) {
        *ret = json_array();
        json_array_append_new(*ret, run_of(ID_A, "outgoing-grebe"));
        json_array_append_new(*ret, run_of(ID_B, "one"));
        json_array_append_new(*ret, run_of(ID_C, "two"));
    } else
        return 500;
    return 200;
}

static const struct {
    const char *word;
    int rc;
    const char *id; /* or what the message says */
} finds[] = {
    { ID_A, 1, ID_A },
    { "00000000-0000-0000-0000-000000000000", 0, NULL },
    { "outgoing-grebe", 1, ID_A },
    { "b372fc45", 1, ID_A },
    { "B372FC45-7B1F", 1, ID_A },
    { "deadbeef", 1, ID_A }, /* a name comes before an id */
    { "b372fc4", 0, NULL },  /* too short to be an id */
    { "b372fc45x", 0, NULL },
    { "b372fc457b1f", 0, NULL },
    { "ffffffff", 0, NULL },
    { "01a1fd00", -1, "several flow runs begin with '01a1fd00'" },
    { "01a1fd00-e896-7394-8", 1, ID_B },
    { "caf\xe9", 0, NULL },
    { "", 0, NULL },
};

static void found(void **state)
{
    (void)state;
    fake_answer = server;
    for (size_t i = 0; i < ARRAY_LEN(finds); i++) {
        AUTO_JSON json_t *run = NULL;
        struct err e = ERR_INIT;
        int rc = flow_run_find(NULL, finds[i].word, &run, &e);
        if (rc != finds[i].rc)
            fail_msg("'%s': rc %d (%s), want %d", finds[i].word, rc, e.msg, finds[i].rc);
        if (rc > 0 && strcmp(jsonx_str(run, "id"), finds[i].id) != 0)
            fail_msg("'%s': %s, want %s", finds[i].word, jsonx_str(run, "id"), finds[i].id);
        if (rc < 0 && (e.code != ERR_USAGE || !strstr(e.msg, finds[i].id)))
            fail_msg("'%s': %s", finds[i].word, e.msg);
    }
}

static const struct {
    const char *name, *says; /* NULL: it is there */
} deployments[] = {
    { "etl/daily", NULL },
    { "etl/dialy", "did you mean etl/daily?" },
    { "slwo/daily", "did you mean slow/daily?" },
    { "something/else-entirely", "there are: etl/daily, slow/daily" },
    { "my flow/x/a/b\xc3\xa9", "there are: etl/daily" },
    { "etl", "such as etl/daily" },
    { "etl/", "such as etl/daily" },
    { "/daily", "such as etl/daily" },
};

static void deployment_by_name(void **state)
{
    (void)state;
    fake_answer = server;
    for (size_t i = 0; i < ARRAY_LEN(deployments); i++) {
        AUTO_JSON json_t *d = NULL;
        struct err e = ERR_INIT;
        int rc = flow_run_deployment(NULL, deployments[i].name, &d, &e);
        if (!deployments[i].says) {
            assert_int_equal(rc, 0);
            continue;
        }
        if (rc == 0 || e.code != ERR_USAGE || !strstr(e.hint, deployments[i].says))
            fail_msg("%s: rc %d '%s' / '%s'", deployments[i].name, rc, e.msg, e.hint);
    }
}

static int create_status;

static int create_server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    assert_string_equal(method, "POST");
    assert_string_equal(path, "/deployments/d1/create_flow_run");
    assert_string_equal(jsonx_str(body, "idempotency_key"), "the-key");
    assert_int_equal(jsonx_int(body, "parameters.n", 0), 3);
    *ret = create_status == 201 ? run_of(ID_A, "x")
                                : fake_json("{'detail': 'Error creating flow run: Validation failed for field n'}");
    return create_status;
}

static void created(void **state)
{
    static const struct {
        int status;
        enum err_code want;
    } rows[] = { { 201, ERR_NONE }, { 409, ERR_USAGE }, { 422, ERR_USAGE }, { 500, ERR_REMOTE }, { 0, ERR_NET } };

    AUTO_JSON json_t *d = fake_json("{'id': 'd1'}"), *params = fake_json("{'n': 3}");

    (void)state;
    fake_answer = create_server;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json_t *run = NULL;
        struct err e = ERR_INIT;
        create_status = rows[i].status;
        int rc = flow_run_create(NULL, d, params, "the-key", &run, &e);
        if ((rc == 0) != (rows[i].want == ERR_NONE) || e.code != rows[i].want)
            fail_msg("HTTP %d: rc %d, %s", rows[i].status, rc, e.msg);
        if (rows[i].want == ERR_USAGE)
            assert_non_null(strstr(e.msg, "Validation failed for field n"));
    }
}

static void judged(void **state)
{
    static const struct {
        const char *type;
        bool ended;
        const char *says; /* NULL: well */
    } rows[] = {
        { "COMPLETED", true, NULL },
        { "FAILED", true, "flow run 'x' (" ID_A ") FAILED: no good" },
        { "CRASHED", true, "CRASHED: no good" },
        { "CANCELLED", true, "was CANCELLED: no good" },
        { "RUNNING", false, NULL },
        { "PENDING", false, NULL },
        { "SCHEDULED", false, NULL },
        { "PAUSED", false, NULL },
        { "CANCELLING", false, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_JSON json_t *run = json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", ID_A, "name", "x", "state", "type",
                                          rows[i].type, "message", "no good");
        struct err e = ERR_INIT;
        assert_int_equal(flow_run_ended(run), rows[i].ended);
        if (!rows[i].ended)
            continue;
        assert_int_equal(flow_run_verdict(run, &e), rows[i].says ? -1 : 0);
        if (rows[i].says && (e.code != ERR_REMOTE || !strstr(e.msg, rows[i].says)))
            fail_msg("%s: %s", rows[i].type, e.msg);
    }
}

#define ONLINE  "[{'name': 'w1', 'status': 'ONLINE', 'last_heartbeat_time': '2026-11-21T07:27:37Z'}]"
#define OFFLINE "[{'name': 'w1', 'status': 'OFFLINE', 'last_heartbeat_time': '2026-11-21T07:27:37Z'}]"
#define POOL    "{'name': 'local', 'is_paused': false, 'concurrency_limit': null, 'active_slots': null}"
#define QUEUE   "{'name': 'default', 'is_paused': false, 'concurrency_limit': null}"

static const struct {
    const char *type, *name, *pool, *queue, *workers, *says;
} reasons[] = {
    { "SCHEDULED", "Scheduled", POOL, QUEUE, ONLINE, "a worker of work pool 'local' is to take it" },
    { "SCHEDULED", "Late", POOL, QUEUE, ONLINE, "it is late; a worker" },
    { "SCHEDULED", "Late", POOL, QUEUE, "[]", "work pool 'local' has no worker" },
    { "SCHEDULED", "Late", POOL, QUEUE, OFFLINE,
      "no worker of work pool 'local' is ONLINE; 'w1' was last heard at 2026" },
    { "SCHEDULED", "Late", "{'name': 'local', 'is_paused': true}", QUEUE, ONLINE, "work pool 'local' is paused" },
    { "SCHEDULED", "Late", POOL, "{'name': 'q', 'is_paused': true}", ONLINE,
      "queue 'q' of work pool 'local' is paused" },
    { "SCHEDULED", "Late", "{'name': 'local', 'concurrency_limit': 2, 'active_slots': 2}", QUEUE, ONLINE,
      "at its limit: 2 runs at once" },
    { "SCHEDULED", "Late", "{'name': 'local', 'concurrency_limit': 0, 'active_slots': 0}", QUEUE, ONLINE,
      "at its limit: 0 runs at once" },
    { "SCHEDULED", "Late", "{'name': 'local', 'concurrency_limit': 2, 'active_slots': 1}", QUEUE, ONLINE,
      "a worker of work pool" },
    { "SCHEDULED", "Late", POOL, "{'name': 'q', 'concurrency_limit': 1, 'active_slots': 1}", ONLINE,
      "queue 'q' of work pool 'local' is at its limit" },
    { "SCHEDULED", "AwaitingConcurrencySlot", POOL, QUEUE, ONLINE, "its deployment is at its limit" },
    { "SCHEDULED", "AwaitingRetry", POOL, QUEUE, ONLINE, "it is retried at 2026-11-21T07:30:00Z" },
    { "SCHEDULED", "Scheduled", NULL, NULL, NULL, "has no work pool" },
    { "PENDING", "Pending", POOL, QUEUE, ONLINE, "its infrastructure is starting" },
};

static void explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        AUTO_JSON json_t *run = json_pack("{s:{s:s, s:s, s:{s:s}}}", "state", "type", reasons[i].type, "name",
                                          reasons[i].name, "state_details", "scheduled_time", "2026-11-21T07:30:00Z");
        AUTO_JSON json_t *pool = reasons[i].pool ? fake_json(reasons[i].pool) : NULL;
        AUTO_JSON json_t *queue = reasons[i].queue ? fake_json(reasons[i].queue) : NULL;
        AUTO_JSON json_t *workers = reasons[i].workers ? fake_json(reasons[i].workers) : NULL;
        char why[256];
        flow_run_why(run, pool, queue, workers, why);
        if (!strstr(why, reasons[i].says))
            fail_msg("row %zu: '%s', want '%s'", i, why, reasons[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),  cmocka_unit_test(deployment_by_name), cmocka_unit_test(created),
        cmocka_unit_test(judged), cmocka_unit_test(explained),
    };

    return cmocka_run_group_tests_name("flow/flow_run", tests, NULL, NULL);
}
