/* Names of Secret blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "flow/block.h"
#include <string.h>

static struct block_name name_of(const char *env, const char *file)
{
    char from[256];
    struct spec_secret s = { 0 };
    struct block_name name;

    (void)snprintf(from, sizeof(from), "%s", env ? env : file);
    if (env)
        s.env = from;
    else
        s.file = from;
    block_name_of(&s, &name);
    return name;
}

/* A dot ends the name in a template; Prefect itself refuses / % & > <. */
static void fits_templates(void **state)
{
    static const struct {
        const char *env, *file, *begin;
    } cases[] = {
        { "GIT_TOKEN", NULL, "slipway-git-token-" },
        { NULL, "/home/u/my key.json", "slipway-my-key-json-" },
        { NULL, "/home/u/.hidden", "slipway-hidden-" },
        { NULL, "/x/%&<>.{}", "slipway-" },
        { NULL, "/x/a-very-long-name-of-a-file-that-goes-on-and-on-and-on-and-on-and-on.txt", "slipway-a-very-" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct block_name got = name_of(cases[i].env, cases[i].file);
        if (strncmp(got.text, cases[i].begin, strlen(cases[i].begin)) != 0 ||
            strspn(got.text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(got.text) || strlen(got.text) < 16)
            fail_msg("%zu: got '%s'", i, got.text);
    }
}

static void one_for_each_place(void **state)
{
    struct block_name a = name_of("TOKEN", NULL), again = name_of("TOKEN", NULL), b = name_of(NULL, "TOKEN"),
                      c = name_of(NULL, "/x/TOKEN"), d = name_of(NULL, "/y/TOKEN");

    (void)state;
    assert_string_equal(a.text, again.text);
    assert_string_not_equal(a.text, b.text);
    assert_string_not_equal(c.text, d.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_templates),
        cmocka_unit_test(one_for_each_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
