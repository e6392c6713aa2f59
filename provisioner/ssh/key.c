#include "ssh/key.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/util.h"
#include "ssh/key_ec.h"
#include "ssh/key_text.h"

enum { DIGEST = 32, PEM_MAX = 16 << 10, BLOB_MAX = 16 << 10 };

static void digest_of(const void *data, size_t len, unsigned char ret[static DIGEST])
{
    char hex[HASH_HEX];

    hash_sha256_hex(data, len, hex);
    for (size_t i = 0; i < DIGEST; i++) {
        unsigned byte = 0;
        (void)sscanf(hex + 2 * i, "%2x", &byte);
        ret[i] = (unsigned char)byte;
    }
}

static bool same(const unsigned char *a, const unsigned char *b, size_t len)
{
    volatile unsigned char differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= a[i] ^ b[i];
    return differ == 0;
}

/* RFC 4253 string: length, bytes. */
static void add_string(struct sbuf *b, const void *data, size_t len)
{
    unsigned char be[4] = { (unsigned char)(len >> 24), (unsigned char)(len >> 16), (unsigned char)(len >> 8),
                            (unsigned char)len };

    sbuf_add(b, be, sizeof(be));
    sbuf_add(b, data, len);
}

static char *public_line(const unsigned char point[static KEY_EC_POINT])
{
    static const char type[] = "ecdsa-sha2-nistp256", curve[] = "nistp256";
    AUTO_SBUF struct sbuf blob = SBUF_INIT(512);
    AUTO_SBUF struct sbuf line = SBUF_INIT(512);

    add_string(&blob, type, strlen(type));
    add_string(&blob, curve, strlen(curve));
    add_string(&blob, point, KEY_EC_POINT);
    sbuf_addf(&line, "%s ", type);
    base64_encode(&line, blob.data, blob.len);
    return sbuf_take(&line);
}

int ssh_key_generate(struct ssh_key *ret, struct err *e)
{
    AUTO_SBUF struct sbuf pem = SBUF_INIT(PEM_MAX);
    unsigned char point[KEY_EC_POINT];

    if (key_ec_generate(&pem, point, e) < 0)
        return -1;
    *ret = (struct ssh_key){ sbuf_take(&pem), public_line(point) };
    return 0;
}

void ssh_key_done(struct ssh_key *k)
{
    secret_free(k->pem);
    free(k->public);
    *k = (struct ssh_key){ NULL, NULL };
}

/* What a private key file must be before its content is believed. */
static int check_file(int fd, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, ERR_INTERNAL, "stat '%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_AUTH, "private key '%s' is not a regular file", path);
    if (st.st_uid != geteuid())
        return err_set(e, ERR_AUTH, "private key '%s' belongs to user %u, not to us", path, (unsigned)st.st_uid);
    if (st.st_mode & 077) {
        (void)err_set(e, ERR_AUTH, "private key '%s' may be read by others (mode %04o)", path,
                      (unsigned)st.st_mode & 07777);
        return err_hint(e, "it may be known to others: remove it and let slipway make a new one, or chmod 600 '%s'",
                        path);
    }
    return 0;
}

static int read_pem(int fd, const char *path, struct sbuf *pem, struct err *e)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        sbuf_add(pem, buf, (size_t)n);
    secret_wipe(buf, sizeof(buf));
    return n < 0 ? err_sys(e, ERR_INTERNAL, "read '%s'", path) : sbuf_check(pem, path, e);
}

static int load(int fd, const char *path, struct ssh_key *ret, struct err *e)
{
    AUTO_SBUF struct sbuf pem = SBUF_INIT(PEM_MAX);
    unsigned char point[KEY_EC_POINT];

    if (check_file(fd, path, e) < 0 || read_pem(fd, path, &pem, e) < 0)
        return -1;
    if (key_ec_point(pem.data, point, e) < 0) {
        e->code = ERR_AUTH;
        return err_wrap(e, "private key '%s'", path);
    }
    *ret = (struct ssh_key){ sbuf_take(&pem), public_line(point) };
    return 0;
}

int ssh_key_ensure(const char *dir, const char *name, struct ssh_key *ret, struct err *e)
{
    AUTO_FREE char *path = fsx_join(dir, name);
    /* O_NONBLOCK: a FIFO in the place of the key must not stop us before it is refused. */
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0)
        return load(fd, path, ret, e);
    if (errno == ELOOP)
        return err_set(e, ERR_AUTH, "private key '%s' is a symbolic link", path);
    if (errno != ENOENT)
        return err_sys(e, ERR_AUTH, "open private key '%s'", path);
    AUTO_SSH_KEY struct ssh_key fresh = { NULL, NULL };
    if (ssh_key_generate(&fresh, e) < 0 || fsx_replace(path, fresh.pem, strlen(fresh.pem), 0600, e) < 0)
        return -1;
    *ret = fresh;
    fresh = (struct ssh_key){ NULL, NULL };
    return 0;
}

void ssh_key_blob_fingerprint(const void *blob, size_t len, char ret[static 64])
{
    unsigned char digest[DIGEST];
    AUTO_SBUF struct sbuf text = SBUF_INIT(64);

    digest_of(blob, len, digest);
    base64_encode(&text, digest, sizeof(digest));
    while (text.len && text.data[text.len - 1] == '=')
        text.data[--text.len] = '\0';
    (void)snprintf(ret, 64, "SHA256:%.50s", text.data);
}

/* The blob of "type base64 [comment]"; the type inside must be the type outside. */
static int decode_line(const char *line, struct sbuf *blob, struct err *e)
{
    size_t type_len = strcspn(line, " \t\r\n");
    const char *b64 = line + type_len + strspn(line + type_len, " \t");
    size_t b64_len = strcspn(b64, " \t\r\n");
    struct err why = ERR_INIT;

    if (!type_len || !b64_len || base64_decode(blob, b64, b64_len, &why) < 0 || blob->overflow)
        return err_set(e, ERR_SPEC, "'%.40s' is not a public key line", line);
    const unsigned char *p = (const unsigned char *)blob->data;
    if (blob->len < 4 + type_len || key_text_u32(p) != type_len || memcmp(p + 4, line, type_len) != 0)
        return err_set(e, ERR_SPEC, "public key line '%.40s': its data is not of that type", line);
    return 0;
}

int ssh_key_fingerprint(const char *line, char ret[static 64], struct err *e)
{
    AUTO_SBUF struct sbuf blob = SBUF_INIT(BLOB_MAX);

    if (decode_line(line, &blob, e) < 0)
        return -1;
    ssh_key_blob_fingerprint(blob.data, blob.len, ret);
    return 0;
}

int ssh_key_matches(const char *want, const void *blob, size_t len)
{
    unsigned char want_digest[DIGEST], have[DIGEST];
    AUTO_SBUF struct sbuf wanted = SBUF_INIT(BLOB_MAX);
    struct err ignored = ERR_INIT;

    digest_of(blob, len, have);
    if (strncmp(want, "SHA256:", 7) == 0) {
        AUTO_SBUF struct sbuf padded = SBUF_INIT(64);
        sbuf_add(&padded, want + 7, strcspn(want + 7, "= \t\r\n"));
        sbuf_addch(&padded, '=');
        if (base64_decode(&wanted, padded.data, padded.len, &ignored) < 0 || wanted.len != DIGEST)
            return 0;
        memcpy(want_digest, wanted.data, DIGEST);
        return same(want_digest, have, DIGEST);
    }
    if (decode_line(want, &wanted, &ignored) < 0)
        return 0;
    return wanted.len == len && same((const unsigned char *)wanted.data, blob, len);
}
