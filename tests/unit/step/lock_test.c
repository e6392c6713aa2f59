/* The lock between real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/scratch.h"
#include "step/lock.h"
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct holder {
    pid_t pid;
    int in, out; /* our ends: closing `in` ends it, a byte from `out` says that it holds the lock */
};

static void hold(const char *path, int in, int out)
{
    struct err e = ERR_INIT;
    struct lock *l = NULL;
    char c = lock_take(path, "bootstrap", &l, &e) == 0 ? 'y' : 'n';

    if (write(out, &c, 1) != 1 || read(in, &c, 1) != 0)
        _exit(1);
    lock_release(l);
    _exit(0);
}

static struct holder start_holder(const char *path)
{
    int in[2], out[2];
    char c = 0;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(in[1]);
        close(out[0]);
        hold(path, in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(read(out[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    return (struct holder){ pid, in[1], out[0] };
}

/* Exit status as waitpid reports it. */
static int end_holder(struct holder *h, int signal)
{
    int st = 0;

    if (signal)
        assert_int_equal(kill(h->pid, signal), 0);
    close(h->in);
    assert_int_equal(waitpid(h->pid, &st, 0), h->pid);
    close(h->out);
    return st;
}

static void expect_free(const char *path)
{
    struct err e = ERR_INIT;
    struct lock *l = NULL;

    if (lock_take(path, "teardown", &l, &e) < 0)
        fail_msg("%s", e.msg);
    lock_release(l);
}

static void holder_is_named(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct err e = ERR_INIT;
    struct lock *l = NULL;
    struct holder h = start_holder(path);
    char pid[32], since[32] = "";

    assert_int_equal(lock_take(path, "teardown", &l, &e), -1);
    assert_int_equal(end_holder(&h, 0), 0);
    assert_null(l);
    assert_int_equal(e.code, ERR_CONFLICT);
    (void)snprintf(pid, sizeof(pid), "pid %d on ", (int)h.pid);
    expect_in(e.msg, "'bootstrap', ");
    expect_in(e.msg, pid);
    const char *at = strstr(e.msg, "since ");
    assert_non_null(at);
    int y, mo, d, hh, mm, ss;
    (void)snprintf(since, sizeof(since), "%s", at);
    assert_int_equal(sscanf(since, "since %4d-%2d-%2dT%2d:%2d:%2dZ", &y, &mo, &d, &hh, &mm, &ss), 6);
    assert_true(*e.hint);
    expect_free(path);
}

static void a_dead_holder_holds_nothing(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct holder h = start_holder(path);
    int st = end_holder(&h, SIGKILL);

    assert_true(WIFSIGNALED(st));
    assert_true(fsx_exists(path)); /* what it wrote stays, and does not count */
    expect_free(path);
}

static void the_same_process_is_refused_too(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct err e = ERR_INIT;
    struct lock *first = NULL, *second = NULL;

    assert_int_equal(lock_take(path, "bootstrap", &first, &e), 0);
    assert_int_equal(lock_take(path, "bootstrap", &second, &e), -1);
    lock_release(first);
    expect_free(path);
    lock_release(NULL);
}

/* A shorter holder after a longer one leaves no rest of it. */
static void the_last_holder_is_the_one_named(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct err e = ERR_INIT;
    struct lock *l = NULL, *second = NULL;

    assert_int_equal(lock_take(path, "a command with a very long line of options and values", &l, &e), 0);
    lock_release(l);
    assert_int_equal(lock_take(path, "short", &l, &e), 0);
    assert_int_equal(lock_take(path, "other", &second, &e), -1);
    lock_release(l);
    expect_in(e.msg, "'short', pid ");
}

/* Command lines are bytes; a name that JSON cannot hold must not hide who holds the lock. */
static void a_command_that_is_not_utf8(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct err e = ERR_INIT;
    struct lock *l = NULL, *second = NULL;
    char pid[32];

    assert_int_equal(lock_take(path, "bootstrap -f \xff.yaml", &l, &e), 0);
    assert_int_equal(lock_take(path, "other", &second, &e), -1);
    lock_release(l);
    (void)snprintf(pid, sizeof(pid), "pid %d on ", (int)getpid());
    expect_in(e.msg, "bootstrap -f ");
    expect_in(e.msg, pid);
}

static void refused_paths(void **state)
{
    AUTO_FREE char *target = fsx_join(*state, "target"), *link = fsx_join(*state, "link"),
                   *deep = fsx_join(*state, "no/lock");
    struct err e = ERR_INIT;
    struct lock *l = NULL;

    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(lock_take(link, "bootstrap", &l, &e), -1);
    assert_int_equal(e.sys, ELOOP);
    assert_false(fsx_exists(target));
    assert_int_equal(lock_take(deep, "bootstrap", &l, &e), -1);
    assert_int_equal(e.sys, ENOENT);
    expect_in(e.msg, deep);
}

/* Teardown removes the directory with the lock in it while it holds the lock. Who opened the old file just before must
 * not end up with a lock that the next one, on a new file, does not see. flock is the point between the two. */
static char *vanishing;

int flock(int fd, int operation)
{
    if (vanishing) {
        assert_int_equal(unlink(vanishing), 0);
        vanishing = NULL;
    }
    return (int)syscall(SYS_flock, fd, operation); /* the name is taken by this function */
}

static void a_file_that_vanished_is_no_lock(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "lock");
    struct err e = ERR_INIT;
    struct lock *first = NULL, *second = NULL;

    scratch_write(path, "", 0);
    vanishing = path;
    int rc = lock_take(path, "bootstrap", &first, &e);
    vanishing = NULL;
    assert_int_equal(rc, 0);
    assert_true(fsx_exists(path));
    assert_int_equal(lock_take(path, "teardown", &second, &e), -1);
    lock_release(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holder_is_named, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_dead_holder_holds_nothing, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(the_same_process_is_refused_too, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(the_last_holder_is_the_one_named, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_command_that_is_not_utf8, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(refused_paths, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_vanished_is_no_lock, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests_name("step/lock", tests, NULL, NULL);
}
