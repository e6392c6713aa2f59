/* Waits on a clock that moves when it is slept on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wait.h"
#include "scratch.h"

struct script {
    int looks;       /* so far */
    int there_after; /* looks until it is there; 0: never */
    int fail_at;     /* the look that gives up; 0: none */
    int takes_ms;    /* a look takes that long */
    const char *why;
    struct fake_clock clock;
    struct ui *ui;
};

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct script *s = ctx;

    s->looks++;
    s->clock.mono += s->takes_ms;
    if (s->looks == s->fail_at)
        return err_set(e, ERR_REMOTE, "image not found");
    if (s->why)
        (void)snprintf(why, 256, "%s %d", s->why, s->looks);
    return s->there_after && s->looks >= s->there_after;
}

static int interrupted_sleep(struct clock *c, int64_t ms, struct err *e)
{
    ((struct fake_clock *)c)->mono += ms / 2;
    return err_set(e, ERR_CANCELED, "interrupted");
}

static const struct {
    const char *name;
    struct script script;
    int64_t deadline_ms, every_ms; /* the deadline from the begin */
    bool interrupted;
    enum err_code code;
    const char *says;
    int looks;
    int64_t took_ms, waited_ms;
} cases[] = {
    { "there at once", { .there_after = 1 }, 5000, 100, false, ERR_NONE, "", 1, 0, 0 },
    { "there at once, after the deadline",
      { .there_after = 1, .takes_ms = 7000 },
      5000,
      100,
      false,
      ERR_NONE,
      "",
      1,
      7000,
      0 },
    { "at the third look", { .there_after = 3 }, 5000, 100, false, ERR_NONE, "", 3, 200, 200 },
    { "never",
      { .why = "phase Pending" },
      5000,
      2000,
      false,
      ERR_TIMEOUT,
      "pod ready: not after 5 s; last seen: phase Pending 4",
      4,
      5000,
      5000 },
    { "never, and nothing seen",
      { .why = NULL },
      1000,
      500,
      false,
      ERR_TIMEOUT,
      "pod ready: not after 1 s; last seen: nothing",
      3,
      1000,
      1000 },
    { "deadline passed before it began", { .why = NULL }, -1, 500, false, ERR_TIMEOUT, "not after 0 s", 1, 0, 0 },
    { "looks are slow: they are not counted as waiting",
      { .why = "x", .takes_ms = 400 },
      1000,
      200,
      false,
      ERR_TIMEOUT,
      "not after 1 s; last seen: x 2",
      2,
      1000,
      200 },
    { "gives up",
      { .fail_at = 2, .why = "x" },
      5000,
      100,
      false,
      ERR_REMOTE,
      "pod ready: image not found",
      2,
      100,
      100 },
    { "interrupted", { .why = "x" }, 5000, 100, true, ERR_CANCELED, "pod ready: interrupted", 1, 50, 50 },
};

static void waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct script s = cases[i].script;
        const struct ui_opts quiet = { .quiet = true };
        struct err e = ERR_INIT;
        s.clock = (struct fake_clock)FAKE_CLOCK(1000000);
        if (cases[i].interrupted)
            s.clock.clock.sleep_ms = interrupted_sleep;
        s.ui = ui_new(&quiet, &s.clock.clock);
        const struct wait w = { "pod ready", 1000000 + cases[i].deadline_ms, cases[i].every_ms };
        int rc = wait_for(&w, &s.clock.clock, s.ui, probe, &s, &e);
        ui_free(s.ui);
        if (rc != (cases[i].code ? -1 : 0) || e.code != cases[i].code || s.looks != cases[i].looks ||
            s.clock.mono - 1000000 != cases[i].took_ms || s.clock.clock.waited_ms != cases[i].waited_ms)
            fail_msg("%s: rc %d, \"%s\", %d looks, took %lld ms, waited %lld ms", cases[i].name, rc, e.msg, s.looks,
                     (long long)(s.clock.mono - 1000000), (long long)s.clock.clock.waited_ms);
        expect_in(e.msg, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(waits) };

    return cmocka_run_group_tests_name("core/wait", tests, NULL, NULL);
}
