/* `timeouts:` in the spec and the phases of a run are one list, in the same order, with the same seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util.h"
#include "spec/fields.h"
#include "step/phase.h"
#include <cmocka.h>

static void timeouts_are_the_phases(void **state)
{
    const struct field *f = NULL;

    (void)state;
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        f = field_child("timeouts", f);
        if (!f || strcmp(field_leaf(f), phase_table[i].name) != 0)
            fail_msg("phase %s: the spec has %s there", phase_table[i].name, f ? f->path : "nothing");
        if (strtol(f->otherwise, NULL, 10) != phase_table[i].timeout_s)
            fail_msg("%s: default %s, but the phase has %d s", f->path, f->otherwise, phase_table[i].timeout_s);
    }
    assert_null(field_child("timeouts", f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeouts_are_the_phases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
