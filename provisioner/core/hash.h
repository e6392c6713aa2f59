/* Checksums. SHA-256 as lower-case hex, CRC-32 (IEEE 802.3, as zlib) for journal records. */
#pragma once
#include "core/err.h"
#include <stddef.h>
#include <stdint.h>

#define HASH_HEX 65 /* 64 digits and NUL */

struct hash_sha256; /* running digest */
struct hash_sha256 *hash_sha256_new(void);
void hash_sha256_add(struct hash_sha256 *h, const void *data, size_t len);
void hash_sha256_free(struct hash_sha256 *h, char ret_hex[HASH_HEX]); /* ret may be NULL */
void hash_sha256_hex(const void *data, size_t len, char ret[static HASH_HEX]);
int hash_sha256_file(const char *path, char ret[static HASH_HEX], struct err *e) NODISCARD;
uint32_t hash_crc32(const void *data, size_t len);
