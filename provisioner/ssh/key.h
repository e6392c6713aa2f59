/* Keys as OpenSSH knows them. ECDSA P-256 (mbedtls 2.28 has no Ed25519; libssh2 1.10 cannot use RSA with today's sshd).
 */
#pragma once
#include "core/err.h"
#include <stddef.h>

struct ssh_key {
    char *pem;    /* "EC PRIVATE KEY" (SEC 1), which sshd and libssh2 read; secret */
    char *public; /* "ecdsa-sha2-nistp256 AAAA...", without comment */
};

int ssh_key_generate(struct ssh_key *ret, struct err *e) NODISCARD;
/* Load DIR/NAME (PEM, 0600; refuses a link, a file that others may read, or one that is not ours: ERR_AUTH);
 * make and store it first when missing. */
int ssh_key_ensure(const char *dir, const char *name, struct ssh_key *ret, struct err *e) NODISCARD;
void ssh_key_done(struct ssh_key *k); /* wipes */
/* "SHA256:..." (RFC 4648 base64 without padding) of a public key line or of a raw key blob. */
int ssh_key_fingerprint(const char *public_line, char ret[static 64], struct err *e) NODISCARD;
void ssh_key_blob_fingerprint(const void *blob, size_t len, char ret[static 64]);
/* Is `blob` the key that `want` names (public key line or SHA256 fingerprint)? Constant time. */
int ssh_key_matches(const char *want, const void *blob, size_t len);

#define AUTO_SSH_KEY __attribute__((cleanup(ssh_key_done)))
