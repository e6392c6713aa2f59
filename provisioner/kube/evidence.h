/* The machine's own evidence when a run failed: console, cloud-init, K3s journal, disk and memory, pods, events, Helm.
 * Written to DIR/evidence/TIME/, one file each, 0600; what cannot be had is noted in the file, never silently missing.
 */
#pragma once
#include "core/err.h"
#include "step/run.h"

/* Collect what there is; prints the lines that matter. Never fails the run a second time: trouble becomes text. */
void evidence_collect(struct run *r, const struct err *cause);
