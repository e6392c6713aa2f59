/* Units of the machine's systemd, with the files that they read. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include "step/run.h"
#include <stdbool.h>
#include <stddef.h>

struct unit_file {
    const char *path; /* absolute */
    const char *mode; /* "0600" */
    char *text;       /* may be secret: wiped and freed by unit_done */
};

#define UNIT_MAX_FILES 5

struct unit {
    char name[128]; /* "slipway-prefect-server.service" */
    struct unit_file files[UNIT_MAX_FILES];
    size_t n_files;
};

void unit_done(struct unit *u);
#define AUTO_UNIT __attribute__((cleanup(unit_done)))
/* Takes `text`. */
void unit_add(struct unit *u, const char *path, const char *mode, char *text);
/* NAME="VALUE" for an EnvironmentFile, quoted as systemd.exec(5) reads it. */
void unit_add_env(struct sbuf *out, const char *name, const char *value);

/* 1: the files are as given, the unit is active and was started with exactly these; 0: not so; -1. Read-only. */
int unit_check(struct run *r, const struct unit *u, struct err *e) NODISCARD;
/* Put what differs, enable, and (re)start when something differed or it does not run. Does not wait for it. */
int unit_apply(struct run *r, const struct unit *u, struct err *e) NODISCARD;
/* Wait probe: 1 active; 0 still starting; -1 it keeps failing: ERR_REMOTE with the last lines of its journal. */
int unit_probe(struct run *r, const char *name, char why[static 256], struct err *e) NODISCARD;
/* Digest over the files, for the journal. */
void unit_digest(const struct unit *u, char ret[static 65]);
