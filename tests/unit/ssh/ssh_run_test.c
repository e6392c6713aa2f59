#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include "core/cancel.h"
#include "core/sbuf.h"

static struct sshd server;
static struct ssh *conn;

static int start(void **state)
{
    (void)state;
    cancel_install();
    sshd_start(&server, NULL);
    conn = sshd_connect(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ssh_close(conn);
    sshd_stop(&server);
    return 0;
}

static void words_arrive_as_they_are(void **state)
{
    static const char *const words[] = { "",        "a b", "it's",     "\"q\"",   "$(reboot)", "`id`",
                                         "a\nb\n",  "\\",  "*",        "~",       "-n",        "é λ 漢",
                                         "a;b&c|d", "\t",  "!history", "${HOME}", "a\\'b",     "#x" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
        MUST(ssh_run(conn, (const char *const[]){ "printf", "<%s>", words[i], NULL }, NULL, &r, e));
        AUTO_FREE char *want = xasprintf("<%s>", words[i]);
        if (strcmp(r.out.data, want) != 0)
            fail_msg("word %zu: got %s, want %s", i, r.out.data, want);
        assert_int_equal(r.err.len, 0);
    }
}

static void exit_statuses(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *said;
    } cases[] = {
        { "exit 0", 0, "" },
        { "exit 3", 3, "" },
        { "echo why >&2; exit 255", 255, "why" },
        { "kill -9 $$", 137, "Killed" },
        { "echo a >&2; echo b >&2; echo c >&2; echo d >&2; echo e >&2; exit 1", 1, "b; c; d; e" },
        { "printf unended >&2; exit 7", 7, "unended" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
        struct err why = ERR_INIT;
        struct ssh_opts o = { .any_status = true };
        const char *argv[] = { "sh", "-c", cases[i].script, NULL };
        assert_int_equal(ssh_run(conn, argv, &o, &r, &why), 0);
        assert_int_equal(r.status, cases[i].status);
        o.any_status = false;
        o.what = "step";
        int rc = ssh_run(conn, argv, &o, NULL, &why);
        if (!cases[i].status) {
            assert_int_equal(rc, 0);
            continue;
        }
        AUTO_FREE char *want =
            xasprintf("step: exit status %d%s%s", cases[i].status, *cases[i].said ? ": " : "", cases[i].said);
        assert_int_equal(rc, -1);
        assert_int_equal(why.code, ERR_REMOTE);
        assert_string_equal(why.msg, want);
    }
}

static const char *const true_argv[] = { "true", NULL };

static pid_t session_of(struct ssh *s)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;

    MUST(ssh_run(s, (const char *const[]){ "sh", "-c", "ps -o ppid= -p $PPID", NULL }, NULL, &r, e));
    return (pid_t)strtol(r.out.data, NULL, 10);
}

static void no_exit_status_is_no_success(void **state)
{
    static const char *const scripts[] = {
        "echo begun; kill -9 $PPID; exec sleep 1",                   /* the shell that would report */
        "echo begun; kill -9 $(ps -o ppid= -p $PPID); exec sleep 1", /* sshd */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct ssh *own = sshd_connect(&server);
        AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
        struct err why = ERR_INIT;
        struct ssh_opts o = { .any_status = true, .timeout_ms = 10000 };
        assert_true(session_of(own) > 1);
        assert_int_equal(ssh_run(own, (const char *const[]){ "sh", "-c", scripts[i], NULL }, &o, &r, &why), -1);
        assert_int_equal(why.code, ERR_NET);
        assert_true(why.retryable);
        if (i == 0) /* a killed sshd may not have passed it on */
            assert_string_equal(r.out.data, "begun\n");
        if (i == 1) { /* and the connection says so from now on */
            err_clear(&why);
            assert_int_equal(ssh_run(own, true_argv, NULL, NULL, &why), -1);
            assert_int_equal(why.code, ERR_NET);
            assert_non_null(strstr(why.msg, "is lost"));
        }
        ssh_close(own);
    }
}

static void output_is_bounded(void **state)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    struct err why = ERR_INIT;
    struct ssh_opts o = { .timeout_ms = 120000 };
    const char *out[] = { "sh", "-c", "head -c 100000000 /dev/zero", NULL };
    const char *err[] = { "sh", "-c", "head -c 100000000 /dev/zero >&2; echo the end >&2; exit 4", NULL };

    (void)state;
    assert_int_equal(ssh_run(conn, out, &o, &r, &why), -1);
    assert_int_equal(why.code, ERR_REMOTE);
    assert_non_null(strstr(why.msg, "larger than 4194304 bytes"));
    assert_int_equal(r.out.len, 4 << 20);
    AUTO_SSH_RESULT struct ssh_result r2 = SSH_RESULT_INIT;
    o.any_status = true;
    MUST(ssh_run(conn, err, &o, &r2, e));
    assert_int_equal(r2.status, 4);
    assert_int_equal(r2.err.len, 64 << 10);
    assert_string_equal(r2.err.data + r2.err.len - 8, "the end\n");
}

/* Both streams at once, more than a window of each: reading only one would hang. */
static void both_streams_are_drained(void **state)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    static const char script[] = "head -c 9000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait";

    (void)state;
    MUST(ssh_run(conn, (const char *const[]){ "sh", "-c", script, NULL }, NULL, &r, e));
    assert_int_equal(r.out.len, 3000000);
}

static void input_arrives(void **state)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    AUTO_FREE char *text = xcalloc(1, 5000001);
    struct ssh_opts o = { .input = text, .timeout_ms = 30000 };

    (void)state;
    for (size_t i = 0; i < 5000000; i++)
        text[i] = (char)('a' + i % 23);
    MUST(ssh_run(conn, (const char *const[]){ "wc", "-c", NULL }, &o, &r, e));
    assert_string_equal(r.out.data, "5000000\n");
    /* Not reading it is the command's right. */
    MUST(ssh_run(conn, true_argv, &o, NULL, e));
    /* Without input there is an end, not a wait. */
    MUST(ssh_run(conn, (const char *const[]){ "cat", NULL }, NULL, NULL, e));
    o.input_len = 3;
    sbuf_reset(&r.out);
    MUST(ssh_run(conn, (const char *const[]){ "cat", NULL }, &o, &r, e));
    assert_string_equal(r.out.data, "abc");
}

static void timeout_keeps_the_connection(void **state)
{
    struct err why = ERR_INIT;
    struct ssh_opts o = { .timeout_ms = 400, .what = "nap" };

    (void)state;
    assert_int_equal(ssh_run(conn, (const char *const[]){ "sleep", "20", NULL }, &o, NULL, &why), -1);
    assert_int_equal(why.code, ERR_TIMEOUT);
    assert_non_null(strstr(why.msg, "nap"));
    /* Also when the command never stops talking. */
    err_clear(&why);
    assert_int_equal(ssh_run(conn, (const char *const[]){ "sh", "-c", "yes >&2", NULL }, &o, NULL, &why), -1);
    assert_int_equal(why.code, ERR_TIMEOUT);
    MUST(ssh_run(conn, true_argv, NULL, NULL, e));
}

static void child_left_behind_does_not_hold_us(void **state)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    int64_t before = clock_real()->mono_ms(clock_real());

    (void)state;
    MUST(ssh_run(conn, (const char *const[]){ "sh", "-c", "sleep 30 & echo $!", NULL }, NULL, &r, e));
    assert_true(clock_real()->mono_ms(clock_real()) - before < 15000);
    MUST(ssh_run(conn, (const char *const[]){ "kill", strtok_r(r.out.data, "\n", &(char *){ NULL }), NULL }, NULL, NULL,
                 e));
}

static void cancel_ends_a_command(void **state)
{
    int status = -1;

    (void)state;
    (void)fflush(NULL);
    pid_t child = fork(); /* a signal is for a whole process, and stays */
    if (child == 0) {
        struct ssh *own = sshd_connect(&server);
        struct err why = ERR_INIT;
        pid_t me = getpid();
        if (fork() == 0) {
            (void)poll(NULL, 0, 300);
            kill(me, SIGINT);
            _exit(0);
        }
        int rc = ssh_run(own, (const char *const[]){ "sleep", "20", NULL }, NULL, NULL, &why);
        ssh_close(own);
        _exit(rc == -1 && why.code == ERR_CANCELED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void time_waited_is_counted(void **state)
{
    struct clock *c = clock_real();
    int64_t waited = c->waited_ms;

    (void)state;
    MUST(ssh_run(conn, (const char *const[]){ "sleep", "0.6", NULL }, NULL, NULL, e));
    assert_true(c->waited_ms - waited >= 550);
}

static void sudo_makes_root(void **state)
{
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    struct ssh_opts o = { .sudo = true };

    (void)state;
    if (geteuid() != 0 && geteuid() != PLAIN_UID) {
        print_message("sudo is not tested as this user\n");
        skip();
    }
    MUST(ssh_run(conn, (const char *const[]){ "id", "-u", NULL }, &o, &r, e));
    assert_string_equal(r.out.data, "0\n");
    sbuf_reset(&r.out);
    MUST(ssh_script(conn, "id -u; printf '%s|' \"$@\"", (const char *const[]){ "a b", "it's", "-x", "", NULL }, &o, &r,
                    e));
    assert_string_equal(r.out.data, "0\na b|it's|-x||");
}

static void scripts(void **state)
{
    static const struct {
        const char *name, *script, *input, *out;
        int status;
    } cases[] = {
        { "arguments", "echo \"$#:$2\"", NULL, "2:two words\n", 0 },
        { "a command cannot eat the script", "cat\necho after", NULL, "after\n", 0 },
        { "exit", "echo a; exit 5; echo b", NULL, "a\n", 5 },
        { "here document", "cat <<'E'\n$x\nE\n", NULL, "$x\n", 0 },
        { "comment at the end", "echo a # b", NULL, "a\n", 0 },
        { "input", "cat; echo \"$2\"", "given\n", "given\ntwo words\n", 0 },
        { "set -e", "set -e; false; echo no", NULL, "", 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
        struct ssh_opts o = { .any_status = true, .input = cases[i].input };
        const char *args[] = { "one", "two words", NULL };
        MUST(ssh_script(conn, cases[i].script, args, &o, &r, e));
        if (r.status != cases[i].status || strcmp(r.out.data, cases[i].out) != 0)
            fail_msg("%s: status %d, output '%s', error '%s'", cases[i].name, r.status, r.out.data, r.err.data);
    }
}

static int group(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_arrive_as_they_are),
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(no_exit_status_is_no_success),
        cmocka_unit_test(output_is_bounded),
        cmocka_unit_test(both_streams_are_drained),
        cmocka_unit_test(input_arrives),
        cmocka_unit_test(timeout_keeps_the_connection),
        cmocka_unit_test(child_left_behind_does_not_hold_us),
        cmocka_unit_test(cancel_ends_a_command),
        cmocka_unit_test(time_waited_is_counted),
        cmocka_unit_test(sudo_makes_root),
        cmocka_unit_test(scripts),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

int main(void)
{
    return run_as_each_user(group);
}
