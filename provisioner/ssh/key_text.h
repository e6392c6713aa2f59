/* What can be told from the text of keys without using them: types, and reasons to refuse. */
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t key_text_u32(const unsigned char *p); /* big-endian */
/* Refuse private keys that cannot work here, before anything is sent: RSA and DSA, and those with a passphrase. */
int key_text_check_private(const char *pem, struct err *e) NODISCARD;
/* Host key algorithms to ask for, given the expected host key (line or fingerprint). The expected type comes first;
 * the others stay on the list, so that a host with another key can be told by its fingerprint. `second`: the list for
 * a second attempt when a fingerprint was of another type than the host chose, or NULL when there is none. */
int key_text_host_algs(const char *host_key, const char **ret_first, const char **ret_second, struct err *e) NODISCARD;
