/* The engine on tables of steps that write down what was done to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/cancel.h"
#include "core/fsx.h"
#include "core/util.h"
#include "step/engine.h"
#include "step/journal.h"
#include <signal.h>
#include <string.h>

static char dir[64], path[96], done[256];
static struct run run;

static void note(const char *verb, const struct step *s)
{
    size_t n = strlen(done);

    (void)snprintf(done + n, sizeof(done) - n, "%s %s;", verb, s->name);
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    (void)r;
    (void)e;
    note("apply", s);
    return 0;
}

static int apply_fails(struct run *r, const struct step *s, struct err *e)
{
    (void)r;
    note("apply", s);
    return err_set(e, ERR_QUOTA, "no machine left");
}

static int apply_interrupts(struct run *r, const struct step *s, struct err *e)
{
    (void)r;
    (void)e;
    note("apply", s);
    raise(SIGTERM);
    return 0;
}

static int undo(struct run *r, const struct step *s, struct err *e)
{
    (void)r;
    (void)e;
    note("undo", s);
    return 0;
}

static int undo_fails(struct run *r, const struct step *s, struct err *e)
{
    (void)r;
    note("undo", s);
    return err_set(e, ERR_REMOTE, "still in use");
}

static int says_done(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)r;
    (void)s;
    (void)e;
    *ret = STEP_DONE;
    return 0;
}

static int check_fails(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)r;
    (void)s;
    (void)ret;
    return err_set(e, ERR_NET, "not reached");
}

static int open_run(void **state)
{
    struct err e = ERR_INIT;
    const struct ui_opts quiet = { false, false, true };

    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/slipway-engine.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/journal", dir);
    run = (struct run){ .clock = clock_real(), .ui = ui_new(&quiet, clock_real()), .phases = phases_new(clock_real()) };
    done[0] = '\0';
    return journal_open(path, "flows", clock_real(), &run.journal, &e);
}

static int close_run(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    journal_free(run.journal);
    phases_free(run.phases);
    ui_free(run.ui);
    return fsx_remove_tree(dir, &e);
}

static void in_order_and_once(void **state)
{
    const struct step steps[] = {
        { "a", PHASE_MACHINE, NULL, apply, NULL, NULL },
        { "b", PHASE_K3S, says_done, apply, NULL, NULL },
        { "c", PHASE_K3S, NULL, apply, NULL, NULL },
    };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(engine_apply(&run, steps, ARRAY_LEN(steps), &e), 0);
    assert_string_equal(done, "apply a;apply c;");
    assert_true(run.changed);
    assert_int_equal(journal_mark(run.journal, "c"), JOURNAL_DONE);
    assert_int_equal(journal_mark(run.journal, "b"), JOURNAL_NONE);
    run.changed = false;
    done[0] = '\0';
    assert_int_equal(engine_apply(&run, steps, ARRAY_LEN(steps), &e), 0);
    assert_string_equal(done, "");
    assert_false(run.changed);
}

static void an_intent_without_result_is_taken_up(void **state)
{
    const struct step steps[] = { { "a", PHASE_MACHINE, NULL, apply, NULL, NULL } };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(journal_intent(run.journal, "a", &e), 0);
    assert_int_equal(engine_apply(&run, steps, 1, &e), 0);
    assert_string_equal(done, "apply a;");
}

static void a_failure_stops_and_is_kept(void **state)
{
    const struct step steps[] = {
        { "a", PHASE_MACHINE, NULL, apply_fails, NULL, NULL },
        { "b", PHASE_MACHINE, NULL, apply, NULL, NULL },
    };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(engine_apply(&run, steps, ARRAY_LEN(steps), &e), -1);
    assert_string_equal(done, "apply a;");
    assert_int_equal(e.code, ERR_QUOTA);
    assert_string_equal(e.msg, "a: no machine left");
    assert_int_equal(journal_mark(run.journal, "a"), JOURNAL_INTENT);
    assert_string_equal(journal_failure(run.journal), "no machine left");
}

static void a_check_that_fails_acts_on_nothing(void **state)
{
    const struct step steps[] = { { "a", PHASE_MACHINE, check_fails, apply, NULL, NULL } };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(engine_apply(&run, steps, 1, &e), -1);
    assert_string_equal(done, "");
    assert_false(run.changed);
    assert_int_equal(journal_mark(run.journal, "a"), JOURNAL_NONE);
}

static void undo_goes_backwards_and_past_failures(void **state)
{
    const struct step steps[] = {
        { "a", PHASE_MACHINE, NULL, apply, undo, NULL },
        { "b", PHASE_MACHINE, NULL, apply, NULL, NULL },
        { "c", PHASE_MACHINE, NULL, apply, undo_fails, NULL },
        { "d", PHASE_MACHINE, NULL, apply, undo, NULL },
    };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(journal_done(run.journal, "c", &e), 0);
    assert_int_equal(journal_done(run.journal, "d", &e), 0);
    assert_int_equal(engine_undo(&run, steps, ARRAY_LEN(steps), &e), -1);
    assert_string_equal(done, "undo d;undo c;undo a;");
    assert_string_equal(e.msg, "remove c: still in use");
    assert_int_equal(journal_mark(run.journal, "d"), JOURNAL_NONE);
    assert_int_equal(journal_mark(run.journal, "c"), JOURNAL_DONE);
}

/* Last: the request to stop stays for the rest of the process. */
static void a_signal_stops_between_steps(void **state)
{
    const struct step steps[] = {
        { "a", PHASE_MACHINE, NULL, apply_interrupts, NULL, NULL },
        { "b", PHASE_MACHINE, NULL, apply, NULL, NULL },
    };
    struct err e = ERR_INIT;

    (void)state;
    cancel_install();
    assert_int_equal(engine_apply(&run, steps, ARRAY_LEN(steps), &e), -1);
    assert_int_equal(e.code, ERR_CANCELED);
    assert_string_equal(done, "apply a;");
    assert_int_equal(journal_mark(run.journal, "a"), JOURNAL_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_order_and_once, open_run, close_run),
        cmocka_unit_test_setup_teardown(an_intent_without_result_is_taken_up, open_run, close_run),
        cmocka_unit_test_setup_teardown(a_failure_stops_and_is_kept, open_run, close_run),
        cmocka_unit_test_setup_teardown(a_check_that_fails_acts_on_nothing, open_run, close_run),
        cmocka_unit_test_setup_teardown(undo_goes_backwards_and_past_failures, open_run, close_run),
        cmocka_unit_test_setup_teardown(a_signal_stops_between_steps, open_run, close_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
