/* Helm on the machine: pinned, checked, run as root beside K3s; releases are installed from chart files by digest. */
#pragma once
#include "core/err.h"
#include "core/svec.h"
#include "step/run.h"
#include <jansson.h>

struct helm_release {
    const char *name;       /* release and chart name: "prefect-server" */
    const char *chart;      /* artifact name: "chart-prefect-server" */
    const char *values;     /* ours, YAML text */
    const json_t *override; /* the user's, merged last; may be NULL */
};

/* Install or upgrade; does not wait for pods. A release that a crash left pending is repaired first. Does nothing when
 * what is installed has the same inputs (their digest is kept with the release): 0; 1 when it acted. */
int helm_release_apply(struct run *r, const struct helm_release *rel, struct err *e) NODISCARD;
/* 1 when the release is deployed with these inputs, else 0. Read-only. */
int helm_release_check(struct run *r, const struct helm_release *rel, struct err *e) NODISCARD;
/* Names of the releases that are there and begin with `prefix`, into `ret`. */
int helm_releases(struct run *r, const char *prefix, struct svec *ret, struct err *e) NODISCARD;
int helm_release_remove(struct run *r, const char *name, struct err *e) NODISCARD;
