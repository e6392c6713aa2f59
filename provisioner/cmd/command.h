/* Commands and options are rows; dispatch, arity, help, completion and the man page test read them. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum option_id {
    OPT_FILE,
    OPT_OUTPUT,
    OPT_NO_COLOR,
    OPT_VERBOSE,
    OPT_YES,
    OPT_HELP,
    OPT_NO_CANARY,
    OPT_BROWSER,
    OPT_PORT,
    OPT_OUT,
    OPT_ARCH,
    OPT_ARTIFACTS,
    OPT_PROVIDER,
    OPT_NAME,
    OPT_FORCE,
    OPT_FOLLOW,
    OPT_PARAM,
    OPT_WAIT,
    OPT_TIMEOUT,
    OPT_LIMIT,
    OPT_STATE,
    OPT_PRUNE,
    OPT_FIX,
    OPT_INCLUDE_VOLUMES,
    OPT_TRUST,
    OPT_COUNT,
};

struct option_row {
    enum option_id id;
    char letter;       /* 0: none; two options may share one when no command takes both */
    const char *name;  /* without -- */
    const char *value; /* placeholder, NULL: a flag */
    const char *summary;
    bool global; /* every command takes it */
};

#define PARAMS_MAX 64

extern const struct option_row option_table[OPT_COUNT];

/* One call of the program. */
struct app {
    struct ui *ui;
    struct clock *clock;
    const struct command *command;
    const char *opt[OPT_COUNT];     /* value, or "" for a flag that was given; NULL: not given */
    const char *params[PARAMS_MAX]; /* every -p KEY=VALUE, in order */
    size_t n_params;
    char **args; /* what is left, NULL-terminated */
    int n_args;
    char **tail;     /* after `--`, NULL-terminated; NULL: no `--` */
    bool json;       /* -o json */
    json_t *failure; /* what a command that failed has to say beside its error, for -o json; NULL: nothing */
    int exit_status; /* set by commands that pass on a status (ssh -- cmd); 0 otherwise */
};

struct command {
    const char *name;
    const char *args; /* usage, "" for none */
    const char *summary;
    int min_args, max_args;
    bool tail;        /* takes -- CMD... */
    unsigned options; /* bits of option_id beyond the global ones */
    int (*run)(struct app *app, struct err *e);
    const char *details; /* for --help: what, examples */
};
extern const struct command command_table[]; /* sorted; ends with a NULL name */
const struct command *command_find(const char *name);
/* Print one JSON document on stdout; steals `doc`. */
int app_print_json(json_t *doc, struct err *e) NODISCARD;

/* One file each: cmd/init.c ... */
#define COMMAND(name) int cmd_##name(struct app *app, struct err *e)
COMMAND(artifacts);
COMMAND(bootstrap);
COMMAND(completion);
COMMAND(deploy);
COMMAND(doctor);
COMMAND(help);
COMMAND(init);
COMMAND(kubeconfig);
COMMAND(list);
COMMAND(lock);
COMMAND(logs);
COMMAND(open);
COMMAND(plan);
COMMAND(policy);
COMMAND(report);
COMMAND(run);
COMMAND(runs);
COMMAND(schema);
COMMAND(ssh);
COMMAND(status);
COMMAND(teardown);
COMMAND(validate);
COMMAND(version);
