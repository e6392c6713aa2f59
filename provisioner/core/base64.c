#include "core/base64.h"
#include <mbedtls/base64.h>
#include <stdlib.h>

#include "core/mem.h"

void base64_encode(struct sbuf *out, const void *data, size_t len)
{
    size_t n = 0, cap = (len + 2) / 3 * 4 + 1;
    unsigned char *text = xcalloc(cap, 1);

    (void)mbedtls_base64_encode(text, cap, &n, data, len);
    sbuf_add(out, text, n);
    secret_wipe(text, cap);
    free(text);
}

int base64_decode(struct sbuf *out, const char *text, size_t len, struct err *e)
{
    size_t n = 0;

    if (len % 4) /* mbedtls takes text without all of its padding */
        return err_set(e, ERR_REMOTE, "not base64");
    unsigned char *data = xcalloc(len + 1, 1);
    int rc = mbedtls_base64_decode(data, len + 1, &n, (const unsigned char *)text, len);

    if (rc == 0)
        sbuf_add(out, data, n);
    secret_wipe(data, len + 1);
    free(data);
    return rc == 0 ? 0 : err_set(e, ERR_REMOTE, "not base64");
}
