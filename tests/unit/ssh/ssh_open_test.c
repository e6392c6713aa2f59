#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include "core/cancel.h"

static struct sshd server;
static struct ui *ui;

static int start(void **state)
{
    (void)state;
    cancel_install();
    sshd_start(&server, NULL);
    ui = ui_new(&(struct ui_opts){ .quiet = true }, clock_real());
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ui_free(ui);
    sshd_stop(&server);
    return 0;
}

static struct ssh *try(const struct ssh_target *t, int64_t timeout_ms, enum ssh_stage *stage, struct err *e)
{
    struct ssh *s = NULL;
    int rc = ssh_open(&s, t, clock_real(), timeout_ms, stage, e);

    assert_int_equal(rc, s ? 0 : -1);
    return s;
}

static int in_log(const char *text)
{
    AUTO_FREE char *log = read_file(server.dir, "log");
    int n = 0;

    for (const char *p = log; (p = strstr(p, text)); p++)
        n++;
    return n;
}

static void right_key_in_each_form(void **state)
{
    const char *const forms[] = { server.ed25519, server.ecdsa, server.ed25519_sum, server.ecdsa_sum };
    const char *const seen[] = { server.ed25519, server.ecdsa, server.ed25519, server.ecdsa };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct ssh_target t = sshd_target(&server);
        struct err why = ERR_INIT;
        enum ssh_stage stage;
        t.host_key = forms[i];
        struct ssh *s = try(&t, 20000, &stage, &why);
        if (!s)
            fail_msg("%s: %s", forms[i], why.msg);
        assert_int_equal(stage, SSH_READY);
        /* The line of the file, without its comment. */
        assert_memory_equal(ssh_host_key(s), seen[i], strlen(ssh_host_key(s)));
        assert_int_equal(seen[i][strlen(ssh_host_key(s))], ' ');
        ssh_close(s);
    }
    assert_true(in_log("userauth-request for user") >= (int)ARRAY_LEN(forms));
}

static void wrong_host_key_stops_before_authentication(void **state)
{
    AUTO_SSH_KEY struct ssh_key other = { NULL, NULL };
    char want[64];

    (void)state;
    MUST(ssh_key_generate(&other, e));
    MUST(ssh_key_fingerprint(other.public, want, e));
    const char *const forms[] = { other.public, want };
    const char *const shown[] = { server.ecdsa_sum, server.ed25519_sum };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct ssh_target t = sshd_target(&server);
        struct err why = ERR_INIT;
        enum ssh_stage stage;
        int users = in_log("userauth-request for user"), closed = in_log("Connection closed by");
        t.host_key = forms[i];
        assert_null(try(&t, 20000, &stage, &why));
        assert_int_equal(stage, SSH_HOST_KEY);
        assert_int_equal(why.code, ERR_CONFLICT);
        assert_false(why.retryable);
        assert_non_null(strstr(why.msg, want));
        assert_non_null(strstr(why.msg, shown[i]));
        assert_true(why.hint[0]);
        for (int wait = 0; wait < 500 && in_log("Connection closed by") == closed; wait++)
            (void)poll(NULL, 0, 10);
        assert_true(in_log("Connection closed by") > closed);
        assert_int_equal(in_log("userauth-request for user"), users);
    }
}

/* The host has no key of the type that is expected: still both fingerprints, not a failed negotiation. */
static void host_key_of_another_type(void **state)
{
    struct sshd one = server;
    struct ssh_target t;
    struct err why = ERR_INIT;
    enum ssh_stage stage;

    (void)state;
    AUTO_FREE char *cfg = xasprintf("HostKeyAlgorithms ecdsa-sha2-nistp256");
    sshd_start_as(&one, cfg);
    t = sshd_target(&one);
    assert_null(try(&t, 20000, &stage, &why));
    assert_int_equal(why.code, ERR_CONFLICT);
    assert_non_null(strstr(why.msg, server.ed25519_sum));
    assert_non_null(strstr(why.msg, server.ecdsa_sum));
    sshd_kill(&one);
}

static void refused_user_key(void **state)
{
    AUTO_SSH_KEY struct ssh_key other = { NULL, NULL };
    struct ssh_target t = sshd_target(&server);
    struct err why = ERR_INIT;
    enum ssh_stage stage;

    (void)state;
    MUST(ssh_key_generate(&other, e));
    t.key_pem = other.pem;
    assert_null(try(&t, 20000, &stage, &why));
    assert_int_equal(stage, SSH_AUTH);
    assert_int_equal(why.code, ERR_AUTH);
    assert_true(why.retryable);
}

static void keys_of_openssh(void **state)
{
    static const struct {
        const char *type, *pass, *format, *says; /* NULL: works */
    } cases[] = {
        { "ed25519", "", "RFC4716", NULL },
        { "ecdsa", "", "PEM", NULL },
        { "ecdsa", "", "PKCS8", NULL },
        { "rsa", "", "RFC4716", "RSA keys are not usable" },
        { "rsa", "", "PEM", "RSA keys are not usable" },
        { "rsa", "", "PKCS8", "RSA keys are not usable" },
        { "ed25519", "secret", "RFC4716", "passphrase" },
        { "ecdsa", "secret", "PEM", "passphrase" },
    };
    struct proc_opts o = { .timeout_ms = 30000 };
    AUTO_SBUF struct sbuf allowed = SBUF_INIT(64 << 10);

    (void)state;
    sbuf_addf(&allowed, "%s\n", server.key.public);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *name = xasprintf("user_%zu", i);
        AUTO_FREE char *pub = xasprintf("user_%zu.pub", i);
        AUTO_FREE char *path = fsx_join(server.dir, name);
        const char *argv[] = { "ssh-keygen",    "-q", "-t", cases[i].type, "-N", cases[i].pass, "-m",
                               cases[i].format, "-f", path, NULL };
        MUST(proc_run(argv, &o, e));
        AUTO_FREE char *line = read_file(server.dir, pub);
        sbuf_addf(&allowed, "%s\n", line);
        write_file(server.dir, "authorized_keys", allowed.data, 0644);
        AUTO_FREE char *pem = read_file(server.dir, name);
        struct ssh_target t = sshd_target(&server);
        struct err why = ERR_INIT;
        enum ssh_stage stage;
        t.key_pem = pem;
        struct ssh *s = try(&t, 20000, &stage, &why);
        if (!cases[i].says && !s)
            fail_msg("%s %s: %s", cases[i].type, cases[i].format, why.msg);
        if (cases[i].says && (s || !strstr(why.msg, cases[i].says) || why.code != ERR_AUTH || why.retryable))
            fail_msg("%s %s '%s': %s", cases[i].type, cases[i].format, cases[i].pass, s ? "connected" : why.msg);
        ssh_close(s);
    }
}

/* libssh2 1.10 leaks 56 bytes for each such key, so this one is used in a process that no leak checker looks at. */
static void ecdsa_key_in_openssh_format(void **state)
{
    AUTO_FREE char *path = fsx_join(server.dir, "user_ec");
    AUTO_FREE char *port = xasprintf("%d", server.port);
    struct proc_opts o = { .timeout_ms = 30000, .env = (const char *const[]){ "ASAN_OPTIONS=detect_leaks=0", NULL } };
    char self[4096] = "";

    (void)state;
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    MUST(proc_run((const char *const[]){ "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path, NULL }, &o, e));
    AUTO_FREE char *line = read_file(server.dir, "user_ec.pub");
    AUTO_FREE char *both = xasprintf("%s\n%s\n", server.key.public, line);
    write_file(server.dir, "authorized_keys", both, 0644);
    const char *argv[] = { self, "connect", port, server.user, server.ed25519, path, NULL };
    MUST(proc_run(argv, &o, e));
}

static void targets_that_are_refused_at_once(void **state)
{
    static const struct {
        const char *host_key, *pem;
        enum err_code code;
    } cases[] = {
        { NULL, NULL, ERR_SPEC },
        { "", NULL, ERR_SPEC },
        { "*", NULL, ERR_SPEC },
        { "MD5:aa:bb", NULL, ERR_SPEC },
        { "ssh-rsa AAAAB3NzaC1yc2E=", NULL, ERR_SPEC },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ssh_target t = sshd_target(&server);
        struct err why = ERR_INIT;
        enum ssh_stage stage;
        t.host_key = cases[i].host_key;
        assert_null(try(&t, 20000, &stage, &why));
        assert_int_equal(why.code, cases[i].code);
        assert_false(why.retryable);
    }
    struct ssh_target t = sshd_target(&server);
    struct err why = ERR_INIT;
    enum ssh_stage stage;
    t.key_pem = "hello";
    assert_null(try(&t, 20000, &stage, &why));
    assert_int_equal(why.code, ERR_AUTH);
}

static void nobody_listens(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct err why = ERR_INIT;
    enum ssh_stage stage;

    (void)state;
    t.port = free_port();
    assert_null(try(&t, 5000, &stage, &why));
    assert_int_equal(stage, SSH_TCP);
    assert_int_equal(why.code, ERR_NET);
    assert_true(why.retryable);
    assert_non_null(strstr(why.msg, "refused"));
}

static int listener(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void banner_that_never_comes(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct err why = ERR_INIT;
    enum ssh_stage stage;
    struct clock *c = clock_real();
    int64_t waited = c->waited_ms;
    int fd = listener(&t.port);

    (void)state;
    assert_null(try(&t, 600, &stage, &why));
    assert_int_equal(stage, SSH_BANNER);
    assert_int_equal(why.code, ERR_NET);
    assert_true(why.retryable);
    assert_non_null(strstr(why.msg, "no SSH banner"));
    assert_true(c->waited_ms - waited >= 550);
    close(fd);
}

/* What serves at the port is not SSH, or says good-bye. */
static void other_banners(void **state)
{
    static const char *const says[] = { "HTTP/1.1 400 Bad Request\r\n\r\n", "", "SSH-1.5-old\r\n",
                                        "SSH-2.0-x\r\ngarbage garbage garbage garbage" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        struct ssh_target t = sshd_target(&server);
        struct err why = ERR_INIT;
        enum ssh_stage stage;
        int fd = listener(&t.port);
        pid_t child = fork();
        if (child == 0) {
            int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
            ssize_t n = write(c, says[i], strlen(says[i]));
            shutdown(c, SHUT_WR);
            char sink[512];
            while (n >= 0 && read(c, sink, sizeof(sink)) > 0)
                continue;
            _exit(0);
        }
        close(fd);
        assert_null(try(&t, 3000, &stage, &why));
        if (why.code != ERR_NET && why.code != ERR_REMOTE)
            fail_msg("banner %zu: %s", i, why.msg);
        assert_true(stage < SSH_AUTH);
        waitpid(child, NULL, 0);
    }
}

static void names_are_looked_up(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct err why = ERR_INIT;
    enum ssh_stage stage;

    (void)state;
    t.host = "localhost"; /* may be ::1 first, where nobody listens */
    struct ssh *s = try(&t, 20000, &stage, &why);
    if (!s)
        fail_msg("%s", why.msg);
    ssh_close(s);
    t.host = "no-such-host.invalid";
    assert_null(try(&t, 20000, &stage, &why));
    assert_int_equal(why.code, ERR_NET);
}

static int not_running(void *ctx, char why[static 256], struct err *e)
{
    int *calls = ctx;

    (void)why;
    return ++*calls < 3 ? 0 : err_set(e, ERR_REMOTE, "the machine has stopped");
}

static void wait_asks_whether_the_machine_runs(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct clock *c = clock_real();
    struct err why = ERR_INIT;
    struct ssh *s = NULL;
    int calls = 0;

    (void)state;
    t.port = free_port();
    assert_int_equal(ssh_wait(&s, &t, c, ui, c->mono_ms(c) + 20000, not_running, &calls, &why), -1);
    assert_int_equal(calls, 3);
    assert_non_null(strstr(why.msg, "the machine has stopped"));
}

static void wait_connects_once_the_server_is_there(void **state)
{
    struct sshd late = server;
    struct clock *c = clock_real();
    struct ssh *s = NULL;

    (void)state;
    /* Stopped at first: TCP is accepted by the kernel, no banner comes. */
    sshd_start_as(&late, NULL);
    kill(late.pid, SIGSTOP);
    pid_t waker = fork();
    if (waker == 0) {
        (void)poll(NULL, 0, 700);
        kill(late.pid, SIGCONT);
        _exit(0);
    }
    struct ssh_target t = sshd_target(&late);
    MUST(ssh_wait(&s, &t, c, ui, c->mono_ms(c) + 20000, NULL, NULL, e));
    ssh_close(s);
    waitpid(waker, NULL, 0);
    sshd_kill(&late);
}

static void wait_stops_at_a_wrong_host_key(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct clock *c = clock_real();
    struct err why = ERR_INIT;
    struct ssh *s = NULL;
    int64_t before = c->mono_ms(c);

    (void)state;
    t.host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_int_equal(ssh_wait(&s, &t, c, ui, before + 20000, NULL, NULL, &why), -1);
    assert_int_equal(why.code, ERR_CONFLICT);
    assert_true(c->mono_ms(c) - before < 10000);
}

static void wait_ends_at_its_deadline(void **state)
{
    struct ssh_target t = sshd_target(&server);
    struct clock *c = clock_real();
    struct err why = ERR_INIT;
    struct ssh *s = NULL;

    (void)state;
    t.port = free_port();
    assert_int_equal(ssh_wait(&s, &t, c, ui, c->mono_ms(c) + 700, NULL, NULL, &why), -1);
    assert_int_equal(why.code, ERR_TIMEOUT);
    assert_non_null(strstr(why.msg, "TCP"));
}

static int group(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_key_in_each_form),
        cmocka_unit_test(wrong_host_key_stops_before_authentication),
        cmocka_unit_test(host_key_of_another_type),
        cmocka_unit_test(refused_user_key),
        cmocka_unit_test(keys_of_openssh),
        cmocka_unit_test(ecdsa_key_in_openssh_format),
        cmocka_unit_test(targets_that_are_refused_at_once),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(banner_that_never_comes),
        cmocka_unit_test(other_banners),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(wait_asks_whether_the_machine_runs),
        cmocka_unit_test(wait_connects_once_the_server_is_there),
        cmocka_unit_test(wait_stops_at_a_wrong_host_key),
        cmocka_unit_test(wait_ends_at_its_deadline),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* connect PORT USER HOST_KEY KEY_FILE: one connection in a process of its own. */
static int connect_only(char **argv)
{
    struct sbuf pem = SBUF_INIT(64 << 10);
    struct err why = ERR_INIT;
    enum ssh_stage stage;
    struct ssh *s = NULL;
    struct ssh_target t = { "127.0.0.1", (int)strtol(argv[1], NULL, 10), argv[2], argv[3], NULL };

    if (fsx_read(argv[4], &pem, &why) == 0) {
        t.key_pem = pem.data;
        (void)!ssh_open(&s, &t, clock_real(), 20000, &stage, &why);
    }
    fprintf(stderr, "%s\n", why.msg);
    ssh_close(s);
    sbuf_done(&pem);
    return s ? 0 : 1;
}

int main(int argc, char **argv)
{
    return argc == 6 && strcmp(argv[1], "connect") == 0 ? connect_only(argv + 1) : run_as_each_user(group);
}
