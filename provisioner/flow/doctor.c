#include "flow/doctor.h"
#include "app/server_address.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include "spec/spec.h"
#include <string.h>

/* What a check needs to make sense. */
enum need {
    NEED_MACHINE = 1,    /* a deployment was made */
    NEED_SSH = 2,        /* and answers */
    NEED_API = 4,        /* the server answers */
    NEED_OURS = 8,       /* the server is this deployment's */
    NEED_ELSEWHERE = 16, /* it is not */
    NEED_WAY = 32,       /* to the server: through the machine, or from here when it is elsewhere */
};

struct check {
    const char *name, *looks_at;
    unsigned needs;
    const char *remedy;
    doctor_look *look;
    doctor_mend *mend; /* NULL: nothing that could be done without asking */
};

/* Before there is a machine, what bootstrap makes is not there yet. On a server that others use too, slots and
 * schedules may be theirs. */
// clang-format off
static const struct check checks[] = {
    { "address", "the server of the spec, from this host", NEED_ELSEWHERE,
      "check prefect.server in the spec: URL or account and workspace, and the key in the environment", doctor_look_elsewhere, NULL },
    { "machine", "SSH, host key and clock of the machine", NEED_MACHINE,
      "see `slipway status`; a wrong clock is mended by systemd-timesyncd or chrony on the machine", doctor_look_machine, NULL },
    { "server", "an answer with our credentials, and its version", NEED_WAY,
      "`slipway logs server` says why; `slipway bootstrap` puts it right", doctor_look_server, NULL },
    { "pools", "work pools READY, and a worker's heartbeat in the last 90 s", NEED_API | NEED_MACHINE,
      "`slipway logs worker` says why; `slipway bootstrap` puts it right; a paused pool is resumed in the UI", doctor_look_pools, NULL },
    { "pending runs", "PENDING runs with a process, pod or Job", NEED_API | NEED_SSH,
      "`slipway doctor --fix` sets them to CRASHED, which frees their slots", doctor_look_pending, doctor_mend_crash },
    { "running runs", "RUNNING runs with a process, pod or Job", NEED_API | NEED_SSH,
      "`slipway doctor --fix` sets them to CRASHED, which frees their slots", doctor_look_running, doctor_mend_crash },
    { "leftovers", "processes, pods and Jobs of runs that have ended", NEED_API | NEED_SSH,
      "`slipway doctor --fix` stops and removes them", doctor_look_leftovers, doctor_mend_leftovers },
    { "slots", "concurrency slots in use against active runs", NEED_API | NEED_OURS,
      "`slipway doctor --fix` gives them back; first stop programs outside of flow runs that use the limit", doctor_look_slots, doctor_mend_slots },
    { "late runs", "scheduled runs past their time", NEED_API | NEED_MACHINE,
      "more concurrency, or a worker that lives: `slipway runs --state late` lists them", doctor_look_late, NULL },
    { "schedules", "scheduled runs whose schedule was deleted", NEED_API | NEED_OURS,
      "`slipway doctor --fix` deletes them", doctor_look_orphans, doctor_mend_orphans },
    { "automations", "the automations that end stuck runs", NEED_API | NEED_MACHINE,
      "`slipway bootstrap` makes them", doctor_look_automations, NULL },
    { "retention", "how long the server really keeps events and runs", NEED_API | NEED_OURS,
      "`slipway bootstrap` sets it as the spec says", doctor_look_retention, NULL },
    { "disk", "free space on the machine, size of the database", NEED_SSH,
      "keep events and runs for a shorter time (prefect.server.events_days, runs_days), or give the machine a larger disk", doctor_look_disk, NULL },
};

// clang-format on

static unsigned has(const struct doctor *d)
{
    bool ours = server_is_ours(d->run->spec);

    return (d->machine ? NEED_MACHINE : 0) | (d->run->ssh ? NEED_SSH : 0) | (d->api ? NEED_API : 0) |
           (ours ? NEED_OURS : NEED_ELSEWHERE) | (d->reachable ? NEED_WAY : 0);
}

static void add_row(struct doctor_result *r, const struct check *c, const char *status, const struct finding *f)
{
    bool bad = strcmp(status, "fail") == 0;
    const char *remedy = *f->remedy ? f->remedy : c->remedy;

    r->ok = r->ok && !bad;
    json_array_append_new(r->checks, json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "check", c->name, "looks_at",
                                               c->looks_at, "status", status, "detail", f->detail, "remedy",
                                               bad ? remedy : "", "items", f->items));
}

static int look(struct doctor *d, const struct check *c, struct finding *f, struct doctor_result *r, struct err *e)
{
    err_clear(e);
    f->detail[0] = f->remedy[0] = '\0';
    json_array_clear(f->items);
    int rc = c->look(d, f, e);
    if (rc < 0) {
        r->refused = r->refused || e->code == ERR_AUTH;
        (void)snprintf(f->detail, sizeof(f->detail), "%.399s", e->msg);
        (void)snprintf(f->remedy, sizeof(f->remedy), "%.399s", e->hint);
    }
    return rc;
}

/* Mended is what a second look finds well. */
static int examine(struct doctor *d, const struct check *c, struct doctor_result *r, struct err *e)
{
    AUTO_JSON json_t *items = json_array(), *again = json_array();
    struct finding first = { "", "", items }, second = { "", "", again };
    int rc = look(d, c, &first, r, e);

    if (rc != 0 || !d->fix || !c->mend) {
        add_row(r, c, rc > 0 ? "ok" : "fail", &first);
    } else if (c->mend(d, &first, e) < 0) {
        (void)snprintf(second.detail, sizeof(second.detail), "%.200s; not fixed: %.150s", first.detail, e->msg);
        second.items = items;
        add_row(r, c, "fail", &second);
        rc = -1;
    } else {
        rc = look(d, c, &second, r, e);
        add_row(r, c, rc > 0 ? "fixed" : "fail", rc > 0 ? &first : &second);
    }
    return rc < 0 && e->code == ERR_CANCELED ? -1 : 0;
}

int doctor_examine(struct doctor *d, struct doctor_result *ret, struct err *e)
{
    *ret = (struct doctor_result){ json_array(), true, false };
    d->now_us = d->run->clock->wall_ms(d->run->clock) * 1000;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if ((has(d) & checks[i].needs) == checks[i].needs && examine(d, &checks[i], ret, e) < 0)
            return -1;
    }
    err_clear(e);
    return 0;
}

void doctor_done(struct doctor *d)
{
    prefect_api_close(d->api);
    d->api = NULL;
}

void doctor_result_done(struct doctor_result *r)
{
    json_decref(r->checks);
    r->checks = NULL;
}
