/* Cron expressions, recurrence rules, anchors, time zones, and the slugs that are made of them. What is accepted here
 * was compared with Prefect 3.8.3 over 4000 random expressions: only steps past the range are refused here alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include "spec/whole.h"
#include <cmocka.h>

struct text {
    const char *text, *want; /* want NULL: refused */
};

static void check_all(field_accept *accept, const struct text *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err e = ERR_INIT;
        AUTO_FREE char *got = accept(cases[i].text, "/", &e);
        if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
            fail_msg("'%s': got '%s', want '%s'; %s", cases[i].text, got ? got : "-",
                     cases[i].want ? cases[i].want : "-", e.msg);
        assert_int_equal(e.code, got ? ERR_NONE : ERR_SPEC);
    }
}

static void cron_expressions(void **state)
{
    static const struct text cases[] = {
        { "0 6 * * *", "0 6 * * *" },
        { "  0   6 * *\t* ", "0 6 * * *" },
        { "*/15 9-17/2 1,15 jan-mar,DEC mon-Fri", "*/15 9-17/2 1,15 jan-mar,DEC mon-Fri" },
        { "0 22-6 * * fri-mon", "0 22-6 * * fri-mon" }, /* over midnight and over the weekend */
        { "5/10 0 * * 7", "5/10 0 * * 7" },
        { "59 23 31 12 0", "59 23 31 12 0" },
        { "@hourly", "@hourly" },
        { "@annually", "@annually" },
        { "0 0 29 feb *", "0 0 29 feb *" },
        { "0 0 31 feb mon", "0 0 31 feb mon" }, /* the Mondays remain */
        { "0 0 31 feb *", NULL },
        { "0 0 31 feb 0-6", NULL },
        { "0 0 31 4,6,9,11 *", NULL },
        { "@Hourly", NULL },
        { "@every 5m", NULL },
        { "60 * * * *", NULL },
        { "* 24 * * *", NULL },
        { "* * 0 * *", NULL },
        { "* * 32 * *", NULL },
        { "* * * 0 *", NULL },
        { "* * * * 8", NULL },
        { "* * * mon *", NULL },
        { "* * * * jan", NULL },
        { "* * * * monday", NULL },
        { "-1 * * * *", NULL },
        { "1- * * * *", NULL },
        { "1-2-3 * * * *", NULL },
        { "*/ * * * *", NULL },
        { "*/0 * * * *", NULL },
        { "*/90 * * * *", NULL }, /* would run each hour */
        { "1, * * * *", NULL },
        { "** * * * *", NULL },
        { "000001 * * * *", NULL },
        { "99999999999999999999 * * * *", NULL },
        { "* * * *", NULL },
        { "* * * * * *", NULL },
        { " ", NULL },
        { "\xff * * * *", NULL },
    };

    (void)state;
    check_all(check_cron, cases, ARRAY_LEN(cases));
}

static void recurrence_rules(void **state)
{
#define SAME(text) text, text
    static const struct text cases[] = {
        { SAME("FREQ=DAILY") },
        { SAME("FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU") },
        { SAME("FREQ=MONTHLY;BYDAY=-1FR,+2MO;BYHOUR=18;BYMINUTE=0,30;BYSECOND=0") },
        { SAME("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;INTERVAL=2;COUNT=9") },
        { SAME("FREQ=YEARLY;BYYEARDAY=-366;BYWEEKNO=53;BYSETPOS=-1") },
        { SAME("FREQ=DAILY;UNTIL=20261231") },
        { SAME("FREQ=DAILY;UNTIL=20261231T235959Z") },
        { "freq=daily", NULL },
        { "RRULE:FREQ=DAILY", NULL },
        { "FREQ=", NULL },
        { "FREQ=DAILY;", NULL },
        { "FREQ=DAILY,WEEKLY", NULL },
        { "FREQ=DAILY;FREQ=WEEKLY", NULL },
        { "FREQ=DAILY;INTERVAL=0", NULL },
        { "FREQ=DAILY;INTERVAL=1,2", NULL },
        { "FREQ=DAILY;INTERVAL=-1", NULL },
        { "FREQ=DAILY;INTERVAL=99999999999999999999", NULL },
        { "FREQ=DAILY;UNTIL=2026", NULL },
        { "FREQ=DAILY;UNTIL=20261231T", NULL },
        { "FREQ=DAILY;UNTIL=20261231T235959X", NULL },
        { "FREQ=DAILY;BYHOUR=-1", NULL },
        { "FREQ=DAILY;BYDAY=", NULL },
        { "FREQ=DAILY;BYDAY=MO,", NULL },
        { "FREQ=DAILY;BYDAY", NULL },
        { "FREQ=DAILY;BYMONTHDAY=0", NULL },
        { "FREQ=DAILY;WKST=1MO", NULL },
        { "FREQ=DAILY;X=1", NULL },
    };

    (void)state;
    check_all(check_rrule, cases, ARRAY_LEN(cases));
}

static void anchors(void **state)
{
    static const struct text cases[] = {
        { SAME("2026-01-01T06:00:00Z") }, { SAME("2024-02-29T06:00:00+01:00") },
        { SAME("not a time") }, /* the pattern's business */
        { "2026-02-29T06:00:00Z", NULL }, { "2100-02-29T06:00:00Z", NULL },
        { "2026-13-01T06:00:00Z", NULL }, { "2026-04-31T06:00:00Z", NULL },
        { "2026-04-30T24:00:00Z", NULL }, { "2026-04-30T23:60:00Z", NULL },
    };

    (void)state;
    check_all(check_anchor, cases, ARRAY_LEN(cases));
}

/* A host without tzdata takes every name of the right shape; Debian has it. */
static void time_zones(void **state)
{
    static const struct text cases[] = {
        { SAME("UTC") },
        { SAME("Europe/Brussels") },
        { SAME("America/Argentina/Buenos_Aires") },
        { SAME("Etc/GMT+5") },
        { "Europe", NULL },
        { "Europe/Brusels", NULL },
        { "europe/brussels", NULL },
        { "leapseconds", NULL },
    };

    (void)state;
    assert_int_equal(access("/usr/share/zoneinfo/Europe/Brussels", R_OK), 0);
    check_all(check_timezone, cases, ARRAY_LEN(cases));
}

/* Slugs are the identity of schedules on servers that run: what is made of a text must never change. */
static void slugs(void **state)
{
    static char utc[] = "UTC", brussels[] = "Europe/Brussels", gmt[] = "Etc/GMT-5", cron[] = "*/15 9-17 1,15 * MON-fri";
    static char daily[] = "@daily", anchor[] = "2026-01-01T06:00:00+01:00", fridays[] = "FREQ=MONTHLY;BYDAY=-1FR";
    static char longer[] = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=18;BYMINUTE=0";
    static char longest[] = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=18;BYMINUTE=1";

    static const struct {
        struct spec_schedule s;
        const char *want;
    } cases[] = {
        { { .cron = cron, .timezone = utc }, "cron-allby15-9to17-1and15-all-montofri" },
        { { .cron = daily, .timezone = utc }, "cron-daily" },
        { { .cron = daily, .timezone = brussels }, "cron-daily-europe-brussels" },
        { { .cron = daily, .timezone = gmt }, "cron-daily-etc-gmtminus5" },
        { { .interval_s = 900, .timezone = utc }, "every-900-s" },
        { { .interval_s = 900, .timezone = utc, .anchor = anchor }, "every-900-s-from-20260101t060000plus01-00" },
        { { .rrule = fridays, .timezone = utc }, "rrule-freq-monthly-byday-minus1fr" },
        { { .rrule = longer, .timezone = utc }, "rrule-freq-monthly-byday-mo-tu-we-th-fr-bysetpos-d3e03a42" },
        { { .rrule = longest, .timezone = utc }, "rrule-freq-monthly-byday-mo-tu-we-th-fr-bysetpos-e6bf5532" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *got = whole_slug(&cases[i].s);
        assert_string_equal(got, cases[i].want);
        assert_true(strlen(got) <= 57);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cron_expressions),
        cmocka_unit_test(recurrence_rules),
        cmocka_unit_test(anchors),
        cmocka_unit_test(time_zones),
        cmocka_unit_test(slugs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
