/* What is sent, what comes back, and what is told to people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/action.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "client_fixture.h"
#include "core/jsonx.h"
#include "core/svec.h"

static char *line_of(const char *request, const char *name)
{
    AUTO_FREE char *mark = xasprintf("\r\n%s: ", name);
    const char *at = strstr(request, mark);

    if (!at)
        fail_msg("no header %s in %s", name, request);
    at += 2;
    return xstrndup(at, strcspn(at, "\r"));
}

/* The signature over what arrived is the one that arrived. */
static void check_signature(const char *request, const char *service, const char *region, const char *session)
{
    static const char *const names[] = { "Host", "Content-Type", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Target" };
    AUTO_SVEC struct svec headers = SVEC_INIT;
    AUTO_SBUF struct sbuf line = SBUF_INIT(64 << 10);
    char key[] = KEY_ID, secret[] = SECRET;
    AUTO_FREE char *token = session ? xstrdup(session) : NULL;
    const struct aws_credentials c = { .key_id = key, .secret = secret, .session = token };
    struct sigv4_scope scope = { .region = region, .service = service, .normalize = true };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_FREE char *mark = xasprintf("\r\n%s: ", names[i]);
        if (!strstr(request, mark))
            continue;
        AUTO_FREE char *header = line_of(request, names[i]);
        svec_add(&headers, header);
        if (strcmp(names[i], "X-Amz-Date") == 0)
            (void)snprintf(scope.time, sizeof(scope.time), "%s", header + strlen("X-Amz-Date: "));
    }
    const char *path = request + strlen("POST "), *body = strstr(request, "\r\n\r\n") + 4;
    AUTO_FREE char *path_alone = xstrndup(path, strcspn(path, " "));
    const struct sigv4_request r = { "POST", path_alone, "", svec_argv(&headers), body, strlen(body) };
    MUST(sigv4_authorization(&line, &r, &scope, &c, e));
    AUTO_FREE char *sent = line_of(request, "Authorization");
    assert_string_equal(sent, line.data);
}

static void query_request(void **state)
{
    struct fixture *f = *state;
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *reply = NULL;
    AUTO_FREE char *host = NULL;

    fixture_again(f);
    fixture_says(f, 200, FIXTURE_OK);
    aws_query_filter(&q, "tag:slipway:token", "a b");
    assert_string_equal(aws_client_source(f->client), "");
    assert_int_equal(f->service->requests, 0); /* nothing before the first call */
    MUST(aws_call(f->client, "DescribeVpcs", &q, 0, &reply, e));
    assert_string_equal(jsonx_str(reply, "vpcSet.0.vpcId"), "vpc-1");
    const char *seen = f->service->seen[0];
    host = xasprintf("\r\nHost: 127.0.0.1:%d\r\n", f->service->port);
    assert_int_equal(strncmp(seen, "POST / HTTP/1.1\r\n", 17), 0);
    expect_in(seen, host);
    expect_in(seen, "\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n");
    expect_in(seen, "\r\nX-Amz-Date: 20231114T221321Z\r\n"); /* of the clock that was given */
    expect_in(seen, "\r\n\r\nAction=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Aslipway%3Atoken&"
                    "Filter.1.Value.1=a%20b");
    assert_null(strstr(seen, "X-Amz-Security-Token"));
    assert_null(strstr(seen, SECRET));
    check_signature(seen, "ec2", "eu-central-1", NULL);
    assert_true(*aws_client_source(f->client) != '\0');
}

static void versions_and_targets(void **state)
{
    static const struct {
        const char *action, *begin, *service;
    } cases[] = {
        { "GetCallerIdentity", "Action=GetCallerIdentity&Version=2011-06-15", "sts" },
        { "DescribeLoadBalancers", "Action=DescribeLoadBalancers&Version=2015-12-01", "elasticloadbalancing" },
        { "classic:DescribeTags", "Action=DescribeTags&Version=2012-06-01", "elasticloadbalancing" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *end = xasprintf("\r\n\r\n%s", cases[i].begin);
        fixture_again(f);
        fixture_says(f, 200, "<R/>");
        MUST(aws_call(f->client, cases[i].action, NULL, 0, NULL, e));
        assert_string_equal(strstr(f->service->seen[0], "\r\n\r\n"), end);
        check_signature(f->service->seen[0], cases[i].service, "eu-central-1", NULL);
    }
}

static void json_request(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON json_t *args = json_pack("{s:s}", "Name", "/aws/service/debian");
    AUTO_JSON json_t *reply = NULL;

    fixture_again(f);
    setenv("AWS_SESSION_TOKEN", "the-session+token==", 1);
    fixture_says(f, 200, "{\"Parameter\":{\"Value\":\"ami-1\"}}");
    MUST(aws_call_json(f->client, "GetParameter", args, &reply, e));
    assert_string_equal(jsonx_str(reply, "Parameter.Value"), "ami-1");
    const char *seen = f->service->seen[0];
    expect_in(seen, "\r\nX-Amz-Target: AmazonSSM.GetParameter\r\n");
    expect_in(seen, "\r\nContent-Type: application/x-amz-json-1.1\r\n");
    expect_in(seen, "\r\nX-Amz-Security-Token: the-session+token==\r\n");
    assert_string_equal(strstr(seen, "\r\n\r\n"), "\r\n\r\n{\"Name\":\"/aws/service/debian\"}");
    check_signature(seen, "ssm", "eu-central-1", "the-session+token==");
    MUST(aws_call_json(f->client, "GetServiceQuota", NULL, NULL, e));
    expect_in(f->service->seen[1], "\r\nX-Amz-Target: ServiceQuotasV20190624.GetServiceQuota\r\n");
    assert_string_equal(strstr(f->service->seen[1], "\r\n\r\n"), "\r\n\r\n{}");
}

static void endpoint_with_a_path(void **state)
{
    struct fixture *f = *state;
    AUTO_FREE char *url = xasprintf("http://user:pw@127.0.0.1:%d/proxy/ec2/", f->service->port);

    fixture_again(f);
    setenv("AWS_ENDPOINT_URL_EC2", url, 1);
    fixture_says(f, 200, "<R/>");
    MUST(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, e));
    assert_int_equal(strncmp(f->service->seen[0], "POST /proxy/ec2/ HTTP/1.1\r\n", 27), 0);
}

static void calls_that_are_none(void **state)
{
    struct fixture *f = *state;
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    char *big = xcalloc(70000, 1);

    memset(big, 'x', 69999);
    fixture_again(f);
    fixture_says(f, 200, "<R/>");
    struct err e = ERR_INIT;
    assert_int_equal(aws_call(f->client, "DescribeEverything", NULL, 0, NULL, &e), -1);
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_int_equal(aws_call(f->client, "GetParameter", NULL, 0, NULL, &e), -1); /* is JSON */
    assert_int_equal(aws_call(f->client, "GetCallerIdentity", NULL, AWS_DRY_RUN, NULL, &e), -1);
    assert_int_equal(aws_call_json(f->client, "DescribeVpcs", NULL, NULL, &e), -1);
    aws_query_add(&q, "UserData", big);
    free(big);
    assert_int_equal(aws_call(f->client, "RunInstances", &q, 0, NULL, &e), -1); /* cut short: not sent */
    assert_int_equal(f->service->requests, 0);
}

static void pages(void **state)
{
    struct fixture *f = *state;
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *all = NULL;
    AUTO_JSON json_t *balancers = NULL;

    fixture_again(f);
    aws_query_add(&q, "MaxResults", "5");
    fixture_says(f, 200, "<R><vpcSet><item><vpcId>1</vpcId></item></vpcSet><nextToken>t+1</nextToken></R>");
    fixture_says(f, 200, "<R><vpcSet/><nextToken>t2</nextToken></R>");
    fixture_says(f, 200,
                 "<R><vpcSet><item><vpcId>2</vpcId></item><item><vpcId>3</vpcId></item></vpcSet><nextToken/></R>");
    MUST(aws_call_all(f->client, "DescribeVpcs", &q, "vpcSet", &all, e));
    assert_int_equal(json_array_size(all), 3);
    assert_string_equal(jsonx_str(all, "2.vpcId"), "3");
    expect_in(f->service->seen[1], "&MaxResults=5&NextToken=t%2B1");
    expect_in(f->service->seen[2], "&MaxResults=5&NextToken=t2");
    fixture_again(f);
    fixture_says(f, 200,
                 "<R><X><LoadBalancers><member><A>1</A></member></LoadBalancers><NextMarker>m</NextMarker></X></R>");
    fixture_says(f, 200, "<R><X><LoadBalancers><member><A>2</A></member></LoadBalancers></X></R>");
    MUST(aws_call_all(f->client, "DescribeLoadBalancers", NULL, "X.LoadBalancers", &balancers, e));
    assert_int_equal(json_array_size(balancers), 2);
    expect_in(f->service->seen[1], "&Marker=m");
}

static void pages_without_end(void **state)
{
    struct fixture *f = *state;
    json_t *all = NULL;
    struct err e = ERR_INIT;

    fixture_again(f);
    fixture_says(f, 200, "<R><vpcSet/><nextToken>again</nextToken></R>");
    assert_int_equal(aws_call_all(f->client, "DescribeVpcs", NULL, "vpcSet", &all, &e), -1);
    assert_int_equal(e.code, ERR_REMOTE);
    assert_null(all);
    expect_in(e.msg, "pages");
}

static void dry_runs(void **state)
{
    static const struct {
        const char *action, *code;
        int status, rc;
    } cases[] = {
        { "RunInstances", "DryRunOperation", 412, 0 },
        { "RunInstances", "UnauthorizedOperation", 403, -1 },
        { "RunInstances", "", 200, -1 }, /* it was done! */
        { "DescribeVpcs", "", 200, 0 },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *reply = NULL;
        fixture_again(f);
        if (*cases[i].code)
            fixture_error(f, cases[i].status, cases[i].code, "Request would have succeeded, but DryRun flag is set.");
        else
            fixture_says(f, 200, FIXTURE_OK);
        assert_int_equal(aws_call(f->client, cases[i].action, NULL, AWS_DRY_RUN, &reply, &e), cases[i].rc);
        assert_int_equal(json_is_object(reply), cases[i].rc == 0);
        expect_in(f->service->seen[0], "&DryRun=true");
    }
}

static void regions(void **state)
{
    static const char config[] = "[default]\nregion = from-default-1\n[profile other]\nregion = from-other-1\n"
                                 "[profile none]\noutput = json\n";

    static const struct {
        const char *spec, *env, *env_default, *profile, *region;
    } cases[] = {
        { "eu-south-1", "from-env-1", "from-env-2", "other", "eu-south-1" },
        { "", "from-env-1", "from-env-2", "other", "from-env-1" },
        { NULL, "", "from-env-2", "other", "from-env-2" },
        { NULL, "", "", "other", "from-other-1" },
        { NULL, "", "", "", "from-default-1" },
        { NULL, "", "", "none", NULL },
    };
    struct fixture *f = *state;
    AUTO_FREE char *path = fsx_join(f->dir, "config");

    scratch_write(path, config, strlen(config));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        struct aws_client *c = NULL;
        fixture_again(f);
        setenv("AWS_REGION", cases[i].env, 1);
        setenv("AWS_DEFAULT_REGION", cases[i].env_default, 1);
        setenv("AWS_PROFILE", cases[i].profile, 1);
        int rc = aws_client_new(&c, cases[i].spec, &f->clock.clock, f->ui, &e);
        if (cases[i].region) {
            assert_int_equal(rc, 0);
            assert_string_equal(aws_client_region(c), cases[i].region);
        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(e.code, ERR_SPEC);
            expect_in(e.msg, "'none'");
            expect_in(e.hint, "provider.aws.region");
        }
        aws_client_free(c);
    }
    (void)unlink(path);
}

/* Every call takes its place on the wire once, and names are what AWS's are. */
static void the_table(void **state)
{
    (void)state;
    for (const struct aws_action *a = aws_action_table; a->name; a++) {
        assert_ptr_equal(aws_action_find(a->name), a);
        assert_null(strchr(aws_action_wire(a), ':'));
        assert_true((a->protocol == AWS_QUERY) == (a->version[0] == '2'));
        bool reads = strncmp(aws_action_wire(a), "Describe", 8) == 0 || strncmp(a->name, "Get", 3) == 0;
        assert_int_equal(reads, a->repeat == AWS_READ);
        assert_int_equal(a->dry_run, strcmp(a->service, "ec2") == 0);
    }
    assert_null(aws_action_find("describevpcs"));
    assert_string_equal(aws_action_wire(aws_action_find("classic:DescribeTags")), "DescribeTags");
}

static char *log_of(struct fixture *f)
{
    AUTO_FREE char *path = fsx_join(f->dir, "log");

    return scratch_read(path, NULL);
}

/* The whole body of an error goes to the log, secrets do not. */
static void log_and_secrets(void **state)
{
    struct fixture *f = *state;
    struct err e = ERR_INIT;

    fixture_again(f);
    fixture_says(f, 403,
                 "<Response><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>first line\nThe Canonical String "
                 "was " SECRET " deep-in-the-body</Message></Error></Errors><RequestID>req-7</RequestID></Response>");
    assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), -1);
    assert_null(strstr(e.msg, "Canonical"));
    expect_in(e.msg, "first line (request req-7)");
    AUTO_FREE char *log = log_of(f);
    expect_in(log, "deep-in-the-body");
    expect_in(log, "DescribeVpcs");
    expect_in(log, "req-7");
    expect_in(log, "was *** deep");
    assert_null(strstr(log, SECRET));
}

static void waits_are_told(void **state)
{
    struct fixture *f = *state;

    fixture_again(f);
    service_header(fixture_error(f, 503, "RequestLimitExceeded", "why"), "Retry-After", "7");
    fixture_says(f, 200, FIXTURE_OK);
    MUST(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, e));
    AUTO_FREE char *log = log_of(f);
    expect_in(log, "DescribeVpcs: RequestLimitExceeded, again in 7.0 s");
}

static void clocks(void **state)
{
    /* The fixture's clock says 22:13:21. */
    static const struct {
        const char *code, *date, *says;
    } cases[] = {
        { "RequestExpired", "Tue, 14 Nov 2023 22:30:24 GMT", "this host's clock is 17 min 3 s behind AWS's" },
        { "SignatureDoesNotMatch", "Tue, 14 Nov 2023 22:09:20 GMT", "this host's clock is 4 min 1 s ahead of AWS's" },
        { "AuthFailure", "Wed, 15 Nov 2023 22:13:21 GMT", "this host's clock is 24 h 0 min behind AWS's" },
        { "InvalidSignatureException", "Tue, 14 Nov 2023 21:13:21 GMT",
          "this host's clock is 1 h 0 min ahead of AWS's" },
        { "RequestTimeTooSkewed", "Tue, 14 Nov 2023 22:30:24 GMT", "17 min 3 s behind" },
        { "SignatureDoesNotMatch", "Tue, 14 Nov 2023 22:09:21 GMT", NULL }, /* 4 minutes: its signature is good */
        { "SignatureDoesNotMatch", "yesterday", NULL },
        { "UnauthorizedOperation", "Tue, 14 Nov 2023 22:30:24 GMT", NULL },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        fixture_again(f);
        service_header(fixture_error(f, 400, cases[i].code, "why"), "Date", cases[i].date);
        assert_int_equal(aws_call(f->client, "DescribeVpcs", NULL, 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_AUTH);
        if (cases[i].says) {
            expect_in(e.msg, cases[i].says);
            expect_in(e.hint, "timedatectl set-ntp true");
        } else {
            assert_null(strstr(e.msg, "clock"));
            assert_null(strstr(e.hint, "timedatectl"));
        }
    }
}

/* AWS_CA_BUNDLE, or the profile's: named when the certificates are asked for. */
static void ca_bundle(void **state)
{
    static const char config[] = "[default]\nca_bundle = /nonexistent/of-profile.pem\n";

    static const struct {
        const char *env, *says;
    } cases[] = { { "/nonexistent/of-env.pem", "/nonexistent/of-env.pem" }, { "", "/nonexistent/of-profile.pem" } };
    struct fixture *f = *state;
    AUTO_FREE char *path = fsx_join(f->dir, "config");
    AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d", f->service->port);

    scratch_write(path, config, strlen(config));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        struct aws_client *c = NULL;
        fixture_again(f);
        setenv("AWS_CA_BUNDLE", cases[i].env, 1);
        setenv("AWS_ENDPOINT_URL", url, 1);
        assert_int_equal(aws_client_new(&c, "eu-central-1", &f->clock.clock, f->ui, &e), 0);
        assert_int_equal(aws_call(c, "DescribeVpcs", NULL, 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_AUTH);
        expect_in(e.msg, cases[i].says);
        aws_client_free(c);
    }
    (void)unlink(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_request),
        cmocka_unit_test(versions_and_targets),
        cmocka_unit_test(json_request),
        cmocka_unit_test(endpoint_with_a_path),
        cmocka_unit_test(calls_that_are_none),
        cmocka_unit_test(pages),
        cmocka_unit_test(pages_without_end),
        cmocka_unit_test(dry_runs),
        cmocka_unit_test(regions),
        cmocka_unit_test(the_table),
        cmocka_unit_test(log_and_secrets),
        cmocka_unit_test(waits_are_told),
        cmocka_unit_test(clocks),
        cmocka_unit_test(ca_bundle),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
