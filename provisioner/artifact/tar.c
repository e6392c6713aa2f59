#include "artifact/tar.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK = 512,
    CHUNK = 1 << 18,
};

#define PLAIN   "0000644"
#define PROGRAM "0000755"

/* POSIX.1-2017 pax, "ustar Interchange Format". */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

struct source {
    const char *name, *path;
    off_t size;
    const char *sha256;
};

_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

void tar_init(struct tar *t, int fd)
{
    *t = (struct tar){ fd, hash_sha256_new(), 0 };
}

void tar_done(struct tar *t)
{
    if (t->hash)
        hash_sha256_free(TAKE_PTR(t->hash), NULL);
}

static int put(struct tar *t, const void *data, size_t len, struct err *e)
{
    if (fsx_write_all(t->fd, data, len, e) < 0)
        return err_wrap(e, "archive");
    hash_sha256_add(t->hash, data, len);
    t->size += (off_t)len;
    return 0;
}

static void put_size(char field[12], off_t size)
{
    char text[24];

    if (size <= 077777777777) {
        (void)snprintf(text, sizeof(text), "%011llo", (unsigned long long)size);
        memcpy(field, text, 12);
        return;
    }
    /* From 8 GiB on: base 256, as GNU tar, Go's archive/tar and libarchive read it. */
    uint64_t left = (uint64_t)size;
    memset(field, 0, 12);
    for (int i = 11; left; i--, left >>= 8)
        field[i] = (char)(left & 0xff);
    field[0] = (char)0x80;
}

/* Where `name` falls into prefix and name: the prefix's length, 0 for none; -1 when the format cannot hold it. */
static int split(const char *name)
{
    const struct header *h = NULL;
    size_t len = strlen(name);

    if (len <= sizeof(h->name))
        return len ? 0 : -1;
    const char *slash = strchr(name + len - sizeof(h->name) - 1, '/');
    if (!slash || slash == name || !slash[1] || (size_t)(slash - name) > sizeof(h->prefix))
        return -1;
    return (int)(slash - name);
}

bool tar_holds(const char *name)
{
    return split(name) >= 0;
}

static int put_header(struct tar *t, const char *name, const char *mode, off_t size, struct err *e)
{
    struct header h = {
        .uid = "0000000", .gid = "0000000", .mtime = "00000000000", .type = '0', .major = "0000000", .minor = "0000000"
    };
    int before = split(name);
    unsigned sum = 0;
    char text[16];

    if (before < 0)
        return err_set(e, ERR_INTERNAL, "archive: the name '%s' is too long", name);
    memcpy(h.prefix, name, (size_t)before);
    name += before ? before + 1 : 0;
    memcpy(h.name, name, strlen(name));
    memcpy(h.mode, mode, sizeof(h.mode));
    put_size(h.size, size);
    memcpy(h.magic, "ustar", 6);
    memcpy(h.version, "00", 2);
    memset(h.checksum, ' ', sizeof(h.checksum));
    for (size_t i = 0; i < sizeof(h); i++)
        sum += ((const unsigned char *)&h)[i];
    (void)snprintf(text, sizeof(text), "%06o", sum & 0777777);
    memcpy(h.checksum, text, 7);
    return put(t, &h, sizeof(h), e);
}

static int pad(struct tar *t, struct err *e)
{
    static const char zero[BLOCK];
    size_t over = (size_t)(t->size % BLOCK);

    return over ? put(t, zero, BLOCK - over, e) : 0;
}

int tar_add_text(struct tar *t, const char *name, const void *data, size_t len, struct err *e)
{
    if (put_header(t, name, PLAIN, (off_t)len, e) < 0 || put(t, data, len, e) < 0)
        return -1;
    return pad(t, e);
}

static int add_file(struct tar *t, const struct source *s, const char *mode, struct err *e)
{
    AUTO_CLOSE int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    AUTO_FREE char *buf = xcalloc(1, CHUNK);
    struct hash_sha256 *hash = hash_sha256_new();
    char got[HASH_HEX];
    off_t left = s->size;
    int rc = 0;

    if (fd < 0)
        rc = err_sys(e, ERR_INTERNAL, "open '%s'", s->path);
    if (rc == 0)
        rc = put_header(t, s->name, mode, s->size, e);
    while (rc == 0) {
        ssize_t n = read(fd, buf, CHUNK);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            rc = err_sys(e, ERR_INTERNAL, "read '%s'", s->path);
        if (n <= 0)
            continue;
        left -= n;
        if (left < 0)
            break;
        hash_sha256_add(hash, buf, (size_t)n);
        rc = put(t, buf, (size_t)n, e);
    }
    hash_sha256_free(hash, got);
    if (rc < 0)
        return -1;
    if (left != 0 || strcmp(got, s->sha256) != 0)
        return err_set(e, ERR_CONFLICT, "'%s' changed while it was read: want sha256 %s, got %s", s->path, s->sha256,
                       got);
    return pad(t, e);
}

int tar_add_file(struct tar *t, const char *name, const char *path, off_t size, const char *sha256, struct err *e)
{
    return add_file(t, &(struct source){ name, path, size, sha256 }, PLAIN, e);
}

int tar_add_program(struct tar *t, const char *name, const char *path, off_t size, const char *sha256, struct err *e)
{
    return add_file(t, &(struct source){ name, path, size, sha256 }, PROGRAM, e);
}

int tar_finish(struct tar *t, char ret_hex[static HASH_HEX], struct err *e)
{
    static const char end[2 * BLOCK];

    if (put(t, end, sizeof(end), e) < 0)
        return -1;
    hash_sha256_free(TAKE_PTR(t->hash), ret_hex);
    return 0;
}
