/* The checks of the doctor's table (doctor.c), and the judgements they rest on. */
#pragma once
#include "flow/doctor.h"
#include <stddef.h>
#include <stdint.h>

/* What a look found. */
struct finding {
    char detail[400];
    char remedy[400]; /* instead of the table's, or "" */
    json_t *items;    /* array of what is wrong, for `mend` and for -o json */
};

/* 1 all is well, 0 something is wrong (detail, items), -1 cannot look. */
typedef int doctor_look(struct doctor *d, struct finding *f, struct err *e);
/* Put the items right. */
typedef int doctor_mend(struct doctor *d, struct finding *f, struct err *e);

/* doctor_server.c: what has to answer, and how it is set. */
doctor_look doctor_look_elsewhere, doctor_look_machine, doctor_look_server, doctor_look_pools, doctor_look_automations,
    doctor_look_retention, doctor_look_disk;
/* doctor_runs.c: runs, and what carries them. */
doctor_look doctor_look_pending, doctor_look_running, doctor_look_leftovers, doctor_look_late, doctor_look_orphans;
doctor_mend doctor_mend_crash, doctor_mend_leftovers, doctor_mend_orphans;
/* doctor_slots.c */
doctor_look doctor_look_slots;
doctor_mend doctor_mend_slots;

/* --- judgements over answers of the API; `now_us` as in struct doctor ------------------------------------------- */

#define DOCTOR_HEARTBEAT_S 90 /* Prefect's own measure: three heartbeats */

/* A pool is well when it is READY, not paused, and a worker was heard of in the last 90 s. `pool` NULL: there is none.
 */
bool doctor_pool_well(const char *name, const json_t *pool, const json_t *workers, int64_t now_us,
                      char ret[static 256]);
/* Has the run been in its state for longer than `s` seconds? */
bool doctor_state_older(const json_t *run, int64_t now_us, int64_t s);
/* Was this scheduled run made by a schedule that is gone? `deployments`: object, id -> deployment. */
bool doctor_orphan(const json_t *run, const json_t *deployments);
/* Slots of a concurrency limit that nobody can hold: how many of the `active` runs (array) may hold some, against the
 * slots in use. 0: none is lost, or it was changed less than 5 minutes ago and a lease may still end. */
int64_t doctor_lost_slots(const json_t *limit, const json_t *active, int64_t now_us);
/* Seconds of an ISO 8601 duration as pydantic writes it ("P7D", "P1DT12H", "PT15M"); -1 when it is none. */
int64_t doctor_duration_s(const char *text);
/* Does an enabled automation of the array watch for this event? */
bool doctor_automation(const json_t *automations, const char *event);
