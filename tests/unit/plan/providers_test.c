/* The registry of providers. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "cloud/local.h"
#include "core/util.h"
#include "plan/providers.h"
#include <string.h>

/* A kind whose step has no name would be lost from the journal. */
static void registry(void **state)
{
    struct step steps[16];
    size_t n = 0;

    (void)state;
    static const char *const names[] = { "local", "ssh", "aws" };
    for (; n < ARRAY_LEN(names); n++) {
        const struct provider_ops *ops = provider_find(names[n]);
        assert_non_null(ops);
        assert_string_equal(ops->name, names[n]);
        assert_non_null(ops->summary);
        assert_non_null(ops->exposure);
        size_t k = provider_steps(ops, steps, ARRAY_LEN(steps));
        assert_int_equal(k, ops->n_kinds);
        for (size_t i = 0; i < k; i++) {
            if (!steps[i].name || strncmp(steps[i].name, "provider/", 9) != 0 ||
                strcmp(steps[i].name + 9, ops->kinds[i].kind) != 0)
                fail_msg("kind '%s' of %s has step '%s'", ops->kinds[i].kind, ops->name, steps[i].name);
            assert_non_null(steps[i].check);
            assert_int_equal(steps[i].undo != NULL, ops->kinds[i].destroy != NULL);
        }
    }
    assert_int_equal(n, 3);
    assert_null(provider_find("unknown"));
    assert_int_equal(provider_steps(provider_find("local"), steps, 1), 1);
    assert_null(local_unshared_ops.shared_dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(registry) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
