#include "ssh/key_ec.h"
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/rng.h"

enum { PEM_MAX = 2048 };

static int kernel_rng(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    rng_bytes(out, len);
    return 0;
}

static int failed(int rc, const char *what, struct err *e)
{
    char why[128];

    mbedtls_strerror(rc, why, sizeof(why));
    return err_set(e, ERR_INTERNAL, "%s: %s", what, why);
}

static int write_point(const mbedtls_pk_context *pk, unsigned char ret[static KEY_EC_POINT], struct err *e)
{
    const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);
    size_t len = 0;

    if (ec->grp.id != MBEDTLS_ECP_DP_SECP256R1)
        return err_set(e, ERR_AUTH, "the curve of the key is not P-256");
    int rc = mbedtls_ecp_point_write_binary(&ec->grp, &ec->Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, ret, KEY_EC_POINT);
    return rc || len != KEY_EC_POINT ? failed(rc, "write public key", e) : 0;
}

int key_ec_generate(struct sbuf *ret_pem, unsigned char ret_point[static KEY_EC_POINT], struct err *e)
{
    unsigned char pem[PEM_MAX];
    mbedtls_pk_context pk;

    mbedtls_pk_init(&pk);
    int rc = mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (!rc)
        rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), kernel_rng, NULL);
    if (!rc)
        rc = mbedtls_pk_write_key_pem(&pk, pem, sizeof(pem));
    int result = rc ? failed(rc, "generate key", e) : write_point(&pk, ret_point, e);
    if (result == 0)
        sbuf_addstr(ret_pem, (const char *)pem);
    secret_wipe(pem, sizeof(pem));
    mbedtls_pk_free(&pk);
    return result;
}

int key_ec_point(const char *pem, unsigned char ret_point[static KEY_EC_POINT], struct err *e)
{
    mbedtls_pk_context pk;
    int result;

    mbedtls_pk_init(&pk);
    /* The length of PEM input includes the NUL. */
    int rc = mbedtls_pk_parse_key(&pk, (const unsigned char *)pem, strlen(pem) + 1, NULL, 0);
    if (rc)
        result = failed(rc, "read private key", e);
    else if (!mbedtls_pk_can_do(&pk, MBEDTLS_PK_ECDSA))
        result = err_set(e, ERR_AUTH, "not an ECDSA key");
    else
        result = write_point(&pk, ret_point, e);
    mbedtls_pk_free(&pk);
    return result;
}
