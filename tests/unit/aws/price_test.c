// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "aws/price.h"
#include "aws/price_table.h"
#include "core/util.h"
#include <math.h>
#include <string.h>

static void rows_sorted_unique_positive(void **state)
{
    (void)state;
    for (const struct price_region *r = price_region_table; r->name; r++) {
        if (r != price_region_table && strcmp(r[-1].name, r->name) >= 0)
            fail_msg("region '%s' is not after '%s'", r->name, r[-1].name);
        assert_true(r->gp3_gib_month > 0.05 && r->gp3_gib_month < 0.2);
        for (size_t i = 0; i < PRICE_FAMILIES; i++)
            if (r->large_hour[i] != 0 && (r->large_hour[i] < 0.05 || r->large_hour[i] > 0.25))
                fail_msg("%s %s.large: %f is not a likely price", r->name, price_family_table[i].name,
                         r->large_hour[i]);
    }
    size_t n = 0;
    for (const struct price_family *f = price_family_table; f->name; f++, n++)
        if (n && strcmp(f[-1].name, f->name) >= 0)
            fail_msg("family '%s' is not after '%s'", f->name, f[-1].name);
    assert_int_equal(n, PRICE_FAMILIES);
    for (const struct price_size *s = price_size_table + 1; s->name; s++)
        assert_true(fabs(s->large - 2 * s[-1].large) < 1e-9);
    assert_int_equal(strlen(price_table_date), strlen("2025-03-02"));
}

/* A slip of a digit breaks one of the ratios that AWS keeps to in every region. */
static void families_keep_their_ratio(void **state)
{
    static const struct {
        const char *a, *b;
        double low, high;
    } ratios[] = {
        { "c6i", "c5", 0.94, 1.001 }, { "m6i", "m5", 0.999, 1.001 }, { "r6i", "r5", 0.999, 1.001 },
        { "m7i", "m6i", 1.04, 1.06 }, { "m6a", "m6i", 0.89, 0.91 },  { "m6g", "m5", 0.79, 0.81 },
        { "m7g", "m6g", 1.05, 1.07 }, { "c7g", "c5", 0.8, 0.86 },    { "t3a", "t3", 0.89, 0.91 },
        { "t4g", "t3", 0.79, 0.81 },
    };

    (void)state;
    for (const struct price_region *r = price_region_table; r->name; r++)
        for (size_t i = 0; i < ARRAY_LEN(ratios); i++) {
            char a[32], b[32];
            snprintf(a, sizeof(a), "%s.large", ratios[i].a);
            snprintf(b, sizeof(b), "%s.large", ratios[i].b);
            struct aws_price pa = aws_price_of(r->name, a), pb = aws_price_of(r->name, b);
            double q = pa.known && pb.known ? pa.instance_hour / pb.instance_hour : ratios[i].low;
            if (q < ratios[i].low || q > ratios[i].high)
                fail_msg("%s: %s costs %.3f of %s", r->name, a, q, b);
        }
}

static void well_known_values(void **state)
{
    static const struct {
        const char *region, *type;
        double hour; /* 0: unknown */
    } cases[] = {
        { "us-east-1", "t3.micro", 0.0104 },
        { "us-east-1", "t3.medium", 0.0416 },
        { "us-east-1", "m5.large", 0.096 },
        { "us-east-1", "c5.4xlarge", 0.68 },
        { "us-east-1", "t4g.nano", 0.0042 },
        { "us-east-1", "r5.2xlarge", 0.504 },
        { "eu-central-1", "t3.medium", 0.048 },
        { "eu-central-1", "t4g.small", 0.0192 },
        { "eu-central-1", "m6i.4xlarge", 0.92 },
        { "eu-north-1", "t4g.medium", 0.0344 },
        { "ap-southeast-1", "t3.large", 0.1056 },
        { "eu-north-1", "t3a.large", 0 },
        { "eu-west-3", "c6i.large", 0 },
        { "us-east-1", "m5.medium", 0 },
        { "us-east-1", "t3.4xlarge", 0 },
        { "us-east-1", "m5.8xlarge", 0 },
        { "us-east-1", "p5.48xlarge", 0 },
        { "us-east-1", "t3", 0 },
        { "us-east-1", "t.medium", 0 },
        { "us-east-1", "t3.", 0 },
        { "us-east-1", "", 0 },
        { "mars-east-1", "t3.medium", 0 },
        { "", "t3.medium", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_price p = aws_price_of(cases[i].region, cases[i].type);
        double got = p.known ? p.instance_hour : 0;
        if (fabs(got - cases[i].hour) > 1e-7)
            fail_msg("%s in %s: %f, not %f", cases[i].type, cases[i].region, got, cases[i].hour);
        assert_string_equal(p.date, price_table_date);
    }
}

static void whole_hour(void **state)
{
    struct aws_price p = aws_price_of("eu-central-1", "t3.medium"), unknown = aws_price_of("eu-central-1", "x9.huge");

    (void)state;
    /* 730 hours of t3.medium (35.04), 20 GiB (1.904) and an address (3.65) */
    assert_true(fabs(aws_price_hour(&p, 20) * AWS_HOURS_PER_MONTH - 40.594) < 1e-6);
    assert_true(aws_price_hour(&unknown, 20) < 0);
}

static void type_for_a_size(void **state)
{
    static const struct {
        int vcpus, mem;
        const char *type, *arm; /* NULL: none */
    } cases[] = {
        { 1, 1, "t3.micro", "t4g.micro" },
        { 2, 2, "t3.small", "t4g.small" },
        { 2, 4, "t3.medium", "t4g.medium" },
        { 2, 5, "t3.large", "t4g.large" },
        { 2, 16, "r6i.large", "t4g.xlarge" },
        { 4, 8, "t3.xlarge", "t4g.xlarge" },
        { 4, 16, "t3.xlarge", "t4g.xlarge" },
        { 8, 32, "t3.2xlarge", "t4g.2xlarge" },
        { 8, 64, "r6i.2xlarge", "m7g.4xlarge" },
        { 16, 32, "c6i.4xlarge", "c7g.4xlarge" },
        { 16, 128, "r6i.4xlarge", NULL },
        { 17, 1, NULL, NULL },
        { 1, 129, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *x86 = aws_type_for(cases[i].vcpus, cases[i].mem, false);
        const char *arm = aws_type_for(cases[i].vcpus, cases[i].mem, true);
        if ((x86 != cases[i].type && (!x86 || !cases[i].type || strcmp(x86, cases[i].type) != 0)) ||
            (arm != cases[i].arm && (!arm || !cases[i].arm || strcmp(arm, cases[i].arm) != 0)))
            fail_msg("%dx%d: '%s' and '%s'", cases[i].vcpus, cases[i].mem, x86 ? x86 : "none", arm ? arm : "none");
    }
}

/* What is chosen for somebody has a price that can be shown, and nothing cheaper would have done. */
static void shapes_have_prices(void **state)
{
    double before = 0;

    (void)state;
    for (const struct price_shape *s = price_shape_table; s->type; s++) {
        struct aws_price p = aws_price_of("us-east-1", s->type);
        if (!p.known || p.instance_hour < before)
            fail_msg("'%s' costs %f after %f", s->type, p.instance_hour, before);
        before = p.instance_hour;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_sorted_unique_positive),
        cmocka_unit_test(families_keep_their_ratio),
        cmocka_unit_test(well_known_values),
        cmocka_unit_test(whole_hour),
        cmocka_unit_test(type_for_a_size),
        cmocka_unit_test(shapes_have_prices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
