/* Allocation for sizes of our own: never returns NULL (aborts). Sizes a peer chose go through sbuf and its ceiling. */
#pragma once
#include "core/err.h"
#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/* Wipe and free; NULL is allowed. For keys and passwords. */
void secret_free(char *s);
/* Wipe `n` bytes so that the compiler keeps it. */
void secret_wipe(void *p, size_t n);

/* For libraries that take a free of ours: the whole block is wiped. */
void wipe_and_free(void *p);

static inline void secret_free_ptr(char **p)
{
    secret_free(*p);
}

#define AUTO_SECRET __attribute__((cleanup(secret_free_ptr)))
