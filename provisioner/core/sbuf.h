/* Growing byte buffer with a ceiling; always NUL-terminated. Going over the ceiling sets `overflow` and drops what
 * does not fit, so a writer needs one check at the end. Memory is wiped when freed. */
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>

struct sbuf {
    char *data; /* never NULL for a reader: "" when empty */
    size_t len, cap, max;
    bool overflow;
};

extern char sbuf_empty[1];
#define SBUF_INIT(max_bytes)                 \
    {                                        \
        sbuf_empty, 0, 0, (max_bytes), false \
    }

void sbuf_add(struct sbuf *b, const void *data, size_t len);
void sbuf_addstr(struct sbuf *b, const char *s);
void sbuf_addch(struct sbuf *b, char c);
void sbuf_addf(struct sbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sbuf_trim(struct sbuf *b);  /* drop trailing white space */
void sbuf_reset(struct sbuf *b); /* empty, keeps memory and ceiling */
void sbuf_done(struct sbuf *b);  /* wipe and free; usable again */
char *sbuf_take(struct sbuf *b); /* caller owns the malloc'd string; b is empty after it */
/* `word` for a POSIX shell, single-quoted. The one place where remote command lines are quoted. */
void sbuf_add_shell(struct sbuf *b, const char *word);
int sbuf_check(const struct sbuf *b, const char *what, struct err *e) NODISCARD; /* -1 when it overflowed */

#define AUTO_SBUF __attribute__((cleanup(sbuf_done)))
