/* `slipway lock` for runtime systemd. */
#pragma once
#include "artifact/artifact.h"

/* Rows of the wheels of Prefect `prefect` for what `s` needs, into `ret`. Built-in pins where there are some. Else pip
 * resolves in a venv of this host's python3 (with the versions of the built-in pins where that is possible, as they are
 * known to work together), the digests are the index's, and the set is proven: installed with pip's own hash check,
 * then server, worker and pull steps are imported. Environment: PIP_INDEX_URL (PyPI), PIP_CONSTRAINT (versions that
 * pip must keep to). `scratch` is a directory for the venv. ERR_SPEC with the remedy when this host cannot do it. */
int wheels_lock(const struct spec *s, const char *prefect, struct artifacts *ret, const char *scratch,
                struct clock *clock, struct ui *ui, struct err *e) NODISCARD;
