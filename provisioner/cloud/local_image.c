#include "cloud/local.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "step/state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SUITE         "bookworm"
#define KEEP_UNUSED_S ((time_t)14 * 86400) /* deployments of several kinds take turns */

/* What a node needs (K3s: iptables, conntrack by the kernel, libseccomp2, kmod; slipway: sudo, zstd), no more. */
static const char base_packages[] =
    "systemd,systemd-sysv,dbus,cloud-init,openssh-server,sudo,ca-certificates,iproute2,iptables,libseccomp2,kmod,"
    "procps,zstd,e2fsprogs,mount,util-linux,curl";
static const char kernel_packages[] = ",udev,initramfs-tools";

/* A generated initrd with all modules takes a slow guest many seconds to unpack. */
static const char initrd_hook[] =
    "mkdir -p \"$1/etc/initramfs-tools/conf.d\" && printf 'MODULES=list\\nCOMPRESS=zstd\\nRESUME=none\\n' > "
    "\"$1/etc/initramfs-tools/conf.d/slipway\" && printf 'virtio_pci\\nvirtio_mmio\\nvirtio_blk\\next4\\ncrc32c\\n' > "
    "\"$1/etc/initramfs-tools/modules\"";

/* PostgreSQL's package would make a cluster of its own when it is installed. */
static const char no_cluster_hook[] = "mkdir -p \"$1/etc/postgresql-common\" && echo 'create_main_cluster = false' > "
                                      "\"$1/etc/postgresql-common/createcluster.conf\"";

static const char *const options[] = {
    "--variant=minbase",
    "--format=tar",
    "--aptopt=APT::Install-Recommends \"false\"",
    "--aptopt=Acquire::Languages \"none\"",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/i18n/*",
    "--dpkgopt=path-exclude=/usr/share/info/*",
};

/* Files of the recipe that are in every image; the rest is written to each disk. */
static const struct {
    const char *template, *path;
} files[] = { { "templates/machine-cloud.cfg", "/etc/cloud/cloud.cfg.d/99_slipway.cfg" } };

static const char *kernel_arch(void)
{
    static const struct {
        const char *machine, *package;
    } rows[] = { { "x86_64", "linux-image-cloud-amd64" }, { "aarch64", "linux-image-cloud-arm64" } };
    struct utsname u;

    for (size_t i = 0; uname(&u) == 0 && i < ARRAY_LEN(rows); i++)
        if (strcmp(u.machine, rows[i].machine) == 0)
            return rows[i].package;
    return "linux-image-generic";
}

static bool host_is_debian_12(void)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;

    return fsx_read("/usr/lib/os-release", &text, &ignored) == 0 && strstr(text.data, "\nID=debian\n") &&
           strstr(text.data, "VERSION_CODENAME=" SUITE);
}

/* The host's own mirror where the host is of the same release; else mmdebstrap's default for the suite. */
static const char *sources_file(void)
{
    static const char *const paths[] = { "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list" };

    for (size_t i = 0; host_is_debian_12() && i < ARRAY_LEN(paths); i++) {
        off_t size;
        struct err ignored = ERR_INIT;
        if (fsx_size(paths[i], &size, &ignored) == 0 && size > 0)
            return paths[i];
    }
    return NULL;
}

static void add_arguments(const struct local *l, struct svec *v)
{
    svec_add(v, "mmdebstrap");
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        svec_add(v, options[i]);
    if (l->driver->kernel)
        svec_addf(v, "--essential-hook=%s", initrd_hook);
    svec_addf(v, "--include=%s%s%s%s", base_packages, l->driver->kernel ? kernel_packages : "",
              l->driver->kernel ? "," : "", l->driver->kernel ? kernel_arch() : "");
    if (l->packages.len)
        svec_addf(v, "--essential-hook=%s", no_cluster_hook);
    for (size_t i = 0; i < l->packages.len; i++)
        svec_addf(v, "--include=%s", l->packages.items[i]);
    svec_addf(v, "--mode=%s", geteuid() == 0 ? "root" : "unshare");
}

static char *images_dir(void)
{
    AUTO_FREE char *cache = state_cache_dir();

    return fsx_join(cache, "images");
}

char *local_image_path(const struct local *l)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_FREE char *dir = images_dir();
    struct hash_sha256 *h = hash_sha256_new();
    char hex[HASH_HEX];

    add_arguments(l, &argv);
    for (size_t i = 0; i < argv.len; i++)
        hash_sha256_add(h, argv.items[i], strlen(argv.items[i]) + 1);
    const char *script = template_get("templates/machine-image.sh");
    hash_sha256_add(h, script, strlen(script));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *text = template_get(files[i].template);
        hash_sha256_add(h, text, strlen(text));
    }
    hash_sha256_free(h, hex);
    return xasprintf("%s/%s-%.16s.ext4", dir, l->flavour, hex);
}

char *local_image_part(const struct local *l, const char *suffix)
{
    return xasprintf("%s.%s", l->image, suffix);
}

struct building {
    const char *lock_path;
    int fd;
};

static int take_lock(void *ctx, char why[static 256], struct err *e)
{
    struct building *b = ctx;

    if (flock(b->fd, LOCK_EX | LOCK_NB) == 0)
        return 1;
    (void)snprintf(why, 256, "another slipway builds the image");
    return errno == EWOULDBLOCK || errno == EINTR ? 0 : err_sys(e, ERR_INTERNAL, "lock '%s'", b->lock_path);
}

static int lock_images(struct run *r, const char *dir, struct err *e)
{
    AUTO_FREE char *path = fsx_join(dir, "lock");
    const struct wait w = { "the lock of the image cache", r->clock->mono_ms(r->clock) + 600000, 200 };
    struct building b = { path, open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) };

    if (b.fd < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", path);
    /* Children inherit it: when we are killed, the lock is held until the last of them has cleaned up. */
    if (wait_for(&w, r->clock, r->ui, take_lock, &b, e) == 0 && fcntl(b.fd, F_SETFD, 0) == 0)
        return b.fd;
    close(b.fd);
    return -1;
}

static int bootstrap_tar(struct run *r, const struct local *l, const char *tar, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    const struct proc_opts o = { .timeout_ms = 900000, .clock = r->clock };
    const char *sources = sources_file();

    ui_note(r->ui, "image: Debian packages (mmdebstrap, about half a minute)");
    /* What it mounts and unpacks goes when it is killed: a mount namespace, and a directory that the next build
     * empties. Without root it makes a namespace of its own, whose root may not enter our directories. */
    if (geteuid() == 0) {
        static const char *const apart[] = { "unshare", "--mount", "--propagation", "private", "--", "env" };
        for (size_t i = 0; i < ARRAY_LEN(apart); i++)
            svec_add(&argv, apart[i]);
        AUTO_FREE char *dir = fsx_dirname(tar);
        svec_addf(&argv, "TMPDIR=%s", dir);
    }
    add_arguments(l, &argv);
    svec_add(&argv, SUITE);
    svec_add(&argv, tar);
    if (sources)
        svec_add(&argv, sources);
    if (proc_run(svec_argv(&argv), &o, e) == 0)
        return 0;
    (void)err_wrap(e, "machine image");
    return err_hint(e, geteuid() == 0 ? "the Debian mirror must be reachable, see `apt-get update`"
                                      : "needs a Debian mirror and, without root, uidmap with a range in /etc/subuid");
}

static int write_file(const char *dir, const char *template, char **ret, struct err *e)
{
    const char *text = template_get(template);
    AUTO_FREE char *path = fsx_join(dir, strrchr(template, '/') + 1);

    if (fsx_replace(path, text, strlen(text), 0644, e) < 0)
        return -1;
    *ret = TAKE_PTR(path);
    return 0;
}

static int make_ext4(struct run *r, const struct local *l, const char *work, const char *tar, const char *out,
                     struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    const struct proc_opts o = { .timeout_ms = 300000, .clock = r->clock };

    ui_note(r->ui, "image: file system");
    if (geteuid() != 0)
        for (size_t i = 0; i < 4; i++)
            svec_add(&argv, (const char *const[]){ "unshare", "--map-root-user", "--map-auto", "--" }[i]);
    svec_add(&argv, "sh");
    svec_add(&argv, "-c");
    svec_add(&argv, template_get("templates/machine-image.sh"));
    svec_add(&argv, "machine-image");
    svec_add(&argv, tar);
    svec_add(&argv, work);
    svec_add(&argv, out);
    svec_add(&argv, l->driver->kernel ? "kernel" : "none");
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *path = NULL;
        if (write_file(work, files[i].template, &path, e) < 0)
            return -1;
        svec_add(&argv, path);
        svec_add(&argv, files[i].path);
    }
    return proc_run(svec_argv(&argv), &o, e) < 0 ? err_wrap(e, "machine image") : 0;
}

/* Files of ids that only the user namespace maps can only be removed in it. */
static int remove_work(const char *work, struct err *e)
{
    static const char *const enter[] = { "unshare", "--map-root-user", "--map-auto", "--", "rm", "-rf", "--" };
    AUTO_SVEC struct svec argv = SVEC_INIT;

    if (geteuid() == 0 || !fsx_exists(work))
        return fsx_remove_tree(work, e);
    for (size_t i = 0; i < ARRAY_LEN(enter); i++)
        svec_add(&argv, enter[i]);
    svec_add(&argv, work);
    return proc_run(svec_argv(&argv), NULL, e);
}

/* Images of this driver that nothing has used for long, and what a killed builder left. The lock is held. */
static int prune(const struct local *l, const char *dir, struct err *e)
{
    AUTO_DIR DIR *d = opendir(dir);
    const char *keep = strrchr(l->image, '/') + 1;
    size_t family = strlen(l->driver->name);
    const time_t since = time(NULL) - KEEP_UNUSED_S;
    const struct dirent *f;
    struct stat st;

    while (d && (f = readdir(d))) {
        if (strncmp(f->d_name, l->driver->name, family) != 0 || strncmp(f->d_name, keep, strlen(keep)) == 0)
            continue;
        AUTO_FREE char *path = fsx_join(dir, f->d_name);
        if (!strstr(f->d_name, ".work") && stat(path, &st) == 0 && st.st_mtime >= since)
            continue;
        if (remove_work(path, e) < 0)
            return -1;
    }
    return 0;
}

/* The image is named last: whoever sees it sees kernel and initrd too. */
static int publish(const struct local *l, const char *built, struct err *e)
{
    static const char *const parts[] = { ".kernel", ".initrd", "" };

    for (size_t i = l->driver->kernel ? 0 : 2; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *from = xasprintf("%s%s", built, parts[i]);
        AUTO_FREE char *to = xasprintf("%s%s", l->image, parts[i]);
        AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0 || rename(from, to) < 0)
            return err_sys(e, ERR_INTERNAL, "rename '%s' to '%s'", from, to);
    }
    return 0;
}

static int build(struct run *r, const struct local *l, const char *work, struct err *e)
{
    AUTO_FREE char *tar = fsx_join(work, "root.tar");
    AUTO_FREE char *out = fsx_join(work, "image");

    if (remove_work(work, e) < 0 || fsx_mkdirs(work, 0700, e) < 0)
        return -1;
    if (bootstrap_tar(r, l, tar, e) < 0 || make_ext4(r, l, work, tar, out, e) < 0)
        return -1;
    return publish(l, out, e);
}

void local_image_used(const struct local *l)
{
    static const char *const parts[] = { "", ".kernel", ".initrd" };

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *path = xasprintf("%s%s", l->image, parts[i]);
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    }
}

int local_image_build(struct run *r, struct local *l, struct err *e)
{
    AUTO_FREE char *dir = images_dir();
    AUTO_FREE char *work = xasprintf("%s.work", l->image);

    if (fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    AUTO_CLOSE int lock = lock_images(r, dir, e);
    if (lock < 0)
        return -1;
    if (fsx_exists(l->image)) /* made by whom we waited for */
        return 0;
    int rc = build(r, l, work, e);
    struct err later = ERR_INIT;
    if (remove_work(work, rc < 0 ? &later : e) < 0 || rc < 0)
        return -1;
    return prune(l, dir, e);
}
