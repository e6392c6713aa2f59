/* RFC 4648 base64 with padding. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stddef.h>

void base64_encode(struct sbuf *out, const void *data, size_t len);
int base64_decode(struct sbuf *out, const char *text, size_t len, struct err *e) NODISCARD;
