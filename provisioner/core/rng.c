#include "core/rng.h"
#include "core/mem.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void rng_bytes(void *buf, size_t len)
{
    unsigned char *p = buf;

    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0)
            continue; /* EINTR only: the kernel's pool is up long before us */
        p += n;
        len -= (size_t)n;
    }
}

char *rng_password(size_t len)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *s = xcalloc(len + 1, 1);

    for (size_t i = 0; i < len;) {
        uint8_t b;
        rng_bytes(&b, 1);
        if (b < 248) /* 4 * 62: no bias */
            s[i++] = set[b % 62];
    }
    return s;
}

void rng_uuid(char ret[static 37])
{
    uint8_t b[16];

    rng_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                   b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
