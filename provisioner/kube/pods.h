/* Pods of a namespace: ready, still coming, or failed for a reason that waiting will not mend. */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>

enum pod_verdict {
    POD_READY,
    POD_COMING, /* `why` says what it waits for */
    POD_FAILED, /* image cannot be pulled, crash loop, unschedulable, bad configuration */
};

/* Judge one pod object (v1 Pod). `why` is a phrase with the pod's own words. `ret_patience_s` is how long a failure
 * must have lasted before it counts (0: at once). Pure; the failure table lives here. */
enum pod_verdict pod_judge(const json_t *pod, char why[static 256], int *ret_patience_s);
/* Wait probe body for the pods that `selector` matches: 1 when there is at least one and all are ready; 0 with why;
 * -1 when one failed: ERR_REMOTE with pod, reason and the last lines of its log. */
int pods_probe(struct run *r, const char *selector, char why[static 256], struct err *e) NODISCARD;
