/* One writer per deployment: flock(2) on DIR/lock, which the kernel drops when the holder dies, so a stale lock does
 * not exist. The file says who holds it: pid, host, user, command, since. */
#pragma once
#include "core/err.h"

struct lock;
/* ERR_CONFLICT names the holder and since when. */
int lock_take(const char *path, const char *command, struct lock **ret, struct err *e) NODISCARD;
void lock_release(struct lock *l); /* NULL is allowed */
