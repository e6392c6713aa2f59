/* ECDSA P-256 by mbedtls 2.28. All calls that read differently in mbedtls 3 are in key_ec.c. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stddef.h>

#define KEY_EC_POINT 65 /* uncompressed: 0x04, x, y */

/* New key as SEC 1 PEM (secret) and its public point. */
int key_ec_generate(struct sbuf *ret_pem, unsigned char ret_point[static KEY_EC_POINT], struct err *e) NODISCARD;
/* Public point of an unencrypted P-256 key in PEM. */
int key_ec_point(const char *pem, unsigned char ret_point[static KEY_EC_POINT], struct err *e) NODISCARD;
