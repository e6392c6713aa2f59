/* Bodies of the Query protocol, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/query.h"
#include "core/util.h"

static void what_is_encoded(void **state)
{
    static const struct {
        const char *value, *body;
    } cases[] = {
        { "", "K=" },
        { "AZaz09-_.~", "K=AZaz09-_.~" },
        { " ", "K=%20" },
        { "a+b/c==", "K=a%2Bb%2Fc%3D%3D" },
        { "10.0.0.0/16&x=1", "K=10.0.0.0%2F16%26x%3D1" },
        { "\xc3\xa4\n\x01", "K=%C3%A4%0A%01" },
        { "%20", "K=%2520" },
        { "!*'()", "K=%21%2A%27%28%29" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
        aws_query_add(&q, "K", cases[i].value);
        assert_string_equal(q.body.data, cases[i].body);
    }
}

static void parameters_keep_their_order(void **state)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    (void)state;
    aws_query_add(&q, "VpcId", "vpc-1");
    aws_query_int(&q, "MinCount", 1);
    aws_query_int(&q, "Least", INT64_MIN);
    aws_query_addf(&q, "v", "TagSpecification.%d.Tag.%d.Key", 1, 2);
    aws_query_add(&q, "slipway:kind", "x");
    assert_string_equal(q.body.data, "VpcId=vpc-1&MinCount=1&Least=-9223372036854775808&TagSpecification.1.Tag.2.Key=v"
                                     "&slipway%3Akind=x");
}

static void filters_count_themselves(void **state)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    char last[64];

    (void)state;
    aws_query_add(&q, "Owner.1", "Filter.1.Name=");   /* a value cannot be taken for a filter */
    aws_query_addf(&q, "x", "My%s", "Filter.1.Name"); /* nor a longer key */
    aws_query_filter(&q, "tag:slipway:token", "0123");
    aws_query_filter(&q, "state", "available");
    assert_non_null(strstr(q.body.data, "&Filter.1.Name=tag%3Aslipway%3Atoken&Filter.1.Value.1=0123"
                                        "&Filter.2.Name=state&Filter.2.Value.1=available"));
    for (int i = 3; i <= 12; i++)
        aws_query_filter(&q, "n", "v");
    (void)snprintf(last, sizeof(last), "&Filter.12.Name=n&Filter.12.Value.1=v");
    assert_string_equal(q.body.data + q.body.len - strlen(last), last);
    assert_null(strstr(q.body.data, "Filter.13."));
}

static void a_body_has_a_ceiling(void **state)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    struct err e = ERR_INIT;
    char *big = malloc(70000);

    (void)state;
    assert_non_null(big);
    memset(big, 'x', 69999);
    big[69999] = '\0';
    aws_query_add(&q, "UserData", big);
    free(big);
    assert_int_equal(sbuf_check(&q.body, "the body", &e), -1);
    aws_query_done(&q);
    assert_int_equal(q.body.len, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded),
        cmocka_unit_test(parameters_keep_their_order),
        cmocka_unit_test(filters_count_themselves),
        cmocka_unit_test(a_body_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
