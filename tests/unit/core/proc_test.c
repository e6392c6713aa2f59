/* Children, real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cancel.h"
#include "core/proc.h"
#include "core/svec.h"
#include "scratch.h"
#include <signal.h>
#include <sys/wait.h>

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static void statuses(void **state)
{
    static const struct {
        const char *script;
        int status;
        enum err_code code;
        const char *says;
    } rows[] = {
        { "exit 0", 0, ERR_NONE, "" },
        { "exit 3", 3, ERR_REMOTE, "'sh' ended with status 3" },
        { "echo the reason >&2; exit 1", 1, ERR_REMOTE, "status 1: the reason" },
        { "echo not on stdout; exit 1", 1, ERR_REMOTE, "status 1" },
        { "kill -KILL $$", 137, ERR_REMOTE, "status 137" },
        { "exit 127", 127, ERR_INTERNAL, "could not be executed" },
        /* What was said last is what counts, however much was said before. */
        { "head -c 200000 /dev/zero | tr '\\0' x >&2; echo the reason >&2; exit 1", 1, ERR_REMOTE, "the reason" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        int status = -1;
        const struct proc_opts o = { .status = &status }, any = { .status = &status, .any_status = true };
        int rc = proc_run(SH(rows[i].script), &o, &e);
        if ((rc == 0) != (rows[i].status == 0) || status != rows[i].status || e.code != rows[i].code)
            fail_msg("%s: rc %d, status %d, %s", rows[i].script, rc, status, e.msg);
        expect_in(e.msg, rows[i].says);
        assert_int_equal(proc_run(SH(rows[i].script), &any, &e), 0);
        assert_int_equal(status, rows[i].status);
    }
}

/* A parent that ignores SIGCHLD hands that on. */
static void statuses_are_read_whoever_starts_us(void **state)
{
    struct err e = ERR_INIT;
    const struct proc_opts o = { .timeout_ms = 20000 };

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    cancel_install();
    assert_int_equal(proc_run(SH("exit 3"), &o, &e), -1);
    assert_string_equal(e.msg, "'sh' ended with status 3");
}

static void not_found(void **state)
{
    static const char *const names[] = { "slipway-no-such-program", "/nowhere/program", "./nowhere" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *const argv[] = { names[i], NULL };
        struct err e = ERR_INIT;
        pid_t pid;
        assert_int_equal(proc_run(argv, NULL, &e), -1);
        assert_int_equal(e.code, ERR_INTERNAL);
        assert_int_equal(e.sys, ENOENT);
        expect_in(e.msg, names[i]);
        err_clear(&e);
        assert_int_equal(proc_detach(argv, NULL, STDERR_FILENO, &pid, &e), -1);
        assert_int_equal(e.sys, ENOENT);
        assert_false(proc_have(names[i]));
    }
    assert_true(proc_have("sh"));
}

/* More than any pipe holds, both ways at once. */
static void large_input_and_output(void **state)
{
    const size_t len = 1 << 20;
    AUTO_FREE char *input = xcalloc(len + 1, 1);
    AUTO_SBUF struct sbuf out = SBUF_INIT(2 << 20), err = SBUF_INIT(2 << 20);
    struct err e = ERR_INIT;
    const struct proc_opts o = { .input = input, .out = &out, .err = &err };

    (void)state;
    for (size_t i = 0; i < len; i++)
        input[i] = (char)('a' + i % 23);
    if (proc_run(SH("tee /dev/stderr"), &o, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, input, len);
    assert_int_equal(err.len, len);
    sbuf_reset(&out);
    if (proc_run(SH("exec <&-; echo fine"), &o, &e) < 0) /* does not want its input */
        fail_msg("%s", e.msg);
    assert_string_equal(out.data, "fine\n");
}

static void stdin_is_empty_without_input(void **state)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(64);
    struct err e = ERR_INIT;
    const struct proc_opts o = { .out = &out };

    (void)state;
    assert_int_equal(proc_run(SH("cat; echo end"), &o, &e), 0);
    assert_string_equal(out.data, "end\n");
}

/* Whatever a child does, the deadline holds. The scripts would run for a minute. */
static void deadlines(void **state)
{
    static const char *const scripts[] = {
        "sleep 60",
        "trap '' TERM; sleep 60; true", /* does not hear the polite request */
        "exec >&- 2>&-; sleep 60",      /* closed its outputs and goes on */
        "exec >&- 2>&-; trap '' TERM; sleep 60; true",
        "while :; do echo talking; done",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct clock waited = { 0 }, *c = clock_real();
        struct err e = ERR_INIT;
        const struct proc_opts o = { .timeout_ms = 1200, .clock = &waited };
        int64_t begin = c->mono_ms(c);
        int rc = proc_run(SH(scripts[i]), &o, &e);
        int64_t took = c->mono_ms(c) - begin;
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_TIMEOUT);
        expect_in(e.msg, "'sh': not finished after 1 s");
        if (took < 1200 || took > 20000)
            fail_msg("\"%s\" was ended after %lld ms", scripts[i], (long long)took);
        assert_in_range(waited.waited_ms, 1200, took);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and was waited for */
        assert_int_equal(errno, ECHILD);
    }
}

static void environment_is_built(void **state)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(65536);
    struct err e = ERR_INIT;
    const char *const env[] = { "MINE=1", "GIVEN=a b", NULL };
    const struct proc_opts o = { .env = env, .out = &out };
    const char *const argv[] = { "env", NULL };

    (void)state;
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2", 1), 0);
    assert_int_equal(setenv("LD_PRELOAD", "", 1), 0);
    assert_int_equal(setenv("LANG", "tlh_KX", 1), 0);
    assert_int_equal(setenv("LC_ALL", "tlh_KX", 1), 0);
    assert_int_equal(setenv("HTTPS_PROXY", "http://proxy.example.com:3128", 1), 0);
    assert_int_equal(setenv("HOME", "/the/home", 1), 0);
    assert_int_equal(proc_run(argv, &o, &e), 0);
    assert_null(strstr(out.data, "hunter2"));
    assert_null(strstr(out.data, "LD_PRELOAD"));
    assert_null(strstr(out.data, "tlh"));
    expect_in(out.data, "LANG=C.UTF-8\n");
    expect_in(out.data, "HTTPS_PROXY=http://proxy.example.com:3128\n");
    expect_in(out.data, "HOME=/the/home\n");
    expect_in(out.data, "MINE=1\n");
    expect_in(out.data, "GIVEN=a b\n");
    expect_in(out.data, "PATH=/usr/local/sbin:");
}

/* What this test was started with may be anything; from here on only what we open counts. */
static void close_inherited(void)
{
    for (int fd = 3; fd < 1024; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Children see three descriptors: none of the pipes, and none of another child that runs at the same time. */
static void no_descriptor_leaks(void **state)
{
    AUTO_FREE char *log = fsx_join(*state, "log"), *ours = fsx_join(*state, "ours");
    AUTO_CLOSE int fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096), text = SBUF_INIT(64);
    struct err e = ERR_INIT;
    const struct proc_opts o = { .out = &out };
    int status = -1;
    pid_t pid;

    close_inherited();
    assert_int_equal(fsx_replace(ours, "x", 1, 0600, &e), 0);
    assert_int_equal(fsx_read(ours, &text, &e), 0);
    assert_int_equal(proc_run(SH("ls -1 /proc/$$/fd"), &o, &e), 0);
    assert_string_equal(out.data, "0\n1\n2\n");
    assert_int_equal(proc_detach(SH("ls -1 /proc/$$/fd"), NULL, fd, &pid, &e), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    AUTO_FREE char *said = scratch_read(log, NULL);
    assert_string_equal(said, "0\n1\n2\n");
}

/* A child that was started with SIGINT blocked or SIGPIPE ignored could not be stopped in the usual way. */
static void signals_are_the_usual_ones(void **state)
{
    struct err e = ERR_INIT;
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
    const struct proc_opts o = { .out = &out };
    sigset_t block, before;

    (void)state;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &before);
    int rc = proc_run(SH("grep -E 'Sig(Blk|Ign)' /proc/self/status"), &o, &e);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(rc, 0);
    /* 32 and up are the C library's and whoever started us: only the classic signals are ours to set. */
    const char *blocked = strstr(out.data, "SigBlk:"), *ignored = strstr(out.data, "SigIgn:");
    assert_true(blocked && ignored);
    assert_int_equal(strtoull(blocked + 7, NULL, 16) & 0x7fffffff, 0);
    assert_int_equal(strtoull(ignored + 7, NULL, 16) & 0x7fffffff, 0);
}

static void detached_lives_in_its_own_session(void **state)
{
    AUTO_FREE char *log = fsx_join(*state, "log");
    AUTO_CLOSE int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct err e = ERR_INIT;
    pid_t pid;
    int status = -1;

    assert_int_equal(
        proc_detach(SH("echo out; echo err >&2; read x; cut -d' ' -f6 /proc/$$/stat; exit 5"), NULL, fd, &pid, &e), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 5);
    AUTO_FREE char *text = scratch_read(log, NULL), *want = xasprintf("out\nerr\n%d\n", (int)pid);
    assert_string_equal(text, want);
}

static void spawned_ends_with_its_status(void **state)
{
    static const struct {
        const char *script;
        int status;
    } rows[] = { { "exit 4", 4 }, { "kill -TERM $$", 143 }, { "test \"$KUBECONFIG\" = /k", 0 } };

    const char *const env[] = { "KUBECONFIG=/k", NULL };

    (void)state;
    assert_int_equal(setenv("KUBECONFIG", "/the/users/own", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct clock *c = clock_real();
        struct err e = ERR_INIT;
        int status = -1;
        pid_t pid;
        assert_int_equal(proc_spawn(SH(rows[i].script), env, &pid, &e), 0);
        int64_t deadline = c->mono_ms(c) + 20000;
        while (!proc_ended(pid, &status) && c->mono_ms(c) < deadline)
            assert_int_equal(c->sleep_ms(c, 5, &e), 0);
        if (status != rows[i].status)
            fail_msg("\"%s\" ended with %d", rows[i].script, status);
    }
}

/* The name of a process may hold what separates the fields. */
static void start_times(void **state)
{
    AUTO_FREE char *program = fsx_join(*state, "a) R 1 (b");
    struct err e = ERR_INIT;
    const char *const argv[] = { program, "60", NULL };
    pid_t pid;

    assert_true(proc_start_time(getpid()) > 0);
    assert_int_equal(symlink("/bin/sleep", program), 0);
    assert_int_equal(proc_spawn(argv, NULL, &pid, &e), 0);
    uint64_t start = proc_start_time(pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(start >= proc_start_time(getpid()));
    assert_true(start < proc_start_time(getpid()) + 100 * 600);
    assert_int_equal(proc_start_time(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(statuses_are_read_whoever_starts_us),
        cmocka_unit_test(not_found),
        cmocka_unit_test(large_input_and_output),
        cmocka_unit_test(stdin_is_empty_without_input),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(environment_is_built),
        cmocka_unit_test_setup_teardown(no_descriptor_leaks, scratch_setup, scratch_teardown),
        cmocka_unit_test(signals_are_the_usual_ones),
        cmocka_unit_test_setup_teardown(detached_lives_in_its_own_session, scratch_setup, scratch_teardown),
        cmocka_unit_test(spawned_ends_with_its_status),
        cmocka_unit_test_setup_teardown(start_times, scratch_setup, scratch_teardown),
    };

    signal(SIGPIPE, SIG_IGN); /* as cancel_install does for every command */
    return cmocka_run_group_tests_name("core/proc", tests, NULL, NULL);
}
