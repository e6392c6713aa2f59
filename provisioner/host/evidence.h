/* The machine's own evidence when a run failed: console, cloud-init, K3s journal, disk and memory, pods, events, Helm.
 * Written to DIR/evidence/TIME/, one file each, 0600; what cannot be had is noted in the file, never silently missing.
 */
#pragma once
#include "core/err.h"
#include "step/run.h"

/* One file of the evidence: what a command printed on the machine, as root. Secrets' values are never asked for. */
struct evidence_row {
    const char *file;
    const char *argv[14];
};

/* Collect what there is, the runtime's rows (they end with a NULL file) after those of every machine; prints the lines
 * that matter. Never fails the run a second time: trouble becomes text. */
void evidence_collect(struct run *r, const struct evidence_row *more, const struct err *cause);
