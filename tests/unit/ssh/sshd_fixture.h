/* A real sshd on 127.0.0.1 with keys of its own, in a directory of its own. It dies with the test. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "ssh/key.h"
#include "ssh/ssh.h"

struct sshd {
    char dir[64], user[64];
    int port;
    pid_t pid;
    struct ssh_key key;    /* may log in */
    char *ed25519, *ecdsa; /* host keys, public lines */
    char ed25519_sum[64], ecdsa_sum[64];
};

#define MUST(expr)                             \
    do {                                       \
        struct err e_ = ERR_INIT, *e = &e_;    \
        if ((expr) < 0)                        \
            fail_msg("%s: %s", #expr, e->msg); \
    } while (0)

static __attribute__((unused)) int free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&a, len) < 0 || getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        fail_msg("no free port: %s", strerror(errno));
    close(fd);
    return ntohs(a.sin_port);
}

static int connect_to(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr = { htonl(INADDR_LOOPBACK) },
                             .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* True once somebody listens; false when `pid` ended before. */
static bool await_port(int port, pid_t pid)
{
    for (int i = 0; i < 2000; i++) {
        int fd = connect_to(port);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        (void)poll(NULL, 0, 10);
    }
    return false;
}

static pid_t spawn_bound(const char *const argv[])
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        char *args[32];
        size_t n = 0;
        for (; argv[n] && n < 31; n++)
            args[n] = xstrdup(argv[n]);
        args[n] = NULL;
        execv(args[0], args);
        _exit(127);
    }
    return pid;
}

static void write_file(const char *dir, const char *name, const char *text, mode_t mode)
{
    AUTO_FREE char *path = fsx_join(dir, name);
    MUST(fsx_replace(path, text, strlen(text), mode, e));
}

static char *read_file(const char *dir, const char *name)
{
    AUTO_FREE char *path = fsx_join(dir, name);
    struct sbuf b = SBUF_INIT(16 << 20);
    MUST(fsx_read(path, &b, e));
    sbuf_trim(&b);
    return sbuf_take(&b);
}

static char *make_host_key(const struct sshd *d, const char *type, char ret_sum[64])
{
    AUTO_FREE char *path = xasprintf("%s/host_%s", d->dir, type);
    AUTO_FREE char *pub = xasprintf("host_%s.pub", type);
    struct proc_opts o = { .timeout_ms = 20000 };

    MUST(proc_run(
        (const char *const[]){ "ssh-keygen", "-q", "-t", type, "-N", "", "-C", "test host", "-f", path, NULL }, &o, e));
    char *line = read_file(d->dir, pub);
    MUST(ssh_key_fingerprint(line, ret_sum, e));
    return line;
}

/* `extra`: more lines for sshd_config. */
static void sshd_start_as(struct sshd *d, const char *extra)
{
    AUTO_FREE char *cfg = fsx_join(d->dir, "sshd_config");
    AUTO_FREE char *log = fsx_join(d->dir, "log");

    for (int tries = 0; tries < 5; tries++) {
        d->port = free_port();
        AUTO_FREE char *text =
            xasprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host_ed25519\nHostKey %s/host_ecdsa\n"
                      "PidFile none\nAuthorizedKeysFile %s/authorized_keys\nStrictModes no\nUsePAM no\n"
                      "PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel DEBUG1\n"
                      "PermitRootLogin prohibit-password\nMaxStartups 100\nMaxSessions 100\n%s\n",
                      d->port, d->dir, d->dir, d->dir, extra ? extra : "");
        write_file(d->dir, "sshd_config", text, 0600);
        d->pid = spawn_bound((const char *const[]){ "/usr/sbin/sshd", "-D", "-f", cfg, "-E", log, NULL });
        if (await_port(d->port, d->pid))
            return;
        d->pid = 0;
    }
    AUTO_FREE char *said = read_file(d->dir, "log");
    fail_msg("sshd did not start: %s", said);
}

static void sshd_kill(struct sshd *d)
{
    if (d->pid) {
        kill(d->pid, SIGKILL);
        waitpid(d->pid, NULL, 0);
    }
    d->pid = 0;
}

static __attribute__((unused)) void sshd_start(struct sshd *d, const char *extra)
{
    struct passwd *pw = getpwuid(geteuid());

    memset(d, 0, sizeof(*d));
    (void)snprintf(d->dir, sizeof(d->dir), "/tmp/slipway-ssh-XXXXXX");
    if (!mkdtemp(d->dir) || !pw)
        fail_msg("no directory or no user");
    (void)snprintf(d->user, sizeof(d->user), "%s", pw->pw_name);
    if (geteuid() == 0)
        (void)mkdir("/run/sshd", 0755); /* where sshd as root confines its children */
    chmod(d->dir, 0755);
    MUST(ssh_key_generate(&d->key, e));
    d->ed25519 = make_host_key(d, "ed25519", d->ed25519_sum);
    d->ecdsa = make_host_key(d, "ecdsa", d->ecdsa_sum);
    write_file(d->dir, "authorized_keys", d->key.public, 0644);
    write_file(d->dir, "log", "", 0600);
    sshd_start_as(d, extra);
}

static __attribute__((unused)) void sshd_stop(struct sshd *d)
{
    sshd_kill(d);
    MUST(fsx_remove_tree(d->dir, e));
    ssh_key_done(&d->key);
    free(d->ed25519);
    free(d->ecdsa);
}

static __attribute__((unused)) struct ssh_target sshd_target(const struct sshd *d)
{
    return (struct ssh_target){ "127.0.0.1", d->port, d->user, d->ed25519, d->key.pem };
}

static __attribute__((unused)) struct ssh *sshd_connect(const struct sshd *d)
{
    struct ssh_target t = sshd_target(d);
    enum ssh_stage stage;
    struct ssh *s = NULL;

    MUST(ssh_open(&s, &t, clock_real(), 20000, &stage, e));
    return s;
}

enum { PLAIN_UID = 54321 };

/* `path` with one more line, as this process and its children see it. */
static void add_line(const char *path, const char *line, mode_t mode)
{
    char tmp[] = "/tmp/slipway-line-XXXXXX";
    struct sbuf b = SBUF_INIT(1 << 20);
    int fd = mkstemp(tmp);

    MUST(fsx_read(path, &b, e));
    sbuf_addf(&b, "%s\n", line);
    MUST(fsx_write_all(fd, b.data, b.len, e));
    sbuf_done(&b);
    bool bound = fchmod(fd, mode) == 0 && mount(tmp, path, "none", MS_BIND, NULL) == 0;
    close(fd);
    unlink(tmp);
    if (!bound) { /* no cmocka yet, which would have a fail */
        print_error("bind '%s': %s\n", path, strerror(errno));
        exit(1);
    }
}

/* Become a user that this host does not have, with sudo, in a mount namespace of our own. */
static void become_plain_user(void)
{
    add_line("/etc/passwd", "slipway-test:x:54321:54321::/tmp:/bin/sh", 0644);
    add_line("/etc/shadow", "slipway-test:*:20000:0:99999:7:::", 0640);
    add_line("/etc/sudoers", "slipway-test ALL=(ALL) NOPASSWD: ALL", 0440);
    if (setgroups(0, NULL) < 0 || setgid(PLAIN_UID) < 0 || setuid(PLAIN_UID) < 0) {
        print_error("become a plain user: %s\n", strerror(errno));
        exit(1);
    }
    prctl(PR_SET_DUMPABLE, 1); /* for the leak checker */
}

/* Run the tests as the user that we are, and when that is root, as a plain user too. */
static __attribute__((unused)) int run_as_each_user(int (*group)(void))
{
    int status = 0, failed;

    if (geteuid() != 0) {
        print_message("not root: what needs a mount or a second user is not tested\n");
        return group();
    }
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0) {
        print_error("mount namespace: %s\n", strerror(errno));
        return 1;
    }
    failed = group();
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become_plain_user();
        exit(group() != 0);
    }
    return failed || waitpid(child, &status, 0) != child || status != 0;
}
