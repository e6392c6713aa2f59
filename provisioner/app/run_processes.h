/* Flow runs on a machine without Kubernetes: their processes and containers, and what these printed. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include "step/run.h"

/* struct runtime.carries_run, .remove_run and .run_output for runtime systemd. */
int run_processes_carry(struct run *r, const char *flow_run_id, struct err *e) NODISCARD;
int run_processes_remove(struct run *r, const char *flow_run_id, struct err *e) NODISCARD;
/* Lines of the workers' journal that name the run, as "2026-11-21T07:30:00.123456Z TEXT". */
int run_processes_output(struct run *r, const char *flow_run_id, struct sbuf *out, struct err *e) NODISCARD;
