/* What runs Prefect on the machine: one row for each runtime, with everything that differs between them. Above this
 * table nobody asks for a runtime's name. */
#pragma once
#include "app/server_address.h"
#include "core/err.h"
#include "core/sbuf.h"
#include "host/evidence.h"
#include "step/engine.h"
#include "step/run.h"
#include <jansson.h>
#include <stddef.h>

struct step_table {
    const struct step *steps;
    const size_t *n;

    enum { SERVER_ANY, SERVER_OURS, SERVER_ELSEWHERE } with; /* only where the server is ours, or is not */
};

/* A Python program of ours that runs inside, with Prefect's packages, without root, and with the API's address and
 * credentials in its environment. */
struct python_job {
    const char *name;    /* for messages and objects: "deploy" */
    const char *program; /* embedded file: "templates/deploy.py" */
    const char *input;   /* JSON text on its stdin; never in argv or a log */
    const char *image;   /* k3s: container image instead of Prefect's own, or NULL */
    int64_t timeout_ms;
};

/* A log that `slipway logs PART` shows: argv on the machine, as root. */
struct runtime_log {
    const char *part;
    const char *argv[14];
    const char *follow; /* flag that goes on printing */
};

struct runtime {
    const char *name;
    void (*packages)(const struct spec *s, struct svec *ret); /* that the machine must have; NULL: none */
    const struct step_table *tables;        /* from the machine's facts to a server that answers; NULL steps end it */
    const struct step_table *worker_tables; /* once the work pools are there */
    const struct runtime_log *logs;         /* ends with a NULL part */
    const struct evidence_row *evidence;    /* ends with a NULL file */
    /* Address of the server that this deployment runs; a server that exists elsewhere is not the runtime's matter. */
    int (*server)(struct run *r, struct server_address *ret, struct err *e);
    /* What `sign in` shows: a command line that prints user:password, run on the machine. */
    const char *password_command;
    /* Run it and wait; stdout into `out`. A program that ends with another status than 0: ERR_REMOTE with the last
     * lines of its stderr. */
    int (*python)(struct run *r, const struct python_job *job, struct sbuf *out, struct err *e);
    /* Make the packages of a requirements file (text) usable by the runs of one deployment: puts what is needed into
     * `job_variables` (object) and appends to `pull_steps` (array). */
    int (*requirements)(struct run *r, const struct spec_pool *pool, const char *text, json_t *job_variables,
                        json_t *pull_steps, struct err *e);
    /* Is there anything (Job, pod, process) that carries this flow run? 1 yes, 0 no, -1 cannot tell. */
    int (*carries_run)(struct run *r, const char *flow_run_id, struct err *e);
    /* Stop and remove what carries it; absent is success. */
    int (*remove_run)(struct run *r, const char *flow_run_id, struct err *e);
    /* What the run's infrastructure printed, newest last; "" when it has gone. */
    int (*run_output)(struct run *r, const char *flow_run_id, struct sbuf *out, struct err *e);
    /* Is the infrastructure of a PENDING run in trouble that waiting will not mend? -1 then; else 0 with `why`. NULL:
     * only the run itself can tell. */
    int (*run_trouble)(struct run *r, const char *flow_run_id, char why[static 256], struct err *e);
    /* Does what carried a finished run go away by itself? -1 with the reason when not. NULL: a process is gone. */
    int (*run_goes_away)(struct run *r, const char *flow_run_id, struct err *e);
    /* What is installed, as text: when it differs, the canary proves the platform anew. */
    void (*identity)(const struct run *r, struct sbuf *out);
    /* Parts of the platform for `status`: appends {"part","ok","detail"}. */
    void (*status)(struct run *r, json_t *rows);
};

/* Row `i`, NULL past the end. */
const struct runtime *runtime_nth(size_t i);
/* The row of the spec's `runtime`. */
const struct runtime *runtime_of(const struct run *r);
