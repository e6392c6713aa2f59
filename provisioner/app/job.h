/* A Python program in the cluster: a Job with Prefect's image, its input in a Secret that goes with it. */
#pragma once
#include "app/runtime.h"

/* struct runtime.python for runtime k3s. */
int job_python(struct run *r, const struct python_job *job, struct sbuf *out, struct err *e) NODISCARD;
