#include "core/fsx.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int fsx_write_all(int fd, const void *buf, size_t len, struct err *e)
{
    const char *p = buf;

    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "write");
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int fsx_read(const char *path, struct sbuf *out, struct err *e)
{
    char buf[16384];
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n;

    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", path);
    while ((n = read(fd, buf, sizeof(buf))) != 0) {
        if (n < 0 && errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "read '%s'", path);
        if (n > 0)
            sbuf_add(out, buf, (size_t)n);
        if (out->overflow)
            break;
    }
    secret_wipe(buf, sizeof(buf));
    if (out->overflow)
        return err_set(e, ERR_INTERNAL, "'%s' is larger than %zu bytes", path, out->max);
    return 0;
}

char *fsx_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

char *fsx_join(const char *dir, const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

int fsx_replace(const char *path, const void *buf, size_t len, mode_t mode, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(path);
    AUTO_CLOSE int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint32_t tag;

    if (dirfd < 0)
        return err_sys(e, ERR_INTERNAL, "open directory '%s'", dir);
    rng_bytes(&tag, sizeof(tag));
    AUTO_FREE char *tmp = xasprintf("%s.%08x.tmp", path, tag);
    AUTO_CLOSE int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "create '%s'", tmp);
    /* The umask may have taken bits away that the caller asked for. */
    if (fchmod(fd, mode) < 0 || fsx_write_all(fd, buf, len, e) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0) {
        (void)err_sys(e, ERR_INTERNAL, "write '%s'", path);
        (void)unlink(tmp);
        return -1;
    }
    if (fsync(dirfd) < 0) /* the rename itself must survive power loss */
        return err_sys(e, ERR_INTERNAL, "sync directory '%s'", dir);
    return 0;
}

int fsx_mkdirs(const char *path, mode_t mode, struct err *e)
{
    AUTO_FREE char *part = xstrdup(path);
    struct stat st;

    for (char *p = part; *p; p++) {
        size_t n = strcspn(p + 1, "/") + 1; /* up to the next slash, past one that stands first */
        char c = p[n];
        p[n] = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return err_sys(e, ERR_INTERNAL, "create directory '%s'", part);
        p[n] = c;
        p += n - 1;
    }
    if (stat(path, &st) < 0)
        return err_sys(e, ERR_INTERNAL, "create directory '%s'", path);
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode) ? 0 : err_sys(e, ERR_INTERNAL, "create directory '%s'", path);
}

bool fsx_exists(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int fsx_size(const char *path, off_t *ret, struct err *e)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_sys(e, ERR_INTERNAL, "stat '%s'", path);
    *ret = st.st_size;
    return 0;
}

/* A bind mount has its file system's device number: only the kernel can tell it from a directory. */
static bool is_mount(int parent, const char *name, const struct stat *st, dev_t dev)
{
    struct statx x;

    if (st->st_dev != dev)
        return true;
    return statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &x) == 0 &&
           (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int remove_at(int parent, const char *name, dev_t dev, const char *shown, struct err *e)
{
    struct stat st;
    const struct dirent *d;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_sys(e, ERR_INTERNAL, "stat '%s'", shown);
    if (S_ISDIR(st.st_mode)) {
        if (is_mount(parent, name, &st, dev))
            return err_set(e, ERR_INTERNAL, "'%s' is a mount point", shown);
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir)
            return err_sys(e, ERR_INTERNAL, "open '%s'", shown);
        while ((d = readdir(dir))) {
            if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
                continue;
            AUTO_FREE char *sub = fsx_join(shown, d->d_name);
            if (remove_at(dirfd(dir), d->d_name, dev, sub, e) < 0)
                return -1;
        }
    }
    if (unlinkat(parent, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", shown);
    return 0;
}

int fsx_remove_tree(const char *path, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(path);
    struct stat st;

    if (stat(dir, &st) < 0)
        return errno == ENOENT ? 0 : err_sys(e, ERR_INTERNAL, "stat '%s'", dir);
    return remove_at(AT_FDCWD, path, st.st_dev, path, e);
}
