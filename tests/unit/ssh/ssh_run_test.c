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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_arrive_as_they_are),
        cmocka_unit_test(exit_statuses),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
