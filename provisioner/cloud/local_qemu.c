#include "cloud/local.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FACT_PORT  "local.port"
#define FACT_ACCEL "local.accel"

enum { KVM_PROBE_MS = 6000 };

/* By the compiler's target: a slipway runs on the architecture that it was built for. */
#if defined(__aarch64__)
#    define QEMU_TOOL    "qemu-system-aarch64"
#    define QEMU_PACKAGE "qemu-system-arm"
#    define QEMU_BOARD   "virt"
#    define QEMU_CONSOLE "ttyAMA0"
#else
#    define QEMU_TOOL    "qemu-system-x86_64"
#    define QEMU_PACKAGE "qemu-system-x86"
#    define QEMU_BOARD   "q35"
#    define QEMU_CONSOLE "ttyS0"
#endif

static const struct local_tool tools[] = {
    { QEMU_TOOL, QEMU_PACKAGE }, { "mmdebstrap", "mmdebstrap" }, { "mkfs.ext4", "e2fsprogs" },
    { "debugfs", "e2fsprogs" },  { "unshare", "util-linux" },    { NULL, NULL },
};

static const struct local_file files[] = {
    { "/etc/systemd/network/10-slipway.network", "templates/machine-qemu.network", NULL, "0100644" },
    { "/etc/resolv.conf", "templates/machine-qemu.resolv.conf", NULL, "0100644" },
    { "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", NULL,
      "/lib/systemd/system/systemd-networkd.service", NULL },
    { NULL, NULL, NULL, NULL },
};

static int64_t port_of(const struct run *r)
{
    const json_t *port = r->journal ? journal_get(r->journal, FACT_PORT) : NULL;

    return json_is_integer(port) ? json_integer_value(port) : 0;
}

/* Bind 127.0.0.1:`port` (0: any free one) and let go of it again. */
static int try_port(int port, int *ret)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&a, len) < 0 ||
        getsockname(fd, (struct sockaddr *)(void *)&a, &len) < 0)
        return -1;
    *ret = ntohs(a.sin_port);
    return 0;
}

static int net_find(struct run *r, struct local *l, struct err *e)
{
    (void)l, (void)e;
    return port_of(r) > 0;
}

static int net_create(struct run *r, struct local *l, struct err *e)
{
    int port;

    (void)l;
    if (try_port(0, &port) < 0)
        return err_sys(e, ERR_INTERNAL, "no free port on 127.0.0.1");
    return journal_set(r->journal, FACT_PORT, json_integer(port), e);
}

static int net_destroy(struct run *r, struct local *l, struct err *e)
{
    (void)l;
    if (journal_set(r->journal, FACT_ACCEL, json_null(), e) < 0)
        return -1;
    return journal_set(r->journal, FACT_PORT, json_null(), e);
}

static int net_sweep(struct run *r, struct local *l, json_t *rows, struct err *e)
{
    (void)r, (void)l, (void)rows, (void)e;
    return 0;
}

/* /dev/kvm that opens proves nothing: under some nested hypervisors a guest starts and then stands still. So the
 * image's own kernel must come as far as its panic for want of a root file system. */
static bool kvm_works(const struct local *l)
{
    AUTO_FREE char *kernel = local_image_part(l, "kernel");
    AUTO_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    const char *const argv[] = { QEMU_TOOL,
                                 "-accel",
                                 "kvm",
                                 "-cpu",
                                 "host",
                                 "-M",
                                 QEMU_BOARD,
                                 "-m",
                                 "256",
                                 "-nodefaults",
                                 "-no-user-config",
                                 "-display",
                                 "none",
                                 "-no-reboot",
                                 "-kernel",
                                 kernel,
                                 "-append",
                                 "console=" QEMU_CONSOLE " panic=-1",
                                 "-serial",
                                 "null",
                                 NULL };
    const struct proc_opts o = { .timeout_ms = KVM_PROBE_MS };
    struct err ignored = ERR_INIT;

    return fd >= 0 && proc_run(argv, &o, &ignored) == 0;
}

static int choose_accel(struct run *r, struct local *l, const char **ret, struct err *e)
{
    const char *known = journal_str(r->journal, FACT_ACCEL);

    if (strcmp(known, "kvm") == 0 || strcmp(known, "tcg") == 0) {
        *ret = known;
        return 0;
    }
    ui_note(r->ui, "does KVM work here?");
    *ret = kvm_works(l) ? "kvm" : "tcg";
    return journal_set(r->journal, FACT_ACCEL, json_string(*ret), e);
}

/* In a -drive option a comma is written twice. */
static char *drive_of(const char *path)
{
    AUTO_SBUF struct sbuf b = SBUF_INIT(16384);

    sbuf_addstr(&b, "if=none,id=disk,format=raw,discard=unmap,cache=writeback,file=");
    for (; *path; path++) {
        sbuf_addch(&b, *path);
        if (*path == ',')
            sbuf_addch(&b, ',');
    }
    return sbuf_take(&b);
}

void local_qemu_argv(const struct local *l, const char *accel, const struct local_size *size, int port, struct svec *v)
{
    AUTO_FREE char *kernel = local_image_part(l, "kernel");
    AUTO_FREE char *initrd = local_image_part(l, "initrd");
    AUTO_FREE char *drive = drive_of(l->disk);
    bool kvm = strcmp(accel, "kvm") == 0;

    svec_add(v, QEMU_TOOL);
    svec_add(v, "-name");
    svec_addf(v, "%s%s", local_qemu.argument, l->id);
    svec_add(v, "-accel");
    svec_add(v, kvm ? "kvm" : "tcg,thread=multi");
    svec_add(v, "-cpu");
    svec_add(v, kvm ? "host" : "max");
    svec_add(v, "-M");
    svec_add(v, QEMU_BOARD);
    svec_add(v, "-smp");
    svec_addf(v, "%d", size->vcpus);
    svec_add(v, "-m");
    svec_addf(v, "%d", size->mem_mib);
    static const char *const fixed[] = { "-nodefaults", "-no-user-config", "-display", "none",    "-serial",
                                         "stdio",       "-sandbox",        "on",       "-device", "virtio-rng-pci" };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        svec_add(v, fixed[i]);
    svec_add(v, "-kernel");
    svec_add(v, kernel);
    svec_add(v, "-initrd");
    svec_add(v, initrd);
    svec_add(v, "-append");
    svec_add(v, "root=/dev/vda rw rootfstype=ext4 console=" QEMU_CONSOLE " quiet systemd.show_status=no");
    svec_add(v, "-drive");
    svec_add(v, drive);
    svec_add(v, "-device");
    svec_add(v, "virtio-blk-pci,drive=disk");
    svec_add(v, "-netdev");
    svec_addf(v, "user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:%d-:22", port);
    svec_add(v, "-device");
    svec_add(v, "virtio-net-pci,netdev=net,romfile=");
}

static int start(struct run *r, struct local *l, pid_t *ret, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_CLOSE int log = open(l->console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    const char *accel;
    struct local_size size;
    int port = (int)port_of(r);

    if (log < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", l->console);
    if (local_size_here(r->spec, &size, e) < 0 || choose_accel(r, l, &accel, e) < 0)
        return -1;
    if (strcmp(accel, "tcg") == 0)
        ui_warn(r->ui, "KVM does not work on this host: the machine is emulated, 5 to 20 times slower");
    /* The port was free when it was chosen; another program may have taken it since. */
    if (try_port(port, &port) < 0 && (net_create(r, l, e) < 0 || (port = (int)port_of(r)) == 0))
        return -1;
    local_qemu_argv(l, accel, &size, port, &argv);
    return proc_detach(svec_argv(&argv), NULL, log, ret, e);
}

static int release(struct run *r, struct local *l, struct err *e)
{
    (void)r, (void)l, (void)e;
    return 0;
}

static int endpoint(struct run *r, struct local *l, struct endpoint *ret, struct err *e)
{
    int64_t port = port_of(r);

    if (!port)
        return err_set(e, ERR_CONFLICT, "machine '%s' has no port in the journal", l->id);
    *ret = (struct endpoint){ .host = "127.0.0.1", .port = (int)port, .user = LOCAL_USER };
    return 0;
}

const struct local_driver local_qemu = {
    .name = "qemu",
    .tools = tools,
    .kernel = true,
    .argument = "guest=",
    .ops = &local_unshared_ops,
    .net_find = net_find,
    .net_create = net_create,
    .net_destroy = net_destroy,
    .net_sweep = net_sweep,
    .start = start,
    .release = release,
    .endpoint = endpoint,
    .files = files,
};
