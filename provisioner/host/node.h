/* Facts of the machine, read over SSH, and what follows from them. */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <stdbool.h>
#include <stdint.h>

/* Directory of slipway's own files on the machine: artifacts, Helm, charts, flows, the venv; removed by teardown. */
#define NODE_DIR "/var/lib/slipway"

struct node {
    char hostname[64];
    char arch[16]; /* amd64 | arm64 */
    char os[64];   /* "debian 12" */
    int64_t vcpus;
    int64_t mem_mib;       /* total */
    int64_t disk_free_mib; /* where /var/lib/rancher will be */
    bool systemd;
    bool overlayfs;        /* containerd may use its overlayfs snapshotter */
    bool cap_sys_resource; /* false in a restricted container: oom_score_adj and conntrack cannot be raised */
};

/* What a runtime asks of a machine. */
struct node_need {
    const char *what;         /* for messages: "K3s and Prefect" */
    const char *installed_by; /* step after which the disk is no longer asked */
    int64_t mem_mib;
    int64_t disk_mib; /* free, before anything is installed */
};

/* Read them into r->node (freed by node_free). Refuses what cannot carry the runtime: another architecture, no systemd,
 * too little memory or disk: ERR_REMOTE with the figures and the remedy. */
int node_read(struct run *r, const struct node_need *need, struct err *e) NODISCARD;
void node_free(struct node *n);

/* How many flow runs fit at once (pool concurrency `auto`), and how many pods the kubelet allows for that. */
int64_t node_concurrency(const struct node *n);
int64_t node_max_pods(const struct node *n);
