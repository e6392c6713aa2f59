/* What a step may use. Filled by cmd/ and plan/; pointers of higher layers are declared, not included. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/svec.h"
#include "core/ui.h"
#include "step/phase.h"
#include <jansson.h>
#include <stdbool.h>

struct spec;
struct journal;
struct provider;
struct ssh;
struct artifacts;
struct node;
struct view;

struct run {
    const struct spec *spec;
    const char *dir; /* state directory of the deployment */
    struct journal *journal;
    struct ui *ui;
    struct clock *clock;
    struct phases *phases;
    struct svec packages; /* of the distribution, which the runtime wants on the machine; an image of ours has them */
    struct artifacts *artifacts; /* artifact/: resolved versions, digests, local files */
    struct provider *provider;   /* cloud/: the machine's maker; NULL until opened */
    struct ssh *ssh;             /* the one connection, NULL until open */
    struct node *node;           /* kube/: facts of the machine, NULL until read */
    struct view *view;           /* kube/: the cluster as it was before a step acted, NULL until looked at */
    int64_t pod_trouble_ms;      /* since when (monotonic) a pod is seen failed, 0: none is */
    bool no_canary;
    bool brief;           /* a command that only looks: a machine that cannot be reached is told of in seconds */
    bool installed;       /* K3s was there when this run began: the disk check is the installation's */
    bool changed;         /* a step acted */
    bool look_again;      /* a step failed on what is gone meanwhile: the table may be applied once more */
    bool include_volumes; /* teardown: also what was made from inside the cluster */
    json_t *removed;      /* teardown's receipt, rows {"kind","name"}; NULL: nobody asked for one */
    json_t *left;         /* what a teardown that failed found afterwards, rows alike; NULL: it could not look */
};
