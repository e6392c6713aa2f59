/* Text from elsewhere made fit for a terminal and a log. */
#pragma once
#include <stddef.h>

/* Copy the text into `ret`: each occurrence of a secret becomes "***", control bytes (but newline and tab) and what is
 * not UTF-8 become \xNN, colours are dropped. `secrets` is NULL-terminated or NULL. Cut to `size`, always terminated.
 */
void ui_text_safe(const char *coloured, const char *const *secrets, char *ret, size_t size);
/* Cut to `columns` characters, on a UTF-8 boundary; "…" marks the cut. Newlines end the line. */
void ui_text_cut(char *text, size_t columns);
