/* The phases of a run: names, default deadlines, and the seconds they took. A phase may hold several steps; phases
 * can overlap in time. One table; `timeouts:` in the spec uses its names. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include <jansson.h>
#include <stdint.h>

enum phase_id {
    PHASE_MACHINE,   /* objects of the provider, until the machine runs */
    PHASE_ARTIFACTS, /* fetch and check on this host */
    PHASE_SSH,       /* TCP, banner, host key, authentication, own host keys */
    PHASE_SYSTEM,    /* facts of the machine, cloud-init result */
    PHASE_K3S,       /* binary, configuration, start, node Ready */
    PHASE_IMAGES,    /* container images on the node */
    PHASE_DATABASE,
    PHASE_SERVER,
    PHASE_WORKER,
    PHASE_CANARY,
    PHASE_FLOWS, /* the spec's deployments */
    PHASE_TEARDOWN,
    PHASE_COUNT,
};

struct phase_row {
    const char *name;
    int timeout_s; /* default deadline */
    const char *summary;
};
extern const struct phase_row phase_table[PHASE_COUNT];

/* Times of one run. */
struct phases;
struct phases *phases_new(struct clock *clock);
void phases_free(struct phases *p);
void phases_begin(struct phases *p, enum phase_id id); /* first begin counts; a second one continues the phase */
void phases_end(struct phases *p, enum phase_id id);
/* Monotonic deadline of a phase: its begin plus the spec's or the default seconds. `timeouts` may be NULL. */
int64_t phases_deadline_ms(const struct phases *p, enum phase_id id, const json_t *timeouts);
/* {"total_ms", "waited_ms", "own_ms", "phases": [{"name","start_ms","ms","idle_ms","timeout_s"}]}; new reference. */
json_t *phases_json(const struct phases *p, const json_t *timeouts);
