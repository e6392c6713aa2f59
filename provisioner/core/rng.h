/* Randomness from the kernel (getrandom). */
#pragma once
#include <stddef.h>

void rng_bytes(void *buf, size_t len);
/* `len` characters of [A-Za-z0-9], plus NUL: safe in URLs, YAML and shells. Caller frees with secret_free. */
char *rng_password(size_t len);
/* RFC 4122 version 4, lower case, 36 characters and NUL. */
void rng_uuid(char ret[static 37]);
