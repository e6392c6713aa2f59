#include "cloud/local.h"
#include "cloud/local_net.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct local_tool tools[] = {
    { "systemd-nspawn", "systemd-container" },
    { "mmdebstrap", "mmdebstrap" },
    { "mkfs.ext4", "e2fsprogs" },
    { "debugfs", "e2fsprogs" },
    { "ip", "iproute2" },
    { "unshare", "util-linux" },
    { "losetup", "mount" },
    { NULL, NULL },
};

static const struct local_file files[] = {
    { "/usr/local/lib/slipway/machine-setup.sh", "templates/machine-setup.sh", NULL, "0100755" },
    { "/etc/systemd/system/machine-setup.service", "templates/machine-setup.service", NULL, "0100644" },
    { "/etc/systemd/system/sysinit.target.wants/machine-setup.service", NULL,
      "/etc/systemd/system/machine-setup.service", NULL },
    { NULL, NULL, NULL, NULL },
};

/* A resolver on the host's loopback does not answer in another namespace: then systemd-resolved's list of the real
 * servers is the right one. */
static const char *resolv_mode(void)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;

    if (fsx_read("/etc/resolv.conf", &text, &ignored) == 0 && strstr(text.data, "nameserver 127.") &&
        fsx_exists("/run/systemd/resolve/resolv.conf"))
        return "replace-uplink";
    return "replace-host";
}

void local_nspawn_argv(const struct local *l, const char *root, const char *share, bool systemd_host, struct svec *v)
{
    static const char *const fixed[] = {
        "--quiet",           "--boot",
        "--capability=all",  "--register=no",
        "--link-journal=no", "--console=read-only",
        "--settings=no",     "--system-call-filter=add_key keyctl bpf perf_event_open"
    };

    svec_add(v, "systemd-nspawn");
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        svec_add(v, fixed[i]);
    /* Where systemd runs the host, nspawn asks it for a scope with delegated cgroups; elsewhere it stays where it is.
     */
    if (!systemd_host)
        svec_add(v, "--keep-unit");
    svec_addf(v, "%s%s", local_nspawn.argument, l->id);
    svec_addf(v, "--directory=%s", root);
    svec_addf(v, "--network-namespace-path=/run/netns/%s", l->id);
    svec_addf(v, "--resolv-conf=%s", resolv_mode());
    /* K3s loads the modules that it needs (overlay, br_netfilter) by itself. */
    if (fsx_exists("/lib/modules"))
        svec_add(v, "--bind-ro=/lib/modules");
    if (share)
        svec_addf(v, "--bind-ro=%s:%s", share, LOCAL_SHARE);
}

static int start(struct run *r, struct local *l, pid_t *ret, struct err *e)
{
    static const char *const env[] = { "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes", NULL };
    const struct proc_opts o = { .env = env };
    AUTO_FREE char *root = fsx_join(l->dir, "root");
    AUTO_FREE char *share = r->spec->artifacts.dir ? realpath(r->spec->artifacts.dir, NULL) : NULL;
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_CLOSE int log = open(l->console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (log < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", l->console);
    if (share && strpbrk(share, ":\\"))
        return err_set(e, ERR_SPEC, "artifacts.dir '%s' holds a colon or backslash", share);
    if (fsx_mkdirs(root, 0700, e) < 0 ||
        journal_set(r->journal, "local.share", share ? json_string(share) : json_null(), e) < 0)
        return -1;
    const char *const before[] = { "unshare",
                                   "--mount",
                                   "--propagation",
                                   "private",
                                   "--",
                                   "sh",
                                   "-c",
                                   template_get("templates/machine-nspawn.sh"),
                                   "slipway-machine",
                                   l->disk,
                                   root };
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        svec_add(&argv, before[i]);
    local_nspawn_argv(l, root, share, fsx_exists("/run/systemd/system"), &argv);
    return proc_detach(svec_argv(&argv), &o, log, ret, e);
}

/* Name of a loop device whose backing file is our disk, or NULL. Caller frees. */
static char *loop_of(const struct local *l)
{
    glob_t g;
    char *found = NULL;

    if (glob("/sys/block/loop*/loop/backing_file", 0, NULL, &g) != 0)
        return NULL;
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
        AUTO_SBUF struct sbuf text = SBUF_INIT(8192);
        struct err ignored = ERR_INIT;
        size_t n = strlen(l->disk);
        if (fsx_read(g.gl_pathv[i], &text, &ignored) == 0 && strncmp(text.data, l->disk, n) == 0 &&
            (text.data[n] == '\n' || text.data[n] == ' ')) /* " (deleted)" */
            found = xasprintf("/dev/%.*s", (int)strcspn(g.gl_pathv[i] + strlen("/sys/block/"), "/"),
                              g.gl_pathv[i] + strlen("/sys/block/"));
    }
    globfree(&g);
    return found;
}

static int released(void *ctx, char why[static 256], struct err *e)
{
    AUTO_FREE char *loop = loop_of(ctx);

    (void)e;
    if (loop)
        (void)snprintf(why, 256, "'%s' is attached", loop);
    return loop == NULL;
}

/* The mount namespace is torn down by the kernel after its last process, and the loop device with it. */
static int release(struct run *r, struct local *l, struct err *e)
{
    const struct wait w = { "release of the machine's disk", r->clock->mono_ms(r->clock) + 20000, 20 };

    return wait_for(&w, r->clock, r->ui, released, l, e);
}

static int endpoint(struct run *r, struct local *l, struct endpoint *ret, struct err *e)
{
    bool exists;
    uint32_t addr = local_link_addr(l->link, &exists);
    char text[16];

    (void)r;
    if (!addr)
        return err_set(e, ERR_CONFLICT, "machine '%s' has no network: link '%s' is missing", l->id, l->link);
    local_addr_text(addr + 1, text);
    *ret = (struct endpoint){ .port = 22, .user = LOCAL_USER };
    (void)snprintf(ret->host, sizeof(ret->host), "%s", text);
    return 0;
}

static int sweep(struct run *r, struct local *l, json_t *rows, struct err *e)
{
    AUTO_FREE char *loop = loop_of(l);

    if (loop)
        local_row(rows, "loop device", loop);
    return local_net_sweep(r, l, rows, e);
}

const struct local_driver local_nspawn = {
    .name = "nspawn",
    .root = true,
    .tools = tools,
    .argument = "--machine=",
    .ops = &local_ops,
    .net_find = local_net_find,
    .net_create = local_net_create,
    .net_destroy = local_net_destroy,
    .net_sweep = sweep,
    .start = start,
    .release = release,
    .endpoint = endpoint,
    .files = files,
};
