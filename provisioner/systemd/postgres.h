/* PostgreSQL of the distribution: a cluster of slipway's own, on its socket only, restarted when it ends. */
#pragma once
#include "core/sbuf.h"
#include "step/engine.h"
#include "systemd/passwords.h"

/* database/cluster; nothing to do where the database is SQLite. */
extern const struct step postgres_steps[];
extern const size_t postgres_n_steps;
/* "postgresql@15-slipway.service"; caller frees. */
char *postgres_unit(const struct run *r);
/* What the server connects to, PostgreSQL or SQLite; holds the password. */
int postgres_connection(struct run *r, const struct passwords *p, struct sbuf *out, struct err *e) NODISCARD;
