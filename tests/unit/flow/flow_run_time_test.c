/* Times as Prefect, Kubernetes and the journal write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/util.h"
#include "flow/flow_run_time.h"
#include <string.h>

static const struct {
    const char *text;
    int64_t us; /* -1: no time */
} cases[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "2026-11-21T07:27:46.945822Z", 1795246066945822 },
    { "2026-11-21T07:27:46Z", 1795246066000000 },
    { "2026-11-21T07:27:46.9458229999Z", 1795246066945822 },
    { "2026-11-21T07:27:46.5+00:00", 1795246066500000 },
    { "2026-11-21T08:27:46+01:00", 1795246066000000 },
    { "2026-11-21T08:27:46+0100", 1795246066000000 },
    { "2026-11-21T01:57:46-05:30", 1795246066000000 },
    { "2026-11-21 07:27:46", 1795246066000000 },
    { "2024-02-29T00:00:00Z", 1709164800000000 },
    { "", -1 },
    { "never", -1 },
    { "2026-11-21", -1 },
    { "2026-13-21T07:27:46Z", -1 },
    { "2026-11-00T07:27:46Z", -1 },
    { "2026-11-21T24:27:46Z", -1 },
    { "2026-11-21T07:27:46+1:00", -1 },
    { "2026-11-21T07:27:46Z more", -1 },
    { "2026-11-21T07:27:4", -1 },
};

static void read_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = flow_run_time_us(cases[i].text);
        if (got != cases[i].us)
            fail_msg("'%s': %lld, want %lld", cases[i].text, (long long)got, (long long)cases[i].us);
    }
}

static void scan_leaves_the_rest(void **state)
{
    const char *rest = NULL;
    int64_t us = 0;

    (void)state;
    assert_true(flow_run_time_scan("2026-11-21T07:27:46.945822123Z plain print", &us, &rest));
    assert_string_equal(rest, " plain print");
    assert_false(flow_run_time_scan("plain 2026-11-21T07:27:46Z", &us, &rest));
}

static void written_times(void **state)
{
    char text[32];

    (void)state;
    flow_run_time_iso(1795246066945822, text);
    assert_string_equal(text, "2026-11-21T07:27:46.945822Z");
    assert_int_equal(flow_run_time_us(text), 1795246066945822);
    flow_run_time_iso(1795246066000007, text);
    assert_string_equal(text, "2026-11-21T07:27:46.000007Z");
    flow_run_time_show(1795246066945822, text);
    assert_string_equal(text, "2026-11-21 07:27:46.945");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_times),
        cmocka_unit_test(scan_leaves_the_rest),
        cmocka_unit_test(written_times),
    };

    return cmocka_run_group_tests_name("flow/flow_run_time", tests, NULL, NULL);
}
