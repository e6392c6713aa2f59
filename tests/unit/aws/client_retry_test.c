/* What is sent again, how often, and after how long. The clock counts what was slept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "client_fixture.h"

#define THROTTLE                                     \
    {                                                \
        STEP_ANSWER, 503, "RequestLimitExceeded", "" \
    }
#define INTERNAL                              \
    {                                         \
        STEP_ANSWER, 500, "InternalError", "" \
    }
#define GONE                                       \
    {                                              \
        STEP_ANSWER, 503, "ServiceUnavailable", "" \
    }
#define OK                       \
    {                            \
        STEP_ANSWER, 200, "", "" \
    }
#define CUT                 \
    {                       \
        STEP_CUT, 0, "", "" \
    }
#define HALF                   \
    {                          \
        STEP_HALF, 200, "", "" \
    }
#define TORN                                      \
    {                                             \
        STEP_ANSWER, 200, "<R><vpcSet><item>", "" \
    }
#define LATER(seconds)                                                           \
    {                                                                            \
        STEP_ANSWER, 503, "RequestLimitExceeded", "Retry-After: " seconds "\r\n" \
    }

struct one {
    enum step_kind kind;
    int status;
    const char *code; /* of an error; with "<": the body */
    const char *headers;
};

static const struct row {
    const char *name, *action;
    unsigned flags;
    struct one steps[5]; /* the last is repeated */
    int requests;
    enum err_code code; /* ERR_NONE: success */
    bool ambiguous, retryable;
    int64_t least_ms, most_ms; /* slept */
} rows[] = {
    { "at once", "DescribeVpcs", 0, { OK }, 1, ERR_NONE, false, false, 0, 0 },
    { "throttled twice", "DescribeVpcs", 0, { THROTTLE, THROTTLE, OK }, 3, ERR_NONE, false, false, 0, 1500 },
    { "throttled, and acts once", "CreateVpc", 0, { THROTTLE, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "always throttled", "DescribeVpcs", 0, { THROTTLE }, 8, ERR_REMOTE, false, true, 0, 500 * 95 },
    { "Retry-After", "DescribeVpcs", 0, { LATER("7"), OK }, 2, ERR_NONE, false, false, 7000, 7000 },
    { "Retry-After as a time",
      "DescribeVpcs",
      0,
      { { STEP_ANSWER, 503, "RequestLimitExceeded",
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n" },
        OK },
      2,
      ERR_NONE,
      false,
      false,
      3000,
      3000 },
    { "Retry-After that is past",
      "DescribeVpcs",
      0,
      { { STEP_ANSWER, 503, "RequestLimitExceeded",
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:30 GMT\r\n" },
        OK },
      2,
      ERR_NONE,
      false,
      false,
      0,
      0 },
    { "Retry-After too long", "DescribeVpcs", 0, { LATER("300"), OK }, 1, ERR_REMOTE, false, true, 0, 0 },
    { "Retry-After without end",
      "DescribeVpcs",
      0,
      { LATER("99999999999999999999"), OK },
      1,
      ERR_REMOTE,
      false,
      true,
      0,
      0 },
    { "Retry-After up to the budget", "DescribeVpcs", 0, { LATER("20") }, 3, ERR_REMOTE, false, true, 40000, 40000 },
    { "Retry-After that is no number", "DescribeVpcs", 0, { LATER("soon"), OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "broken, read", "DescribeVpcs", 0, { INTERNAL, INTERNAL, OK }, 3, ERR_NONE, false, false, 0, 1500 },
    { "broken, repeatable", "RunInstances", 0, { INTERNAL, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "always broken, repeatable", "RunInstances", 0, { INTERNAL }, 8, ERR_REMOTE, true, true, 0, 500 * 95 },
    { "broken, once", "CreateVpc", 0, { INTERNAL, OK }, 1, ERR_REMOTE, true, false, 0, 0 },
    { "not there, once", "AllocateAddress", 0, { GONE, OK }, 1, ERR_REMOTE, true, false, 0, 0 },
    { "cut, read", "DescribeVpcs", 0, { CUT, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "cut, repeatable", "DeleteVpc", 0, { CUT, CUT, OK }, 3, ERR_NONE, false, false, 0, 1500 },
    { "cut, once", "CreateSubnet", 0, { CUT, OK }, 1, ERR_NET, true, false, 0, 0 },
    { "half, read", "DescribeVpcs", 0, { HALF, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "half, once", "CreateVpc", 0, { HALF, OK }, 1, ERR_NET, true, false, 0, 0 },
    { "torn, read", "DescribeVpcs", 0, { TORN, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "torn, repeatable", "CreateRouteTable", 0, { TORN, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "torn, once", "CreateVpc", 0, { TORN, OK }, 1, ERR_REMOTE, true, false, 0, 0 },
    { "no words, read",
      "DescribeVpcs",
      0,
      { { STEP_ANSWER, 502, "<html>", "" }, OK },
      2,
      ERR_NONE,
      false,
      false,
      0,
      500 },
    { "no words, 429", "CreateVpc", 0, { { STEP_ANSWER, 429, "<html>", "" }, OK }, 2, ERR_NONE, false, false, 0, 500 },
    { "slow client, once",
      "CreateVpc",
      0,
      { { STEP_ANSWER, 400, "RequestTimeout", "" }, OK },
      2,
      ERR_NONE,
      false,
      false,
      0,
      500 },
    { "absent",
      "DescribeVpcs",
      0,
      { { STEP_ANSWER, 400, "InvalidVpcID.NotFound", "" }, OK },
      1,
      ERR_REMOTE,
      false,
      false,
      0,
      0 },
    { "absent, but new",
      "DescribeVpcs",
      AWS_FRESH,
      { { STEP_ANSWER, 400, "InvalidVpcID.NotFound", "" }, { STEP_ANSWER, 400, "InvalidVpcId.NotFound", "" }, OK },
      3,
      ERR_NONE,
      false,
      false,
      0,
      1500 },
    { "a quota",
      "CreateVpc",
      0,
      { { STEP_ANSWER, 400, "VpcLimitExceeded", "" }, OK },
      1,
      ERR_QUOTA,
      false,
      false,
      0,
      0 },
    { "no rights",
      "CreateVpc",
      0,
      { { STEP_ANSWER, 403, "UnauthorizedOperation", "" }, OK },
      1,
      ERR_AUTH,
      false,
      false,
      0,
      0 },
    { "no repeats wanted", "DescribeVpcs", AWS_NO_RETRY, { THROTTLE, OK }, 1, ERR_REMOTE, false, true, 0, 0 },
    { "in use",
      "DeleteVpc",
      0,
      { { STEP_ANSWER, 400, "DependencyViolation", "" }, OK },
      1,
      ERR_REMOTE,
      false,
      false,
      0,
      0 },
    { "a redirect",
      "DescribeVpcs",
      0,
      { { STEP_ANSWER, 301, "<R/>", "Location: http://127.0.0.1:1/\r\n" }, OK },
      1,
      ERR_REMOTE,
      false,
      false,
      0,
      0 },
};

static void write_steps(struct fixture *f, const struct row *row)
{
    for (size_t i = 0; i < ARRAY_LEN(row->steps) && row->steps[i].code; i++) {
        const struct one *one = &row->steps[i];
        struct step *step = !*one->code         ? fixture_says(f, one->status, FIXTURE_OK)
                            : *one->code == '<' ? fixture_says(f, one->status, one->code)
                                                : fixture_error(f, one->status, one->code, "why");
        step->kind = one->kind;
        (void)snprintf(step->headers, sizeof(step->headers), "%s", one->headers);
    }
}

static void table(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct err e = ERR_INIT;
        AUTO_JSON json_t *reply = NULL;
        fixture_again(f);
        write_steps(f, row);
        int64_t begin = f->clock.mono;
        int rc = aws_call(f->client, row->action, NULL, row->flags, &reply, &e);
        int64_t slept = f->clock.mono - begin;
        if (rc != (row->code ? -1 : 0) || e.code != row->code || e.retryable != row->retryable)
            fail_msg("%s: rc %d, code %d, retryable %d: %s", row->name, rc, e.code, e.retryable, e.msg);
        if (f->service->requests != row->requests)
            fail_msg("%s: %d requests", row->name, f->service->requests);
        if (slept < row->least_ms || slept > row->most_ms || f->clock.clock.waited_ms < slept)
            fail_msg("%s: slept %lld ms", row->name, (long long)slept);
        if (rc < 0 && aws_client_failure(f->client)->ambiguous != row->ambiguous)
            fail_msg("%s: ambiguous is %d", row->name, !row->ambiguous);
        assert_int_equal(strstr(e.msg, "may have been done") != NULL, row->ambiguous);
        assert_int_equal(reply != NULL, rc == 0);
    }
}

/* Nothing was sent: even what must not be sent twice is tried again. */
static void nobody_there(void **state)
{
    struct fixture *f = *state;
    struct err e = ERR_INIT;

    fixture_again(f);
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
    assert_int_equal(aws_call(f->client, "CreateVpc", NULL, 0, NULL, &e), -1);
    assert_int_equal(e.code, ERR_NET);
    assert_false(aws_client_failure(f->client)->ambiguous);
    assert_true(f->clock.mono - 1000 > 1000); /* seven pauses of up to 500 ms and more */
    expect_in(e.msg, "CreateVpc in 'eu-central-1'");
    expect_in(e.msg, "asked 8 times");
    expect_in(e.hint, "whether 'eu-central-1' is a region");
}

/* A kept connection that dies: libcurl would send the request again by itself. */
static void a_kept_connection(void **state)
{
    static const struct {
        const char *action;
        int rc, requests;
    } cases[] = { { "CreateVpc", -1, 2 }, { "DeleteVpc", 0, 3 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        fixture_again(f);
        fixture_says(f, 200, FIXTURE_OK);
        service_step(f->service, STEP_CUT, 0, "");
        fixture_says(f, 200, FIXTURE_OK);
        assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), 0);
        assert_int_equal(aws_call(f->client, cases[i].action, NULL, 0, NULL, &e), cases[i].rc);
        assert_int_equal(f->service->requests, cases[i].requests);
        assert_int_equal(f->clock.mono, 1000); /* no pause: it was not we who asked again */
    }
}

/* Full jitter: the pauses of many failures differ, and spread over the whole interval. */
static void jitter(void **state)
{
    struct fixture *f = *state;
    int low = 0, high = 0;

    for (int i = 0; i < 60; i++) {
        struct err e = ERR_INIT;
        fixture_again(f);
        fixture_error(f, 503, "RequestLimitExceeded", "why");
        fixture_says(f, 200, FIXTURE_OK);
        int64_t begin = f->clock.mono;
        assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), 0);
        if (f->clock.mono - begin < 250)
            low++;
        else
            high++;
    }
    /* Sixty fair coins: fewer than 8 of a side come once in 10^9 runs. */
    assert_true(low >= 8 && high >= 8);
}

static int interrupted(struct clock *c, int64_t ms, struct err *e)
{
    (void)c;
    (void)ms;
    return err_set(e, ERR_CANCELED, "interrupted");
}

static void ctrl_c_while_waiting(void **state)
{
    struct fixture *f = *state;
    struct err e = ERR_INIT;

    fixture_again(f);
    f->clock.clock.sleep_ms = interrupted;
    fixture_error(f, 503, "RequestLimitExceeded", "why");
    assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), -1);
    assert_int_equal(e.code, ERR_CANCELED);
    assert_int_equal(f->service->requests, 1);
    assert_string_equal(aws_client_failure(f->client)->code, "RequestLimitExceeded");
}

static void container_says(struct fixture *f, const char *token)
{
    AUTO_FREE char *body = xasprintf("{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"" SECRET
                                     "\",\"Token\":\"%s\",\"Expiration\":\"2099-01-01T00:00:00Z\"}",
                                     token);

    fixture_says(f, 200, body);
}

/* Credentials that AWS calls expired are fetched anew, once. */
static void expired_credentials(void **state)
{
    static const char *const codes[] = { "ExpiredToken", "RequestExpired", "ExpiredTokenException" };
    struct fixture *f = *state;
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/creds", f->service->port);

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct err e = ERR_INIT;
        fixture_again(f);
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
        container_says(f, "first-token");
        fixture_error(f, 400, codes[i], "expired");
        container_says(f, "second-token");
        fixture_says(f, 200, FIXTURE_OK);
        if (aws_call(f->client, "CreateVpc", NULL, 0, NULL, &e) < 0)
            fail_msg("%s: %s", codes[i], e.msg);
        assert_int_equal(f->service->requests, 4);
        expect_in(f->service->seen[1], "X-Amz-Security-Token: first-token\r\n");
        expect_in(f->service->seen[3], "X-Amz-Security-Token: second-token\r\n");
        /* Expired again: the end, not a circle. */
        fixture_error(f, 400, codes[i], "expired");
        container_says(f, "third-token");
        fixture_error(f, 400, codes[i], "expired");
        assert_int_equal(aws_call(f->client, "CreateVpc", NULL, 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_AUTH);
        assert_int_equal(f->service->requests, 7);
    }
}

static void credentials_that_cannot_be_renewed(void **state)
{
    struct fixture *f = *state;
    struct err e = ERR_INIT;

    fixture_again(f);
    fixture_error(f, 400, "ExpiredToken", "The security token included in the request is expired");
    assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), -1);
    assert_int_equal(f->service->requests, 1);
    assert_int_equal(e.code, ERR_AUTH);
    expect_in(e.hint, "log in again");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_kept_connection),
        cmocka_unit_test(jitter),
        cmocka_unit_test(ctrl_c_while_waiting),
        cmocka_unit_test(expired_credentials),
        cmocka_unit_test(credentials_that_cannot_be_renewed),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
