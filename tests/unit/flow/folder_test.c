/* What of a folder is uploaded, and that it is the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../core/scratch.h"
#include "core/proc.h"
#include "flow/folder.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *dir, const char *name, const char *text)
{
    AUTO_FREE char *path = fsx_join(dir, name);
    AUTO_FREE char *parent = fsx_dirname(path);
    struct err e = ERR_INIT;

    if (fsx_mkdirs(parent, 0700, &e) < 0)
        fail_msg("%s", e.msg);
    scratch_write(path, text, strlen(text));
}

static void link_to(const char *dir, const char *name, const char *target)
{
    AUTO_FREE char *path = fsx_join(dir, name);

    assert_int_equal(symlink(target, path), 0);
}

static void expect_listing(const char *dir, const char *want)
{
    AUTO_FOLDER struct folder f = { 0 };
    AUTO_SBUF struct sbuf got = SBUF_INIT(4096);
    struct err e = ERR_INIT;

    if (folder_read(dir, &f, &e) < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < f.files.len; i++)
        sbuf_addf(&got, "%s ", f.files.items[i]);
    assert_string_equal(got.data, want);
}

static void left_out(void **state)
{
    put(*state, "b.py", "");
    put(*state, "a.py", "");
    put(*state, "a.pyc", "");
    put(*state, "lib/c.py", "");
    put(*state, "lib/__pycache__/c.cpython-311.pyc", "");
    put(*state, ".git/config", "");
    put(*state, ".venv/pyvenv.cfg", "");
    put(*state, "web/node_modules/x.js", "");
    expect_listing(*state, "a.py b.py lib/c.py ");
}

static void ignore_file(void **state)
{
    static const struct {
        const char *rules, *want;
    } cases[] = {
        { "", ".prefectignore a.csv data/b.csv data/keep.csv deep/data/c.txt " },
        { "# comment\n\n*.csv  \n", ".prefectignore deep/data/c.txt " },
        { "*.csv\n!keep.csv\n", ".prefectignore data/keep.csv deep/data/c.txt " },
        { "data/\n", ".prefectignore a.csv " },
        { "/data\n", ".prefectignore a.csv deep/data/c.txt " },
        { "data/*.csv\r\n", ".prefectignore a.csv deep/data/c.txt " },
        { "a.csv/\n", ".prefectignore a.csv data/b.csv data/keep.csv deep/data/c.txt " },
        { ".prefectignore\ndeep\n", "a.csv data/b.csv data/keep.csv " },
    };

    put(*state, "a.csv", "");
    put(*state, "data/b.csv", "");
    put(*state, "data/keep.csv", "");
    put(*state, "deep/data/c.txt", "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put(*state, ".prefectignore", cases[i].rules);
        expect_listing(*state, cases[i].want);
    }
}

static void pack(const char *dir, const char *archive, char ret[static HASH_HEX])
{
    AUTO_FOLDER struct folder f = { 0 };
    AUTO_CLOSE int fd = open(archive, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct err e = ERR_INIT;
    off_t size = 0;

    assert_true(fd >= 0);
    if (folder_read(dir, &f, &e) < 0 || folder_pack(&f, fd, ret, &size, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(lseek(fd, 0, SEEK_END), size);
}

/* Another order of making, other times and rights, a link instead of a file: the same bytes; but a program is one. */
static void same_bytes(void **state)
{
    const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
    AUTO_FREE char *one = fsx_join(*state, "one"), *two = fsx_join(*state, "two");
    AUTO_FREE char *archive = fsx_join(*state, "x.tar"), *file = fsx_join(two, "a.py");
    char first[HASH_HEX], second[HASH_HEX], third[HASH_HEX];

    put(one, "a.py", "print(1)\n");
    put(one, "b/c.py", "print(2)\n");
    put(one, "link.py", "print(2)\n");
    put(two, "b/c.py", "print(2)\n");
    put(two, "a.py", "print(1)\n");
    link_to(two, "link.py", "b/c.py");
    assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
    assert_int_equal(chmod(file, 0640), 0);
    pack(one, archive, first);
    pack(two, archive, second);
    assert_string_equal(first, second);
    assert_int_equal(chmod(file, 0700), 0);
    pack(two, archive, third);
    assert_string_not_equal(first, third);
    assert_int_equal(chmod(file, 0600), 0);
    put(two, "a.py", "print(3)\n");
    pack(two, archive, third);
    assert_string_not_equal(first, third);
}

static void unpacks(void **state)
{
    AUTO_FREE char *folder = fsx_join(*state, "in"), *archive = fsx_join(*state, "x.tar");
    const char *const argv[] = { "tar", "-x", "-f", archive, "-C", *state, NULL };
    char deep[231] = "";

    const struct {
        const char *name;
        mode_t mode;
    } files[] = { { "lib/x.py", 0644 }, { "bin/tool", 0755 }, { deep, 0644 } };
    const struct proc_opts o = { .timeout_ms = 10000 };
    struct err e = ERR_INIT;
    char digest[HASH_HEX], want[HASH_HEX], got[HASH_HEX];

    for (size_t i = 0; i < sizeof(deep) - 1; i++)
        deep[i] = i % 46 == 45 ? '/' : 'n';
    deep[sizeof(deep) - 2] = 'n';
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *from = fsx_join(folder, files[i].name);
        put(folder, files[i].name, files[i].name);
        assert_int_equal(chmod(from, files[i].mode & 0700), 0);
    }
    pack(folder, archive, digest);
    if (proc_run(argv, &o, &e) < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *from = fsx_join(folder, files[i].name), *to = fsx_join(*state, files[i].name);
        struct stat st;
        if (hash_sha256_file(from, want, &e) < 0 || hash_sha256_file(to, got, &e) < 0)
            fail_msg("%s", e.msg);
        assert_string_equal(want, got);
        assert_int_equal(stat(to, &st), 0);
        assert_int_equal(st.st_mode & S_IXUSR, files[i].mode & S_IXUSR);
    }
}

static void make_out(const char *dir)
{
    link_to(dir, "x", "/etc/hostname");
}

static void make_sibling(const char *dir)
{
    AUTO_FREE char *sibling = xasprintf("%s-secret", dir);
    AUTO_FREE char *file = fsx_join(sibling, "key");

    put(sibling, "key", "");
    link_to(dir, "x", file);
}

static void make_dangling(const char *dir)
{
    link_to(dir, "x", "nowhere");
}

static void make_circle(const char *dir)
{
    link_to(dir, "x", ".");
}

static void make_pipe(const char *dir)
{
    AUTO_FREE char *path = fsx_join(dir, "x");

    assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_long(const char *dir)
{
    char name[102] = "";

    memset(name, 'n', sizeof(name) - 1);
    put(dir, name, "");
}

static void make_big(const char *dir)
{
    AUTO_FREE char *path = fsx_join(dir, "big.csv");

    put(dir, "big.csv", "");
    assert_int_equal(truncate(path, FOLDER_MAX_BYTES + 1), 0);
}

static void make_nothing(const char *dir)
{
    put(dir, "a.pyc", "");
}

static void refused(void **state)
{
    static const struct {
        const char *name, *want;
        void (*make)(const char *dir);
    } cases[] = {
        { "link out", "leads out of the folder, to '/etc/hostname'", make_out },
        { "link to a sibling with the same prefix", "leads out of the folder", make_sibling },
        { "dangling link", "No such file or directory", make_dangling },
        { "circle", "nested more than 32 deep", make_circle },
        { "pipe", "is neither a file nor a directory", make_pipe },
        { "long name", "longer than an archive takes", make_long },
        { "too big", "has 200 MB, and at most 200 MB are uploaded", make_big },
        { "empty", "is empty", make_nothing },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *dir = xasprintf("%s/%zu", (char *)*state, i);
        AUTO_FOLDER struct folder f = { 0 };
        struct err e = ERR_INIT;
        put(dir, ".git/x", "");
        cases[i].make(dir);
        if (folder_read(dir, &f, &e) == 0)
            fail_msg("%s: was taken", cases[i].name);
        assert_int_equal(e.code, ERR_SPEC);
        expect_in(e.msg, cases[i].want);
    }
}

static void not_there(void **state)
{
    AUTO_FREE char *dir = fsx_join(*state, "none");
    AUTO_FOLDER struct folder f = { 0 };
    struct err e = ERR_INIT;

    assert_int_equal(folder_read(dir, &f, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    expect_in(e.msg, "none': No such file or directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(left_out), TEST(ignore_file), TEST(same_bytes), TEST(unpacks), TEST(refused), TEST(not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
