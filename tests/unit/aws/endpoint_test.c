/* Where a service answers: the variables, the profile, the partitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/scratch.h"
#include "aws/endpoint.h"
#include "aws/profile.h"

static const char *const variables[] = {
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
    "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING",
    "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
};

static const char config[] =
    "[default]\nregion = eu-west-1\n"
    "[profile one]\nendpoint_url = http://127.0.0.1:1/\n"
    "[profile two]\nservices = mine\nendpoint_url = http://127.0.0.1:2\n"
    "[profile off]\nendpoint_url = http://127.0.0.1:3\nignore_configured_endpoint_urls = true\n"
    "[services mine]\nec2 =\n  endpoint_url = http://127.0.0.1:4\n"
    "service_quotas =\n  endpoint_url = http://127.0.0.1:5/sq/\n";

struct row {
    const char *set[3]; /* "NAME=value" */
    const char *service, *region, *url;
};

static const struct row rows[] = {
    { { NULL }, "ec2", "eu-central-1", "https://ec2.eu-central-1.amazonaws.com" },
    { { NULL }, "sts", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn" },
    { { NULL }, "ssm", "us-gov-west-1", "https://ssm.us-gov-west-1.amazonaws.com" },
    { { NULL }, "servicequotas", "eusc-de-east-1", "https://servicequotas.eusc-de-east-1.amazonaws.eu" },
    { { NULL }, "elasticloadbalancing", "us-east-1", "https://elasticloadbalancing.us-east-1.amazonaws.com" },
    { { "AWS_ENDPOINT_URL=http://127.0.0.1:9///" }, "ec2", "us-east-1", "http://127.0.0.1:9" },
    { { "AWS_ENDPOINT_URL=" }, "ec2", "us-east-1", "https://ec2.us-east-1.amazonaws.com" },
    { { "AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_ENDPOINT_URL_EC2=http://127.0.0.1:8/x" },
      "ec2",
      "us-east-1",
      "http://127.0.0.1:8/x" },
    { { "AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_ENDPOINT_URL_EC2=http://127.0.0.1:8" },
      "sts",
      "us-east-1",
      "http://127.0.0.1:9" },
    { { "AWS_ENDPOINT_URL_EC2=http://127.0.0.1:8" }, "sts", "us-east-1", "https://sts.us-east-1.amazonaws.com" },
    { { "AWS_ENDPOINT_URL_SERVICE_QUOTAS=http://127.0.0.1:7" }, "servicequotas", "us-east-1", "http://127.0.0.1:7" },
    { { "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING=http://127.0.0.1:6" },
      "elasticloadbalancing",
      "us-east-1",
      "http://127.0.0.1:6" },
    { { "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=http://127.0.0.1:6" },
      "elasticloadbalancing",
      "us-east-1",
      "http://127.0.0.1:6" },
    { { "AWS_PROFILE=one" }, "sts", "us-east-1", "http://127.0.0.1:1" },
    { { "AWS_PROFILE=one", "AWS_ENDPOINT_URL=http://127.0.0.1:9" }, "sts", "us-east-1", "http://127.0.0.1:9" },
    { { "AWS_PROFILE=two" }, "ec2", "us-east-1", "http://127.0.0.1:4" },
    { { "AWS_PROFILE=two", "AWS_ENDPOINT_URL=http://127.0.0.1:9" }, "ec2", "us-east-1", "http://127.0.0.1:9" },
    { { "AWS_PROFILE=two" }, "servicequotas", "us-east-1", "http://127.0.0.1:5/sq" },
    { { "AWS_PROFILE=two" }, "sts", "us-east-1", "http://127.0.0.1:2" },
    { { "AWS_PROFILE=off" }, "ec2", "us-east-1", "https://ec2.us-east-1.amazonaws.com" },
    { { "AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE" },
      "ec2",
      "us-east-1",
      "https://ec2.us-east-1.amazonaws.com" },
    { { "AWS_PROFILE=off", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false" }, "ec2", "us-east-1", "http://127.0.0.1:3" },
};

static void clear(void)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
}

static struct aws_profiles *load(const struct row *row)
{
    struct aws_profiles *p = NULL;
    struct err e = ERR_INIT;

    clear();
    for (size_t i = 0; i < ARRAY_LEN(row->set) && row->set[i]; i++) {
        const char *eq = strchr(row->set[i], '=');
        AUTO_FREE char *name = xstrndup(row->set[i], (size_t)(eq - row->set[i]));
        setenv(name, eq + 1, 1);
    }
    if (aws_profiles_load(&p, &e) < 0)
        fail_msg("%s", e.msg);
    return p;
}

static int start(void **state)
{
    if (scratch_setup(state) < 0)
        return -1;
    AUTO_FREE char *path = fsx_join(*state, "config");
    AUTO_FREE char *none = fsx_join(*state, "credentials");
    scratch_write(path, config, strlen(config));
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", none, 1);
    return 0;
}

static void where(void **state)
{
    char url[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct aws_profiles *p = load(&rows[i]);
        struct err e = ERR_INIT;
        if (aws_endpoint(p, rows[i].service, rows[i].region, url, &e) < 0)
            fail_msg("row %zu: %s", i, e.msg);
        if (strcmp(url, rows[i].url) != 0)
            fail_msg("row %zu: '%s', not '%s'", i, url, rows[i].url);
        aws_profiles_free(p);
    }
    clear();
}

static void partitions(void **state)
{
    static const struct {
        const char *region, *partition;
    } cases[] = {
        { "eu-central-1", "aws" },         { "us-east-1", "aws" },           { "cn-northwest-1", "aws-cn" },
        { "us-gov-east-1", "aws-us-gov" }, { "eusc-de-east-1", "aws-eusc" }, { "ca-central-1", "aws" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(aws_partition(cases[i].region), cases[i].partition);
}

/* The region becomes a part of a host name. */
static void no_regions(void **state)
{
    static const char *const names[] = {
        "",
        "evil.example.com/",
        "eu-central-1.evil",
        "EU-CENTRAL-1",
        "eu central 1",
        "-x",
        "a@b",
        "eu-central-1\r\nX: y",
        "abcdefghijklmnopqrstuvwxyz-0123456789",
    };
    static const struct row none = { { NULL }, NULL, NULL, NULL };
    struct aws_profiles *p = load(&none);
    char url[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(aws_endpoint(p, "ec2", names[i], url, &e), -1);
        assert_int_equal(e.code, ERR_SPEC);
        assert_true(e.hint[0]);
    }
    aws_profiles_free(p);
}

static void a_url_too_long(void **state)
{
    static const struct row none = { { NULL }, NULL, NULL, NULL };
    struct aws_profiles *p = load(&none);
    struct err e = ERR_INIT;
    char url[512], big[600];

    (void)state;
    memset(big, 'x', sizeof(big));
    memcpy(big, "http://127.0.0.1/", 17);
    big[sizeof(big) - 1] = '\0';
    setenv("AWS_ENDPOINT_URL", big, 1);
    assert_int_equal(aws_endpoint(p, "ec2", "us-east-1", url, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    aws_profiles_free(p);
    clear();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(where),
        cmocka_unit_test(partitions),
        cmocka_unit_test(no_regions),
        cmocka_unit_test(a_url_too_long),
    };
    return cmocka_run_group_tests(tests, start, scratch_teardown);
}
