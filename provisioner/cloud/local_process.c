#include "cloud/local.h"
#include "core/mem.h"
#include "core/util.h"
#include "core/wait.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool dead(const char *pid)
{
    char path[64], text[512], *p;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    AUTO_FILE FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';
    p = strrchr(text, ')');
    return !p || p[2] == 'Z' || p[2] == 'X';
}

/* Is "<a driver's argument><id>" an element of the command line? Any driver's: without the journal nobody knows which
 * one made the machine. */
static bool marked(const char *pid, const char *id)
{
    char path[64];
    AUTO_SBUF struct sbuf args = SBUF_INIT(64 << 10);
    char buf[4096];
    size_t n;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
    AUTO_FILE FILE *f = fopen(path, "re");
    while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
        sbuf_add(&args, buf, n);
    for (size_t i = 0; i < args.len; i += strlen(args.data + i) + 1)
        for (const struct local_driver *const *d = local_drivers; *d; d++) {
            size_t skip = strlen((*d)->argument);
            if (strncmp(args.data + i, (*d)->argument, skip) == 0 && strcmp(args.data + i + skip, id) == 0)
                return true;
        }
    return false;
}

/* The machine's own processes carry no mark, but they live in its network namespace. */
static bool inside(const char *pid, const struct stat *ns)
{
    char path[64];
    struct stat st;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
    return ns->st_ino && stat(path, &st) == 0 && st.st_ino == ns->st_ino && st.st_dev == ns->st_dev;
}

size_t local_processes(const struct local *l, pid_t *ret, size_t max)
{
    AUTO_FREE char *ns_path = xasprintf("/run/netns/%s", l->id);
    AUTO_DIR DIR *proc = opendir("/proc");
    const struct dirent *d;
    struct stat ns, host;
    size_t n = 0;

    /* A namespace file that a crash left before it was mounted is a plain file on /run. */
    if (stat(ns_path, &ns) < 0 || stat("/proc/self/ns/net", &host) < 0 || ns.st_dev != host.st_dev)
        ns.st_ino = 0;
    while (proc && n < max && (d = readdir(proc)))
        if (isdigit((unsigned char)d->d_name[0]) && (marked(d->d_name, l->id) || inside(d->d_name, &ns)) &&
            !dead(d->d_name))
            ret[n++] = (pid_t)strtol(d->d_name, NULL, 10);
    return n;
}

static int none_left(void *ctx, char why[static 256], struct err *e)
{
    const struct local *l = ctx;
    pid_t pids[256];
    size_t n = local_processes(l, pids, ARRAY_LEN(pids));

    /* The supervisor first (lowest pid): it would start the machine again. */
    for (size_t i = 0; i < n; i++)
        if (kill(pids[i], SIGKILL) < 0 && errno != ESRCH)
            return err_sys(e, ERR_INTERNAL, "end process %d", (int)pids[i]);
    (void)snprintf(why, 256, "%zu processes left", n);
    return n == 0;
}

int local_kill(struct run *r, const struct local *l, struct err *e)
{
    const struct wait w = { "end of the machine's processes", r->clock->mono_ms(r->clock) + 20000, 20 };
    struct local copy = *l;

    return wait_for(&w, r->clock, r->ui, none_left, &copy, e);
}

struct start {
    const struct local *local;
    pid_t pid;
};

static int appeared(void *ctx, char why[static 256], struct err *e)
{
    const struct start *s = ctx;
    char pid[16];
    pid_t one;

    (void)e;
    (void)snprintf(pid, sizeof(pid), "%d", (int)s->pid);
    (void)snprintf(why, 256, "process %s is about to begin", pid);
    return local_processes(s->local, &one, 1) > 0 || dead(pid);
}

/* Between fork and exec the child has no mark yet; who looks then would say that the machine has ended. */
int local_await_start(struct run *r, const struct local *l, pid_t pid, struct err *e)
{
    const struct wait w = { "start of the machine's process", r->clock->mono_ms(r->clock) + 10000, 2 };
    struct start s = { l, pid };

    return wait_for(&w, r->clock, r->ui, appeared, &s, e);
}
