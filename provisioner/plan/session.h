/* One command's hold on a deployment: spec, state directory, lock, journal, provider, connection. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include "step/run.h"
#include <stdbool.h>

enum session_mode {
    SESSION_WRITE,  /* takes the lock, makes the directory and the journal, logs the run */
    SESSION_PLAN,   /* changes nothing; a deployment that does not exist has no journal (NULL) */
    SESSION_REMOVE, /* as SESSION_WRITE; what the spec names on this host may be gone already */
    SESSION_READ,   /* changes nothing; a deployment that does not exist is ERR_USAGE with the remedy */
};

struct session_opts {
    const char *spec_path;     /* NULL: slipway.yaml */
    const char *artifacts_dir; /* instead of spec.artifacts.dir, or NULL */
    const char *command;       /* for the lock's holder line */
    enum session_mode mode;
    struct ui *ui;
    struct clock *clock;
};

struct session {
    struct run run;
    struct spec *spec;
    struct lock *lock;
    char *dir;
};

int session_open(struct session *s, const struct session_opts *o, struct err *e) NODISCARD;
/* Connect to the machine that is there (pinned host key); for commands that talk to it. */
int session_connect(struct session *s, struct err *e) NODISCARD;
void session_close(struct session *s);

#define AUTO_SESSION __attribute__((cleanup(session_close)))
