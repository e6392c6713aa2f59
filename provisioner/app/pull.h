/* Pull steps that slipway writes into deployments. */
#pragma once
#include "core/err.h"
#include <jansson.h>

/* Append the step that installs the packages of a requirements file (text) in a run's own container. ERR_SPEC above
 * 64 KiB. */
int pull_requirements(const char *text, json_t *pull_steps, struct err *e) NODISCARD;
/* "python -c ..." that writes `text` to `path`, for a step that runs words and not a shell. Caller frees. */
char *pull_write_file(const char *path, const char *text);
