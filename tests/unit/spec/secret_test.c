/* Secrets are read where the spec says, whole, and what is wrong never shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/secret.h"
#include <cmocka.h>
#include <errno.h>

static void from_the_environment(void **state)
{
    char name[] = "SLIPWAY_TEST_SECRET";
    const struct spec_secret s = { name, NULL }, none = { NULL, NULL };
    AUTO_SECRET char *value = NULL, *by_default = NULL, *nothing = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(setenv(name, "hunter2\n", 1), 0);
    assert_int_equal(secret_read(&s, "SLIPWAY_TEST_OTHER", &value, &e), 0);
    assert_string_equal(value, "hunter2\n"); /* nobody types a newline into a variable by accident */
    assert_int_equal(secret_read(&none, name, &by_default, &e), 0);
    assert_string_equal(by_default, "hunter2\n");
    assert_int_equal(secret_read(&none, NULL, &nothing, &e), 0);
    assert_null(nothing);
}

static void a_variable_without_value(void **state)
{
    char name[] = "SLIPWAY_TEST_SECRET";
    const struct spec_secret s = { name, NULL };
    char *value = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(unsetenv(name), 0);
    assert_int_equal(secret_read(&s, NULL, &value, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_string_equal(e.msg, "the environment variable 'SLIPWAY_TEST_SECRET' is not set");
    assert_non_null(strstr(e.hint, "{file: PATH}"));
    assert_int_equal(setenv(name, "", 1), 0);
    assert_int_equal(secret_read(&s, NULL, &value, &e), -1);
    assert_string_equal(e.msg, "the environment variable 'SLIPWAY_TEST_SECRET' is empty");
    assert_null(value);
}

static void from_a_file(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want; /* NULL: refused */
    } cases[] = {
        { "hunter2", 7, "hunter2" },
        { "hunter2\n", 8, "hunter2" },
        { "hunter2\r\n", 9, "hunter2" },
        { "hunter2\n\n", 9, "hunter2\n" },
        { " a b ", 5, " a b " },
        { "{\n\"a\": 1\n}\n", 11, "{\n\"a\": 1\n}" },
        { "", 0, NULL },
        { "\n", 1, NULL },
        { "\r\n", 2, NULL },
        { "hun\0ter2", 8, NULL },
    };

    char path[] = "/tmp/slipway-secret-XXXXXX";
    AUTO_CLOSE int fd = mkstemp(path);
    const struct spec_secret s = { NULL, path };

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SECRET char *value = NULL;
        struct err e = ERR_INIT;
        assert_int_equal(fsx_replace(path, cases[i].text, cases[i].len, 0600, &e), 0);
        int rc = secret_read(&s, "HOME", &value, &e);
        assert_int_equal(rc, cases[i].want ? 0 : -1);
        if (cases[i].want)
            assert_string_equal(value, cases[i].want);
        else
            assert_int_equal(e.code, ERR_AUTH);
        assert_null(strstr(e.msg, "hun"));
    }
    assert_int_equal(unlink(path), 0);
}

static void files_that_cannot_be(void **state)
{
    char none[] = "/tmp/slipway-no-such-secret", directory[] = "/tmp";
    char path[] = "/tmp/slipway-secret-XXXXXX";
    AUTO_CLOSE int fd = mkstemp(path);
    const struct spec_secret missing = { NULL, none }, wrong = { NULL, directory }, large = { NULL, path };
    AUTO_FREE char *text = xcalloc(70000, 1);
    char *value = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(secret_read(&missing, NULL, &value, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.msg, none));
    assert_int_equal(secret_read(&wrong, NULL, &value, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    memset(text, 'x', 70000);
    assert_int_equal(fsx_write_all(fd, text, 70000, &e), 0);
    assert_int_equal(secret_read(&large, NULL, &value, &e), -1);
    assert_non_null(strstr(e.msg, "longer than 64 KiB"));
    assert_null(value);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_environment),
        cmocka_unit_test(a_variable_without_value),
        cmocka_unit_test(from_a_file),
        cmocka_unit_test(files_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
