/* The journal of a deployment: what was intended, what came of it, and the facts learnt. Append-only text, one record
 * a line: CRC-32 of the JSON (8 hex digits), a space, compact JSON. Each append is one write and an fdatasync, so an
 * intent is on disk before the call that acts on it. On open it is replayed: a torn last line is dropped (and cut off
 * before the next append), damage elsewhere is ERR_CONFLICT with the byte offset, a newer format version is
 * ERR_CONFLICT; in both cases nothing is touched. First record: {"k":"open","version":1,"name":...}.
 * Secrets never go in. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include <jansson.h>
#include <stdbool.h>

#define JOURNAL_VERSION 1

enum journal_mark {
    JOURNAL_NONE,   /* never begun, or undone */
    JOURNAL_INTENT, /* begun, no result: the act may or may not have happened */
    JOURNAL_DONE,
};

struct journal;
/* Open (create with `name` when missing). The caller holds the deployment's lock. */
int journal_open(const char *path, const char *name, struct clock *clock, struct journal **ret, struct err *e)
    NODISCARD;
/* Replay without changing anything: for status and list. Missing: e->sys == ENOENT. */
int journal_read(const char *path, struct journal **ret, struct err *e) NODISCARD;
void journal_free(struct journal *j);

int journal_intent(struct journal *j, const char *step, struct err *e) NODISCARD;
int journal_done(struct journal *j, const char *step, struct err *e) NODISCARD;
int journal_undone(struct journal *j, const char *step, struct err *e) NODISCARD;
/* A failed act: leaves the mark at intent, records the text for `status`. */
int journal_failed(struct journal *j, const char *step, const char *msg, struct err *e) NODISCARD;
enum journal_mark journal_mark(const struct journal *j, const char *step);
const char *journal_failure(const struct journal *j); /* last failed text, "" after a later success */

/* Facts: last value per key wins. `value` is stolen; JSON null removes the fact. */
int journal_set(struct journal *j, const char *key, json_t *value, struct err *e) NODISCARD;
const json_t *journal_get(const struct journal *j, const char *key); /* borrowed, NULL when absent */
const char *journal_str(const struct journal *j, const char *key);   /* "" when absent */
