/* Known causes in the words of K3s, PostgreSQL, Prefect and Helm: a pattern in a log -> one sentence with the remedy.
 * Data, not code; the man page's troubleshooting list is the same table. */
#pragma once

/* The sentence for the first row whose pattern occurs in `log`, or NULL. */
const char *cause_find(const char *log);
/* The last line of `log` that says something (borrowed, ends at the end of `log`). */
const char *cause_last_line(const char *log);
