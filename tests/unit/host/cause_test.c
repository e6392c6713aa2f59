/* Lines that K3s, PostgreSQL, Prefect and containerd print, and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util.h"
#include "host/cause.h"
#include <cmocka.h>
#include <string.h>

static const struct {
    const char *log, *says;
} known[] = {
    { "failed to pull: dial tcp: lookup registry-1.docker.io: no such host", "does not resolve on the machine" },
    { "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit", "too many pulls" },
    { "docker.io/library/a:9: manifest unknown", "no such image" },
    { "FATAL:  password authentication failed for user \"prefect\"", "refused the password" },
    { "asyncpg.exceptions.InvalidPasswordError: password", "refused the password" },
    { "write /var/lib/x: no space left on device", "disk is full" },
    { "PANIC:  could not write to file: No space left on device", "disk is full" },
    { "alembic.util.exc.CommandError: Can't locate revision identified by 'x'", "newer Prefect" },
    { "FATAL:  database files are incompatible with server", "another major version" },
    { "could not translate host name \"postgres\" to address", "DNS in the cluster" },
    { "socket.gaierror: [Errno -3] Temporary failure in name resolution", "DNS in the cluster" },
    { "Last State: Terminated, Reason: OOMKilled", "memory" },
    { "accept: too many open files", "open files" },
    { "listen tcp :6443: bind: address already in use", "port" },
    { "level=fatal msg=\"failed to find memory cgroup (v2)\"", "cgroup" },
    { "level=fatal msg=\"flag provided but not defined: -bogus\"", "k3s.config" },
    { "x509: certificate has expired or is not yet valid: current time 1970", "clock" },
};

static void known_causes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        char log[512];
        (void)snprintf(log, sizeof(log), "starting\n%s\nretrying in 5 s\n", known[i].log);
        const char *got = cause_find(log);
        if (!got || !strstr(got, known[i].says))
            fail_msg("\"%s\": %s", known[i].log, got ? got : "not known");
    }
}

static void everyday_lines_are_no_cause(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "database system is ready to accept connections",
        "Starting k3s v1.34.2+k3s1",
        "Wrote kubeconfig /etc/rancher/k3s/k3s.yaml",
        "INFO:     Application startup complete.",
        "Node controller sync successful",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (cause_find(lines[i]))
            fail_msg("\"%s\" is taken for \"%s\"", lines[i], cause_find(lines[i]));
}

static void last_words(void **state)
{
    static const char *const rows[][2] = { { "", "" },         { "\n \n", "" },       { "one", "one" },
                                           { "one\n", "one" }, { "one\ntwo", "two" }, { "one\r\ntwo \r\n\n", "two" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *got = cause_last_line(rows[i][0]);
        assert_true(got >= rows[i][0] && got <= rows[i][0] + strlen(rows[i][0]));
        if (strncmp(got, rows[i][1], strlen(rows[i][1])) != 0)
            fail_msg("\"%s\": \"%s\"", rows[i][0], got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_causes),
        cmocka_unit_test(everyday_lines_are_no_cause),
        cmocka_unit_test(last_words),
    };

    return cmocka_run_group_tests_name("kube/cause", tests, NULL, NULL);
}
