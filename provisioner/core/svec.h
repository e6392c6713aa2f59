/* Growing NULL-terminated array of owned strings: argv and lists. */
#pragma once
#include "core/err.h"
#include <stddef.h>

struct svec {
    char **items; /* NULL-terminated; NULL while empty */
    size_t len, cap;
};

#define SVEC_INIT  \
    {              \
        NULL, 0, 0 \
    }

void svec_add(struct svec *v, const char *s); /* copies */
void svec_addf(struct svec *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
void svec_done(struct svec *v);
const char *const *svec_argv(const struct svec *v); /* never NULL */

#define AUTO_SVEC __attribute__((cleanup(svec_done)))
