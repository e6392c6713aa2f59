#include "core/hash.h"
#include "core/mem.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hash_sha256 {
    mbedtls_sha256_context ctx;
};

struct hash_sha256 *hash_sha256_new(void)
{
    struct hash_sha256 *h = xcalloc(1, sizeof(*h));

    mbedtls_sha256_init(&h->ctx);
    (void)mbedtls_sha256_starts_ret(&h->ctx, 0);
    return h;
}

void hash_sha256_add(struct hash_sha256 *h, const void *data, size_t len)
{
    (void)mbedtls_sha256_update_ret(&h->ctx, data, len);
}

void hash_sha256_free(struct hash_sha256 *h, char ret_hex[HASH_HEX])
{
    unsigned char d[32];

    (void)mbedtls_sha256_finish_ret(&h->ctx, d);
    mbedtls_sha256_free(&h->ctx);
    free(h);
    for (size_t i = 0; ret_hex && i < sizeof(d); i++)
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", d[i]);
}

void hash_sha256_hex(const void *data, size_t len, char ret[static HASH_HEX])
{
    struct hash_sha256 *h = hash_sha256_new();

    hash_sha256_add(h, data, len);
    hash_sha256_free(h, ret);
}

int hash_sha256_file(const char *path, char ret[static HASH_HEX], struct err *e)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *buf = xcalloc(1, 1 << 18);

    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "open '%s'", path);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct hash_sha256 *h = hash_sha256_new();
    ssize_t n;
    while ((n = read(fd, buf, 1 << 18)) != 0) {
        if (n > 0) {
            hash_sha256_add(h, buf, (size_t)n);
        } else if (errno != EINTR) {
            (void)err_sys(e, ERR_INTERNAL, "read '%s'", path);
            hash_sha256_free(h, NULL);
            return -1;
        }
    }
    hash_sha256_free(h, ret);
    return 0;
}

uint32_t hash_crc32(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t crc = 0xffffffffu;

    /* Bit by bit: a journal record is a few hundred bytes, a table would only be more to read. */
    while (len--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}
