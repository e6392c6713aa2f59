/* Test helper: a child process that prints its port, and a scratch directory. */
#pragma once
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include <cmocka.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int port, ports[3]; /* `port` is the first */
};

/* Starts argv and reads the port from its first line. It dies with the test. */
static inline struct server server_start(const char *const argv[])
{
    struct server s = { .pid = 0 };
    char line[64] = "";
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fds[1], 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(fds[1]);
    for (size_t n = 0; n < sizeof(line) - 1 && read(fds[0], line + n, 1) == 1 && line[n] != '\n'; n++) {
    }
    close(fds[0]);
    (void)sscanf(line, "%d %d %d", &s.ports[0], &s.ports[1], &s.ports[2]);
    s.port = s.ports[0];
    if (s.port <= 0)
        fail_msg("'%s' did not start", argv[0]);
    return s;
}

static inline void server_stop(struct server *s)
{
    if (s->pid > 0) {
        (void)kill(s->pid, SIGKILL);
        (void)waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static inline void put_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Run a program to its end; the test fails when it does. */
static inline void must_run(const char *const argv[])
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (!getenv("TEST_VERBOSE")) {
            (void)dup2(null, 1);
            (void)dup2(null, 2);
        }
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("'%s %s %s' ended with status %d", argv[0], argv[1] ? argv[1] : "", argv[1] && argv[2] ? argv[2] : "",
                 status);
}
