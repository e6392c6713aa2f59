/* Where state lives, and who else may be there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/scratch.h"
#include "step/state.h"

static void set_env(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void places(void **state)
{
    static const struct {
        const char *own, *cache, *xdg_state, *xdg_cache, *home;
        const char *want_dir, *want_cache;
    } rows[] = {
        { NULL, NULL, NULL, NULL, "/h", "/h/.local/state/slipway/flows", "/h/.cache/slipway" },
        { NULL, NULL, "/x", "/c", "/h", "/x/slipway/flows", "/c/slipway" },
        { NULL, NULL, "x", "./c", "/h", "/h/.local/state/slipway/flows", "/h/.cache/slipway" }, /* relative: ignored */
        { "", "", "", "", "/h", "/h/.local/state/slipway/flows", "/h/.cache/slipway" },
        { "/s", "/k", "/x", "/c", "/h", "/s/flows", "/k" },
        { "s", "k", NULL, NULL, "/h", "s/flows", "k" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set_env("SLIPWAY_HOME", rows[i].own);
        set_env("SLIPWAY_CACHE", rows[i].cache);
        set_env("XDG_STATE_HOME", rows[i].xdg_state);
        set_env("XDG_CACHE_HOME", rows[i].xdg_cache);
        set_env("HOME", rows[i].home);
        AUTO_FREE char *dir = state_dir("flows"), *cache = state_cache_dir();
        if (strcmp(dir, rows[i].want_dir) != 0 || strcmp(cache, rows[i].want_cache) != 0)
            fail_msg("row %zu: got '%s' and '%s'", i, dir, cache);
    }
}

static void made_for_us_alone(void **state)
{
    AUTO_FREE char *parent = fsx_join(*state, "a"), *dir = fsx_join(parent, "flows");
    mode_t before = umask(0);
    struct err e = ERR_INIT;
    struct stat st;

    int rc = state_make_dir(dir, &e);
    umask(before);
    if (rc < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(parent, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(state_make_dir(dir, &e), 0); /* again */
}

static void modes(void **state)
{
    static const struct {
        mode_t mode;
        bool fine;
    } rows[] = {
        { 0700, true },  { 0500, true },  { 0750, false }, { 0705, false },
        { 0720, false }, { 0702, false }, { 0710, false }, { 01777, false },
    };

    AUTO_FREE char *dir = fsx_join(*state, "flows");

    assert_int_equal(mkdir(dir, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        struct stat st;
        assert_int_equal(chmod(dir, rows[i].mode), 0);
        int rc = state_make_dir(dir, &e);
        if ((rc == 0) != rows[i].fine)
            fail_msg("mode %o: %s", (unsigned)rows[i].mode, rc ? e.msg : "accepted");
        if (rc < 0) {
            assert_int_equal(e.code, ERR_CONFLICT);
            expect_in(e.msg, dir);
            expect_in(e.hint, "chmod 700");
        }
        assert_int_equal(stat(dir, &st), 0);
        assert_int_equal(st.st_mode & 07777, rows[i].mode); /* looked at, not changed */
    }
}

static void not_a_directory(void **state)
{
    AUTO_FREE char *file = fsx_join(*state, "file"), *link = fsx_join(*state, "link"), *dir = fsx_join(*state, "dir"),
                   *below = fsx_join(file, "flows");
    struct err e = ERR_INIT;

    scratch_write(file, "", 0);
    assert_int_equal(state_make_dir(file, &e), -1);
    assert_int_equal(state_make_dir(below, &e), -1);
    expect_in(e.msg, file);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(symlink(dir, link), 0);
    assert_int_equal(state_make_dir(link, &e), -1); /* whose link it is, nobody knows */
    assert_int_equal(e.code, ERR_CONFLICT);
}

static void of_another_user(void **state)
{
    AUTO_FREE char *dir = fsx_join(*state, "flows");
    struct err e = ERR_INIT;

    if (geteuid() != 0) {
        print_message("not root: cannot give a directory to someone else\n");
        skip();
    }
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(chown(dir, 65534, 65534), 0);
    assert_int_equal(state_make_dir(dir, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_for_us_alone, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(modes, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(not_a_directory, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(of_another_user, scratch_setup, scratch_teardown),
        cmocka_unit_test(places),
    };

    return cmocka_run_group_tests_name("step/state", tests, NULL, NULL);
}
