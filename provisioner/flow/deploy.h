/* The spec's flows on the server: checked inside by templates/deploy.py, deployed by Prefect's own deploy, read back.
 */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>
#include <stdbool.h>

/* Is there anything to deploy, or was there? */
bool flow_wanted(const struct run *r);
/* Deploy what the spec says; all of it or, when a check fails, nothing. A second call changes nothing. Deployments that
 * an earlier call made and the spec has no more are deleted with `prune`, else only named. Future runs of schedules
 * that are gone are deleted. Keeps the names of ours in the journal ("flows.deployed"), from before the first is
 * deployed. Secret blocks are put back when it fails before that; later they stay, for what may be deployed already.
 * `ret_report`: new reference, {"deployments": [{"flow", "name", "state": created | changed | unchanged | removed |
 * deleted, "changes": [field...]}], "orphaned_runs": N}. Errors, one sentence for each deployment: ERR_SPEC
 * (entrypoint, syntax, pool, schedule, parameters), ERR_NET (the source's host is not reached from the machine),
 * ERR_AUTH (credentials are refused or not there), else ERR_REMOTE. */
int flow_deploy(struct run *r, bool prune, json_t **ret_report, struct err *e) NODISCARD;
