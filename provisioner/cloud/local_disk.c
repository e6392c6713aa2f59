#include "cloud/local.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEED_MAX = 1 << 20 };

/* What the host trusts beyond Debian's own roots, such as a company's proxy: the machine is on the same network. */
static const char ca_bundle[] = "/etc/ssl/certs/ca-certificates.crt";
static const char ca_local[] = "/usr/local/share/ca-certificates";

static char *seed_dir(const struct local *l)
{
    return fsx_join(l->dir, "seed");
}

/* debugfs reads commands by line and has no way to quote a quote. */
static int check_path(const char *path, struct err *e)
{
    return strpbrk(path, "\"\n\\") ? err_set(e, ERR_USAGE, "the path '%s' holds a quote or backslash", path) : 0;
}

static void put_file(struct sbuf *script, const char *from, const char *to, const char *mode)
{
    /* "rm" first, since "write" refuses a name that is taken. Its complaint about a missing one is not an error. */
    sbuf_addf(script, "rm \"%s\"\nwrite \"%s\" \"%s\"\nset_inode_field \"%s\" mode %s\n", to, from, to, to, mode);
}

static int put_text(const struct local *l, struct sbuf *script, const char *name, const char *text, const char *to,
                    const char *mode, struct err *e)
{
    AUTO_FREE char *dir = seed_dir(l);
    AUTO_FREE char *path = fsx_join(dir, name);

    if (check_path(path, e) < 0 || fsx_replace(path, text, strlen(text), 0600, e) < 0)
        return -1;
    put_file(script, path, to, mode);
    return 0;
}

static int put_cloud_seed(struct run *r, const struct local *l, struct sbuf *script, struct err *e)
{
    AUTO_SBUF struct sbuf user = SBUF_INIT(SEED_MAX);
    AUTO_FREE char *path = fsx_join(l->dir, "user-data");
    AUTO_FREE char *meta = xasprintf("instance-id: %s\nlocal-hostname: %s\n", l->id, r->spec->name);

    if (user_data_frozen(r, &user, e) < 0 || check_path(path, e) < 0)
        return -1;
    put_file(script, path, "/var/lib/cloud/seed/nocloud/user-data", "0100600");
    return put_text(l, script, "meta-data", meta, "/var/lib/cloud/seed/nocloud/meta-data", "0100644", e);
}

static int put_driver_files(const struct local *l, struct sbuf *script, struct err *e)
{
    for (const struct local_file *f = l->driver->files; f->path; f++) {
        if (f->link) {
            sbuf_addf(script, "symlink \"%s\" \"%s\"\n", f->path, f->link);
            continue;
        }
        const char *text = template_get(f->template);
        if (put_text(l, script, strrchr(f->template, '/') + 1, text, f->path, f->mode, e) < 0)
            return -1;
    }
    return 0;
}

static int put_trust(struct sbuf *script, struct err *e)
{
    AUTO_DIR DIR *d = opendir(ca_local);
    const struct dirent *f;
    size_t n = 0;

    while (d && (f = readdir(d))) {
        const char *end = strrchr(f->d_name, '.');
        if (!end || strcmp(end, ".crt") != 0)
            continue;
        AUTO_FREE char *path = fsx_join(ca_local, f->d_name);
        if (check_path(path, e) < 0)
            return -1;
        put_file(script, path, path, "0100644");
        n++;
    }
    if (n && fsx_exists(ca_bundle)) /* so that they count before anybody runs update-ca-certificates */
        put_file(script, ca_bundle, ca_bundle, "0100644");
    return 0;
}

/* debugfs ends with 0 whatever happened: every line of its stderr but the banner is an error. */
static int check_debugfs(const struct sbuf *err, struct err *e)
{
    for (const char *p = err->data; *p;) {
        size_t n = strcspn(p, "\n");
        bool banner = strncmp(p, "debugfs ", 8) == 0;
        bool absent = strncmp(p, "rm: ", 4) == 0;
        if (n && !banner && !absent)
            return err_set(e, ERR_INTERNAL, "debugfs: %.*s", (int)(n < 200 ? n : 200), p);
        p += n + (p[n] == '\n');
    }
    return 0;
}

static int write_seed(struct run *r, const struct local *l, const char *disk, struct err *e)
{
    AUTO_FREE char *dir = seed_dir(l);
    AUTO_SBUF struct sbuf script = SBUF_INIT(SEED_MAX), err = SBUF_INIT(SEED_MAX), out = SBUF_INIT(SEED_MAX);
    const char *const argv[] = { "debugfs", "-w", "-f", "-", disk, NULL };

    if (fsx_mkdirs(dir, 0700, e) < 0 || put_cloud_seed(r, l, &script, e) < 0 || put_driver_files(l, &script, e) < 0 ||
        put_trust(&script, e) < 0)
        return -1;
    const struct proc_opts o = { .input = script.data, .out = &out, .err = &err, .timeout_ms = 60000 };
    int rc = sbuf_check(&script, "seed", e) < 0 ? -1 : proc_run(argv, &o, e);
    if (rc == 0)
        rc = check_debugfs(&err, e);
    struct err later = ERR_INIT;
    return fsx_remove_tree(dir, rc < 0 ? &later : e) < 0 ? -1 : rc;
}

static int copy_image(struct run *r, const struct local *l, const char *to, struct err *e)
{
    AUTO_FREE char *size = xasprintf("%lldG", (long long)r->spec->machine.disk_gib);
    const char *const copy[] = { "cp", "--sparse=always", "--reflink=auto", "--", l->image, to, NULL };
    const char *const grow[] = { "resize2fs", "-f", to, size, NULL };
    const struct proc_opts o = { .timeout_ms = 300000, .clock = r->clock };

    local_image_used(l);
    if (proc_run(copy, &o, e) < 0)
        return -1;
    if (chmod(to, 0600) < 0 || truncate(to, (off_t)r->spec->machine.disk_gib << 30) < 0)
        return err_sys(e, ERR_INTERNAL, "grow '%s'", to);
    return proc_run(grow, &o, e);
}

int local_disk_create(struct run *r, struct local *l, struct err *e)
{
    AUTO_FREE char *tmp = xasprintf("%s.tmp", l->disk);

    if (unlink(tmp) < 0 && errno != ENOENT)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", tmp);
    /* Not synced: after a power cut a disk is made anew from the image more cheaply than each one is flushed. */
    if (copy_image(r, l, tmp, e) < 0 || write_seed(r, l, tmp, e) < 0) {
        (void)unlink(tmp); /* a full file system is not left full */
        return err_wrap(e, "disk '%s'", l->disk);
    }
    if (rename(tmp, l->disk) < 0)
        return err_sys(e, ERR_INTERNAL, "rename '%s'", tmp);
    return 0;
}

int local_disk_destroy(struct run *r, struct local *l, struct err *e)
{
    static const char *const parts[] = { "disk.raw", "disk.raw.tmp", "console.log", "root", ".#root.lck", "seed" };

    (void)r;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *path = fsx_join(l->dir, parts[i]);
        if (fsx_remove_tree(path, e) < 0)
            return -1;
    }
    return 0;
}
