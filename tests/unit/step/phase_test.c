/* Phases on a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/scratch.h"
#include "core/jsonx.h"
#include "step/phase.h"

enum verb { NOTHING, BEGIN, END, PASS, WAIT }; /* PASS: we work for arg milliseconds; WAIT: we wait for them */

struct event {
    enum verb verb;
    int arg; /* phase, or milliseconds */
};

struct expected {
    const char *name;
    int start_ms, ms, active_ms, idle_ms;
};

static const struct {
    const char *name;
    struct event events[16];
    int total_ms, waited_ms;
    struct expected rows[4];
} cases[] = {
    { "nothing", { { PASS, 5 } }, 5, 0, { { 0 } } },
    { "one",
      { { PASS, 10 }, { BEGIN, PHASE_SSH }, { PASS, 20 }, { WAIT, 300 }, { END, PHASE_SSH }, { PASS, 4 } },
      334,
      300,
      { { "ssh", 10, 320, 320, 300 } } },
    { "two that overlap",
      { { BEGIN, PHASE_MACHINE },
        { WAIT, 100 },
        { BEGIN, PHASE_ARTIFACTS },
        { WAIT, 50 },
        { END, PHASE_MACHINE },
        { PASS, 7 },
        { END, PHASE_ARTIFACTS } },
      157,
      150,
      { { "machine", 0, 150, 150, 150 }, { "artifacts", 100, 57, 57, 50 } } },
    { "taken up again: the pause counts as neither",
      { { BEGIN, PHASE_K3S },
        { PASS, 10 },
        { END, PHASE_K3S },
        { WAIT, 1000 },
        { BEGIN, PHASE_K3S },
        { WAIT, 5 },
        { END, PHASE_K3S } },
      1015,
      1005,
      { { "k3s", 0, 1015, 15, 5 } } },
    { "begun twice: the first begin counts",
      { { BEGIN, PHASE_K3S }, { PASS, 10 }, { BEGIN, PHASE_K3S }, { WAIT, 5 }, { END, PHASE_K3S }, { END, PHASE_K3S } },
      15,
      5,
      { { "k3s", 0, 15, 15, 5 } } },
    { "still running when a failure is reported",
      { { BEGIN, PHASE_CANARY }, { PASS, 2 }, { WAIT, 40 } },
      42,
      40,
      { { "canary", 0, 42, 42, 40 } } },
    { "ended but never begun", { { END, PHASE_CANARY }, { PASS, 1 } }, 1, 0, { { 0 } } },
};

static void play(struct phases *p, struct fake_clock *c, const struct event *ev)
{
    switch (ev->verb) {
    case NOTHING:
        break;
    case BEGIN:
        phases_begin(p, (enum phase_id)ev->arg);
        break;
    case END:
        phases_end(p, (enum phase_id)ev->arg);
        break;
    case WAIT:
        c->clock.waited_ms += ev->arg;
        c->mono += ev->arg;
        break;
    case PASS:
        c->mono += ev->arg;
        break;
    }
}

static void expect_ms(const char *what, const json_t *j, const char *key, int want)
{
    int64_t got = jsonx_int(j, key, -1);

    if (got != want)
        fail_msg("%s: %s is %lld, want %d", what, key, (long long)got, want);
}

/* From 0 too: a clock may begin there. */
static void times(void **state)
{
    static const int64_t begins[] = { 0, 123456 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(begins); i++) {
        const size_t k = i / ARRAY_LEN(begins);
        struct fake_clock c = FAKE_CLOCK(begins[i % ARRAY_LEN(begins)]);
        c.clock.waited_ms = 77; /* an earlier run's */
        struct phases *p = phases_new(&c.clock);
        for (size_t n = 0; n < ARRAY_LEN(cases[k].events); n++)
            play(p, &c, &cases[k].events[n]);
        AUTO_JSON json_t *j = phases_json(p, NULL);
        phases_free(p);
        const char *name = cases[k].name;
        expect_ms(name, j, "total_ms", cases[k].total_ms);
        expect_ms(name, j, "waited_ms", cases[k].waited_ms);
        expect_ms(name, j, "own_ms", cases[k].total_ms - cases[k].waited_ms);
        size_t rows = 0;
        for (; cases[k].rows[rows].name; rows++) {
            const struct expected *want = &cases[k].rows[rows];
            const json_t *row = json_array_get(json_object_get(j, "phases"), rows);
            assert_string_equal(jsonx_str(row, "name"), want->name);
            expect_ms(name, row, "start_ms", want->start_ms);
            expect_ms(name, row, "ms", want->ms);
            expect_ms(name, row, "active_ms", want->active_ms);
            expect_ms(name, row, "idle_ms", want->idle_ms);
        }
        assert_int_equal(json_array_size(json_object_get(j, "phases")), rows);
    }
}

static void deadlines(void **state)
{
    struct fake_clock c = FAKE_CLOCK(50000);
    struct phases *p = phases_new(&c.clock);
    AUTO_JSON json_t *own = json_pack("{s:i}", "ssh", 7), *other = json_pack("{s:i}", "k3s", 7);
    const int64_t standard = phase_table[PHASE_SSH].timeout_s * INT64_C(1000);

    (void)state;
    assert_int_equal(phases_deadline_ms(p, PHASE_SSH, NULL), 50000 + standard); /* not begun: from now */
    c.mono = 60000;
    phases_begin(p, PHASE_SSH);
    c.mono = 61000;
    assert_int_equal(phases_deadline_ms(p, PHASE_SSH, NULL), 60000 + standard);
    assert_int_equal(phases_deadline_ms(p, PHASE_SSH, other), 60000 + standard);
    assert_int_equal(phases_deadline_ms(p, PHASE_SSH, own), 67000);
    phases_end(p, PHASE_SSH);
    c.mono = 90000;
    phases_begin(p, PHASE_SSH); /* continues: it does not get its time anew */
    assert_int_equal(phases_deadline_ms(p, PHASE_SSH, own), 67000);
    phases_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(deadlines),
    };

    return cmocka_run_group_tests_name("step/phase", tests, NULL, NULL);
}
