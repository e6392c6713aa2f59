/* Members as tar itself reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../core/scratch.h"
#include "artifact/tar.h"
#include "core/proc.h"
#include <fcntl.h>

#define N50  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define N100 N50 N50
#define N155 N100 N50 "ppppp"

static const struct {
    const char *name;
    bool holds;
} names[] = {
    { "a", true },
    { N100, true },
    { N100 "n", false },
    { N155 "/" N100, true },            /* all there is room for */
    { N155 "/" N100 "n", false },       /* too much behind */
    { N155 "n/" N100, false },          /* too much before */
    { "d/" N50 "/" N50 "/" N50, true }, /* several ways */
    { N50 "/d/" N100, true },
    { "/" N100, false }, /* nothing before it */
    { N155 "/", false }, /* nothing behind it */
    { "", false },
};

static void write_archive(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct tar t;
    struct err e = ERR_INIT;
    char digest[HASH_HEX];

    assert_true(fd >= 0);
    tar_init(&t, fd);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int rc = tar_add_text(&t, names[i].name, "text", 4, &e);
        if (rc != (names[i].holds ? 0 : -1) || tar_holds(names[i].name) != names[i].holds)
            fail_msg("'%s': %d %s", names[i].name, rc, e.msg);
        err_clear(&e);
    }
    assert_int_equal(tar_finish(&t, digest, &e), 0);
    tar_done(&t);
}

static void names_up_to_the_limits(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "x.tar");
    AUTO_SBUF struct sbuf got = SBUF_INIT(65536), want = SBUF_INIT(65536);
    const char *const argv[] = { "tar", "-t", "-f", path, NULL };
    const struct proc_opts o = { .timeout_ms = 10000, .out = &got };
    struct err e = ERR_INIT;

    write_archive(path);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].holds)
            sbuf_addf(&want, "%s\n", names[i].name);
    if (proc_run(argv, &o, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(got.data, want.data);
}

static void modes(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "x.tar"), *file = fsx_join(*state, "f");
    AUTO_SBUF struct sbuf got = SBUF_INIT(65536);
    const char *const argv[] = { "tar", "-t", "-v", "-f", path, NULL };
    const struct proc_opts o = { .timeout_ms = 10000, .out = &got };
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct tar t;
    struct err e = ERR_INIT;
    char digest[HASH_HEX];

    scratch_write(file, "text", 4);
    hash_sha256_hex("text", 4, digest);
    tar_init(&t, fd);
    assert_int_equal(tar_add_text(&t, "text", "text", 4, &e), 0);
    assert_int_equal(tar_add_file(&t, "file", file, 4, digest, &e), 0);
    assert_int_equal(tar_add_program(&t, "program", file, 4, digest, &e), 0);
    assert_int_equal(tar_finish(&t, digest, &e), 0);
    tar_done(&t);
    if (proc_run(argv, &o, &e) < 0)
        fail_msg("%s", e.msg);
    expect_in(got.data, "-rw-r--r-- 0/0 ");
    const char *line = strstr(got.data, "-rwxr-xr-x 0/0 ");
    if (!line || strstr(line, "file\n") || !strstr(line, "program\n"))
        fail_msg("%s", got.data);
}

static void changed_meanwhile(void **state)
{
    AUTO_FREE char *file = fsx_join(*state, "f"), *path = fsx_join(*state, "x.tar");
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct tar t;
    struct err longer = ERR_INIT, other = ERR_INIT;
    char digest[HASH_HEX];

    scratch_write(file, "text", 4);
    hash_sha256_hex("text", 4, digest);
    tar_init(&t, fd);
    assert_int_equal(tar_add_file(&t, "f", file, 5, digest, &longer), -1);
    assert_int_equal(longer.code, ERR_CONFLICT);
    hash_sha256_hex("else", 4, digest);
    assert_int_equal(tar_add_file(&t, "f", file, 4, digest, &other), -1);
    assert_int_equal(other.code, ERR_CONFLICT);
    tar_done(&t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(names_up_to_the_limits), TEST(modes), TEST(changed_meanwhile) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
