/* Where a deployment lives: ${SLIPWAY_HOME:-${XDG_STATE_HOME:-~/.local/state}/slipway}/NAME/, mode 0700.
 * And the cache of machine images and downloads: ${SLIPWAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/slipway}. Caller frees.
 */
#pragma once
#include "core/err.h"

char *state_home(void);
char *state_dir(const char *name);
char *state_cache_dir(void);
/* Make the directory of a deployment (0700); refuses one that is not ours or that others may write to: ERR_CONFLICT. */
int state_make_dir(const char *dir, struct err *e) NODISCARD;
