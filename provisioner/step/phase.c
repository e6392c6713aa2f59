#include "step/phase.h"
#include "core/mem.h"
#include <stdlib.h>

// clang-format off
const struct phase_row phase_table[PHASE_COUNT] = {
    [PHASE_MACHINE]   = { "machine",   600,  "the provider's objects, until the machine runs" },
    [PHASE_ARTIFACTS] = { "artifacts", 1800, "files fetched and checked on this host" },
    [PHASE_SSH]       = { "ssh",       300,  "first contact and the machine's own host keys" },
    [PHASE_SYSTEM]    = { "system",    300,  "facts of the machine, cloud-init's result" },
    [PHASE_K3S]       = { "k3s",       300,  "K3s installed, node Ready" },
    [PHASE_IMAGES]    = { "images",    900,  "container images on the node" },
    [PHASE_DATABASE]  = { "database",  300,  "PostgreSQL" },
    [PHASE_SERVER]    = { "server",    420,  "Prefect server ready" },
    [PHASE_WORKER]    = { "worker",    300,  "work pools, workers ONLINE" },
    [PHASE_CANARY]    = { "canary",    300,  "a flow run COMPLETED" },
    [PHASE_FLOWS]     = { "flows",     600,  "the spec's flows are deployed" },
    [PHASE_TEARDOWN]  = { "teardown",  600,  "everything removed" },
};

// clang-format on

struct span {
    bool begun, running;
    int64_t begin_ms, end_ms;    /* monotonic */
    int64_t waited_ms;           /* of its time, spent waiting */
    int64_t resumed_ms, mark_ms; /* of the running part: its begin, and clock->waited_ms then */
    int64_t active_ms;
};

struct phases {
    struct clock *clock;
    int64_t begin_ms, begin_waited_ms;
    struct span spans[PHASE_COUNT];
};

struct phases *phases_new(struct clock *clock)
{
    struct phases *p = xcalloc(1, sizeof(*p));

    p->clock = clock;
    p->begin_ms = clock->mono_ms(clock);
    p->begin_waited_ms = clock->waited_ms;
    return p;
}

void phases_free(struct phases *p)
{
    free(p);
}

void phases_begin(struct phases *p, enum phase_id id)
{
    struct span *s = &p->spans[id];
    int64_t now = p->clock->mono_ms(p->clock);

    if (s->running)
        return;
    if (!s->begun)
        s->begin_ms = now;
    s->begun = s->running = true;
    s->resumed_ms = now;
    s->mark_ms = p->clock->waited_ms;
}

static void stop(struct span *s, const struct clock *c, int64_t now)
{
    if (!s->running)
        return;
    s->running = false;
    s->end_ms = now;
    s->active_ms += now - s->resumed_ms;
    s->waited_ms += c->waited_ms - s->mark_ms;
}

void phases_end(struct phases *p, enum phase_id id)
{
    stop(&p->spans[id], p->clock, p->clock->mono_ms(p->clock));
}

static int64_t timeout_s(enum phase_id id, const json_t *timeouts)
{
    const json_t *own = json_object_get(timeouts, phase_table[id].name);

    return json_is_integer(own) ? json_integer_value(own) : phase_table[id].timeout_s;
}

int64_t phases_deadline_ms(const struct phases *p, enum phase_id id, const json_t *timeouts)
{
    const struct span *s = &p->spans[id];
    int64_t seconds = timeout_s(id, timeouts);
    int64_t from = s->begun ? s->begin_ms : p->clock->mono_ms(p->clock);

    return from + seconds * 1000;
}

json_t *phases_json(const struct phases *p, const json_t *timeouts)
{
    json_t *rows = json_array();
    int64_t now = p->clock->mono_ms(p->clock);

    for (size_t i = 0; i < PHASE_COUNT; i++) {
        struct span s = p->spans[i];
        if (!s.begun)
            continue;
        stop(&s, p->clock, now); /* what still runs is shown as if it ended now */
        json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "name", phase_table[i].name, "start_ms",
                                              (json_int_t)(s.begin_ms - p->begin_ms), "ms",
                                              (json_int_t)(s.end_ms - s.begin_ms), "active_ms", (json_int_t)s.active_ms,
                                              "idle_ms", (json_int_t)s.waited_ms, "timeout_s",
                                              (json_int_t)timeout_s((enum phase_id)i, timeouts)));
    }
    int64_t waited = p->clock->waited_ms - p->begin_waited_ms;
    return json_pack("{s:I, s:I, s:I, s:o}", "total_ms", (json_int_t)(now - p->begin_ms), "waited_ms",
                     (json_int_t)waited, "own_ms", (json_int_t)(now - p->begin_ms - waited), "phases", rows);
}
