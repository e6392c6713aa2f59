/* The two passwords of a deployment, which live on its machine only: made once, kept across runs. */
#pragma once
#include "core/err.h"
#include "step/run.h"

struct passwords {
    char *ui;       /* "prefect:PASSWORD" of the API's basic auth; secret */
    char *database; /* of PostgreSQL's role; secret */
};

/* From /etc/slipway/passwords (0600, root). ERR_REMOTE with e->sys == ENOENT when it is not there. Known to the ui as
 * secrets. */
int passwords_read(struct run *r, struct passwords *ret, struct err *e) NODISCARD;
/* The same, where their absence is an answer: 1 read, 0 not there, -1. */
int passwords_find(struct run *r, struct passwords *ret, struct err *e) NODISCARD;
/* The same; makes them when there are none. */
int passwords_keep(struct run *r, struct passwords *ret, struct err *e) NODISCARD;
void passwords_done(struct passwords *p);

#define PREFECT_USER   "prefect" /* of the database and of the UI's basic auth */
#define AUTO_PASSWORDS __attribute__((cleanup(passwords_done)))
