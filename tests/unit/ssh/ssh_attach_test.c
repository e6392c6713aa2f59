#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "core/cancel.h"

enum { NOT_ATTACHED = 99 };

static struct sshd server;

static int start(void **state)
{
    (void)state;
    cancel_install();
    sshd_start(&server, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sshd_stop(&server);
    return 0;
}

/* In a child, whose standard streams are the test's: attach, exit with the status of the command. */
static void attach_and_exit(const char *const argv[])
{
    struct ssh_target t = sshd_target(&server);
    struct ssh *s = NULL;
    struct err why = ERR_INIT;
    enum ssh_stage stage;
    int status = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (ssh_open(&s, &t, clock_real(), 20000, &stage, &why) < 0 || ssh_attach(s, argv, &status, &why) < 0) {
        dprintf(STDERR_FILENO, "[%s]", why.msg);
        status = NOT_ATTACHED;
    }
    ssh_close(s);
    _exit(status);
}

/* Both until their end, whichever has something to say. */
static void read_both(int out_fd, struct sbuf *out, int err_fd, struct sbuf *err)
{
    struct pollfd p[2] = { { out_fd, POLLIN, 0 }, { err_fd, POLLIN, 0 } };
    char buf[4096];

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        assert_true(poll(p, 2, 60000) > 0);
        for (int i = 0; i < 2; i++) {
            if (!p[i].revents)
                continue;
            ssize_t n = read(p[i].fd, buf, sizeof(buf));
            sbuf_add(i ? err : out, buf, n > 0 ? (size_t)n : 0);
            if (n <= 0)
                p[i].fd = -1;
        }
    }
    close(out_fd);
    close(err_fd);
}

static int run_piped(const char *const argv[], const char *input, struct sbuf *out, struct sbuf *err)
{
    int in[2], o[2], er[2], status = -1;

    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(o, O_CLOEXEC) | pipe2(er, O_CLOEXEC), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(o[1], 1);
        dup2(er[1], 2);
        close(in[1]);
        attach_and_exit(argv);
    }
    close(in[0]);
    close(o[1]);
    close(er[1]);
    assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
    close(in[1]);
    read_both(o[0], out, er[0], err);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void commands(void **state)
{
    static const struct {
        const char *script, *input, *out, *err;
        int status;
    } cases[] = {
        { "cat; echo said >&2", "given\n", "given\n", "said\n", 0 },
        { "exit 7", "", "", "", 7 },
        { "printf 'no newline' >&2; exit 255", "", "", "no newline", 255 },
        { "printf '\\036 not the trailer' >&2", "", "", "\036 not the trailer", 0 },
        { "test -t 0 || echo no terminal", "", "no terminal\n", "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
        AUTO_SBUF struct sbuf err = SBUF_INIT(1 << 20);
        int status = run_piped((const char *const[]){ "sh", "-c", cases[i].script, NULL }, cases[i].input, &out, &err);
        if (status != cases[i].status || strcmp(out.data, cases[i].out) != 0 || strcmp(err.data, cases[i].err) != 0)
            fail_msg("%s: %d '%s' '%s'", cases[i].script, status, out.data, err.data);
    }
}

static void large_output(void **state)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(32 << 20);
    AUTO_SBUF struct sbuf err = SBUF_INIT(32 << 20);

    (void)state;
    int status =
        run_piped((const char *const[]){ "sh", "-c", "head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2", NULL },
                  "", &out, &err);
    assert_int_equal(status, 0);
    assert_int_equal(out.len, 5000000);
    assert_int_equal(err.len, 3000000);
}

static void killed_server(void **state)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    AUTO_SBUF struct sbuf err = SBUF_INIT(1 << 20);

    (void)state;
    int status = run_piped((const char *const[]){ "sh", "-c", "kill -9 $(ps -o ppid= -p $PPID); exec sleep 1", NULL },
                           "", &out, &err);
    if (status != NOT_ATTACHED)
        fail_msg("%d: %s", status, err.data);
}

/* Write a line and read until `want` shows up; false after 20 s of nothing. */
static bool dialog(int fd, const char *line, const char *want, struct sbuf *seen)
{
    struct pollfd p = { fd, POLLIN, 0 };
    char buf[1024];

    sbuf_reset(seen);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    while (!strstr(seen->data, want)) {
        if (poll(&p, 1, 20000) <= 0)
            return false;
        ssize_t n = read(fd, buf, sizeof(buf));
        if (n <= 0)
            return false;
        if (seen->len > 100000) { /* of much, the end matters */
            memmove(seen->data, seen->data + seen->len - 16, 17);
            seen->len = 16;
        }
        sbuf_add(seen, buf, (size_t)n);
    }
    return true;
}

static void shell_on_a_terminal(void **state)
{
    AUTO_SBUF struct sbuf seen = SBUF_INIT(1 << 20);
    struct winsize size = { .ws_row = 33, .ws_col = 101 };
    int fd, status = -1;

    (void)state;
    if (geteuid() == PLAIN_UID) {
        print_message("sshd hands terminals out only as root here; tested as root\n");
        skip();
    }
    (void)fflush(NULL);
    pid_t child = forkpty(&fd, NULL, NULL, &size);
    if (child == 0) {
        setenv("TERM", "xterm", 1);
        attach_and_exit(NULL);
    }
    /* The words are put together there, so that the echo of the line is not taken for the answer. */
    if (!dialog(fd, "PS1=; stty size; echo a''b=$TERM\n", "ab=xterm", &seen))
        fail_msg("saw '%s'", seen.data);
    assert_non_null(strstr(seen.data, "33 101"));
    size.ws_col = 77;
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    for (int i = 0; i < 50 && !strstr(seen.data, "33 77"); i++)
        if (!dialog(fd, "stty size; echo c''d\n", "cd", &seen))
            fail_msg("saw '%s'", seen.data);
    assert_non_null(strstr(seen.data, "33 77"));
    /* Ctrl-C is for the command there, not for us. It is ready for the signal once it says so. */
    static const char busy[] = "sh -c 'trap \"echo i\\\"\\\"j; exit\" INT; echo e\"\"f; while :; do sleep 0.1; done'\n";
    if (!dialog(fd, busy, "ef", &seen) || !dialog(fd, "\003", "ij", &seen) || !dialog(fd, "echo g''h\n", "gh", &seen))
        fail_msg("saw '%s'", seen.data);
    /* Also when it never stops talking. */
    if (!dialog(fd, "yes\n", "y\r\ny\r\ny", &seen) || !dialog(fd, "\003", "^C", &seen) ||
        !dialog(fd, "echo k''l\n", "kl", &seen))
        fail_msg("saw '%.100s'", seen.data);
    (void)dialog(fd, "exit 9\n", "never", &seen);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 9);
    close(fd);
}

static int group(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands),
        cmocka_unit_test(large_output),
        cmocka_unit_test(killed_server),
        cmocka_unit_test(shell_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

int main(void)
{
    return run_as_each_user(group);
}
