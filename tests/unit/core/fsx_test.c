/* Files that survive a crash, and trees that go without taking anything else along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "scratch.h"
#include <dirent.h>
#include <sys/syscall.h>

/* The calls that make a replacement safe, seen from inside: these stand in for libc's, note, and go on to the kernel.
 */
static struct {
    bool on;
    char order[64];      /* "chmod sync-file sync-dir " */
    mode_t before_chmod; /* of the new file, when its mode is set; nothing is in it yet */
    off_t size_before_chmod;
    int fail_sync; /* errno for the sync of a file */
} watch;

static void watch_note(const char *what)
{
    size_t n = strlen(watch.order);

    (void)snprintf(watch.order + n, sizeof(watch.order) - n, "%s ", what);
}

int fchmod(int fd, mode_t mode)
{
    struct stat st;

    if (watch.on && fstat(fd, &st) == 0) {
        watch.before_chmod = st.st_mode & 07777;
        watch.size_before_chmod = st.st_size;
        watch_note("chmod");
    }
    return (int)syscall(SYS_fchmod, fd, mode);
}

int fsync(int fd)
{
    struct stat st;

    if (watch.on && fstat(fd, &st) == 0) {
        watch_note(S_ISDIR(st.st_mode) ? "sync-dir" : "sync-file");
        if (watch.fail_sync && !S_ISDIR(st.st_mode)) {
            errno = watch.fail_sync;
            return -1;
        }
    }
    return (int)syscall(SYS_fsync, fd);
}

static size_t entries(const char *dir)
{
    AUTO_DIR DIR *d = opendir(dir);
    const struct dirent *e;
    size_t n = 0;

    assert_non_null(d);
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    return n;
}

static void expect_text(const char *path, const char *want)
{
    AUTO_FREE char *text = scratch_read(path, NULL);

    assert_string_equal(text, want);
}

static void replace(void **state)
{
    static const mode_t modes[] = { 0600, 0644, 0755, 0400 };
    AUTO_FREE char *path = fsx_join(*state, "file");
    struct err e = ERR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        AUTO_FREE char *text = xasprintf("text %zu", i);
        struct stat st;
        mode_t before = umask(077);
        int rc = fsx_replace(path, text, strlen(text), modes[i], &e);
        umask(before);
        if (rc < 0)
            fail_msg("%s", e.msg);
        expect_text(path, text);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
    }
    assert_int_equal(entries(*state), 1);
}

/* A reader that has the old file open keeps it whole; a link is replaced, not written through. */
static void replace_makes_a_new_file(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "file"), *link = fsx_join(*state, "link");
    struct err e = ERR_INIT;
    char buf[8] = "";

    scratch_write(path, "old", 3);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fsx_replace(path, "new", 3, 0600, &e), 0);
    assert_int_equal(read(fd, buf, sizeof(buf)), 3);
    assert_string_equal(buf, "old");
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(fsx_replace(link, "mine", 4, 0600, &e), 0);
    expect_text(path, "new");
    expect_text(link, "mine");
}

static void replace_in_the_safe_order(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "file");
    struct err e = ERR_INIT;
    mode_t before = umask(0);

    memset(&watch, 0, sizeof(watch));
    watch.on = true;
    int rc = fsx_replace(path, "key", 3, 0600, &e);
    watch.on = false;
    umask(before);
    assert_int_equal(rc, 0);
    assert_string_equal(watch.order, "chmod sync-file sync-dir ");
    assert_int_equal(watch.before_chmod, 0600); /* even with no umask: private from the first byte */
    assert_int_equal(watch.size_before_chmod, 0);
}

static void replace_that_fails_changes_nothing(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "file"), *dir = fsx_join(*state, "dir"),
                   *deep = fsx_join(*state, "no/file");
    struct err e = ERR_INIT;

    assert_int_equal(fsx_replace(path, "old", 3, 0600, &e), 0);
    memset(&watch, 0, sizeof(watch));
    watch.on = true;
    watch.fail_sync = EIO;
    int rc = fsx_replace(path, "new", 3, 0600, &e);
    watch.on = false;
    assert_int_equal(rc, -1);
    assert_int_equal(e.sys, EIO);
    expect_in(e.msg, path);
    expect_text(path, "old");
    assert_int_equal(entries(*state), 1);

    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(fsx_replace(dir, "x", 1, 0600, &e), -1);
    assert_int_equal(entries(*state), 2);
    assert_int_equal(fsx_replace(deep, "x", 1, 0600, &e), -1);
    assert_int_equal(e.sys, ENOENT);
}

static void replace_on_a_full_disk(void **state)
{
    AUTO_FREE char *dir = fsx_join(*state, "small"), *path = fsx_join(dir, "file"), *ballast = fsx_join(dir, "ballast");
    AUTO_FREE char *large = xcalloc(1, 8192);
    struct err e = ERR_INIT;

    if (geteuid() != 0) {
        print_message("not root: cannot mount the full disk\n");
        skip();
    }
    scratch_mount_small(dir);
    assert_int_equal(fsx_replace(path, "old", 3, 0600, &e), 0);
    scratch_fill(ballast);
    assert_int_equal(fsx_replace(path, large, 8192, 0600, &e), -1);
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_int_equal(e.sys, ENOSPC);
    expect_in(e.msg, path);
    expect_text(path, "old");
    assert_int_equal(entries(dir), 2);
    assert_int_equal(unlink(ballast), 0);
    assert_int_equal(fsx_replace(path, "new", 3, 0600, &e), 0);
    expect_text(path, "new");
}

static int unmount(void **state)
{
    static const char *const places[] = { "small", "tree/mounted" };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        AUTO_FREE char *dir = fsx_join(*state, places[i]);
        (void)umount2(dir, MNT_DETACH); /* not there without root */
    }
    return scratch_teardown(state);
}

static void read_has_a_ceiling(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "file");
    AUTO_SBUF struct sbuf exact = SBUF_INIT(4), small = SBUF_INIT(3);
    struct err e = ERR_INIT;

    assert_int_equal(fsx_read(path, &exact, &e), -1);
    assert_int_equal(e.sys, ENOENT);
    scratch_write(path, "a\0bc", 4);
    assert_int_equal(fsx_read(path, &exact, &e), 0);
    assert_int_equal(exact.len, 4);
    assert_memory_equal(exact.data, "a\0bc", 5);
    assert_int_equal(fsx_read(path, &small, &e), -1);
    expect_in(e.msg, "is larger than 3 bytes");
    assert_int_equal(fsx_read(*state, &small, &e), -1);
    assert_int_equal(e.sys, EISDIR);
}

static void mkdirs(void **state)
{
    AUTO_FREE char *deep = fsx_join(*state, "a//b/c/"), *a = fsx_join(*state, "a"), *file = fsx_join(*state, "file"),
                   *below = fsx_join(file, "x"), *dangling = fsx_join(*state, "dangling");
    struct err e = ERR_INIT;
    struct stat st;

    assert_int_equal(mkdir(a, 0711), 0);
    assert_int_equal(fsx_mkdirs(deep, 0700, &e), 0);
    assert_int_equal(fsx_mkdirs(deep, 0755, &e), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(a, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711); /* was there: stays as it was */
    assert_int_equal(fsx_mkdirs("/", 0700, &e), 0);

    scratch_write(file, "", 0);
    assert_int_equal(fsx_mkdirs(below, 0700, &e), -1);
    assert_int_equal(e.sys, ENOTDIR);
    assert_int_equal(fsx_mkdirs(file, 0700, &e), -1); /* there, and no directory */
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(fsx_mkdirs(dangling, 0700, &e), -1);
    assert_int_equal(fsx_mkdirs("", 0700, &e), -1);
}

static void names(void **state)
{
    static const struct {
        const char *path, *dir;
    } rows[] = { { "a", "." }, { "/a", "/" }, { "/a/b", "/a" }, { "a/b", "a" }, { "/", "/" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *dir = fsx_dirname(rows[i].path);
        assert_string_equal(dir, rows[i].dir);
    }
    assert_true(fsx_exists("/"));
    assert_false(fsx_exists("/nowhere/at/all"));
}

/* tree/{deep/er/file, locked/, out -> ../kept, loop -> ., fifo} */
static char *make_tree(const char *dir)
{
    char *tree = fsx_join(dir, "tree");
    AUTO_FREE char *kept = fsx_join(dir, "kept"), *precious = fsx_join(kept, "file"), *er = fsx_join(tree, "deep/er"),
                   *file = fsx_join(er, "file"), *out = fsx_join(tree, "out"), *loop = fsx_join(tree, "loop"),
                   *fifo = fsx_join(tree, "fifo");
    struct err e = ERR_INIT;

    assert_int_equal(fsx_mkdirs(er, 0700, &e), 0);
    assert_int_equal(fsx_mkdirs(kept, 0700, &e), 0);
    scratch_write(file, "x", 1);
    scratch_write(precious, "precious", 8);
    assert_int_equal(symlink("../kept", out), 0);
    assert_int_equal(symlink(".", loop), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    return tree;
}

static void remove_does_not_follow_links(void **state)
{
    AUTO_FREE char *tree = make_tree(*state), *precious = fsx_join(*state, "kept/file"),
                   *link = fsx_join(*state, "link");
    struct err e = ERR_INIT;

    assert_int_equal(symlink("kept", link), 0);
    assert_int_equal(fsx_remove_tree(tree, &e), 0);
    assert_false(fsx_exists(tree));
    assert_int_equal(fsx_remove_tree(link, &e), 0); /* the link goes, not what it names */
    assert_false(fsx_exists(link));
    expect_text(precious, "precious");
    assert_int_equal(fsx_remove_tree(tree, &e), 0); /* gone already */
    AUTO_FREE char *below = fsx_join(tree, "gone/too");
    assert_int_equal(fsx_remove_tree(below, &e), 0);
}

/* `from` NULL: a tmpfs; else that directory once more: same file system, same device number. */
static void expect_mount_kept(const char *dir, const char *from)
{
    AUTO_FREE char *tree = make_tree(dir), *mounted = fsx_join(tree, "mounted"), *inside = fsx_join(mounted, "file");
    struct err e = ERR_INIT;

    assert_int_equal(mkdir(mounted, 0700), 0);
    assert_int_equal(mount(from ? from : "slipway-test", mounted, from ? "none" : "tmpfs", from ? MS_BIND : 0,
                           from ? NULL : "size=64k"),
                     0);
    if (!from)
        scratch_write(inside, "precious", 8);
    int rc = fsx_remove_tree(tree, &e);
    bool kept = fsx_exists(inside);
    int rc_itself = fsx_remove_tree(mounted, &e);
    kept = kept && fsx_exists(inside);
    assert_int_equal(umount2(mounted, MNT_DETACH), 0);
    assert_true(kept);
    assert_int_equal(rc, -1);
    assert_int_equal(rc_itself, -1);
    expect_in(e.msg, mounted);
    expect_in(e.msg, "mount");
    err_clear(&e);
    assert_int_equal(fsx_remove_tree(tree, &e), 0);
}

static void remove_refuses_mounts(void **state)
{
    AUTO_FREE char *kept = fsx_join(*state, "kept"), *precious = fsx_join(kept, "file");

    if (geteuid() != 0) {
        print_message("not root: cannot mount\n");
        skip();
    }
    expect_mount_kept(*state, NULL);
    expect_mount_kept(*state, kept);
    expect_text(precious, "precious");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replace, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(replace_makes_a_new_file, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(replace_in_the_safe_order, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(replace_that_fails_changes_nothing, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(replace_on_a_full_disk, scratch_setup, unmount),
        cmocka_unit_test_setup_teardown(read_has_a_ceiling, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(mkdirs, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(remove_does_not_follow_links, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(remove_refuses_mounts, scratch_setup, unmount),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests_name("core/fsx", tests, NULL, NULL);
}
