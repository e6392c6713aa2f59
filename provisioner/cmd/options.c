#include "cmd/options.h"
#include "core/nearest.h"
#include "core/util.h"
#include <string.h>

// clang-format off
const struct option_row option_table[OPT_COUNT] = {
    [OPT_FILE]      = { OPT_FILE,      'f', "file",      "SPEC",      "the spec file (default: slipway.yaml)", true },
    [OPT_OUTPUT]    = { OPT_OUTPUT,    'o', "output",    "text|json", "what goes to stdout: text for people, or one JSON document", true },
    [OPT_NO_COLOR]  = { OPT_NO_COLOR,  0,   "no-color",  NULL,        "no colour (as NO_COLOR in the environment)", true },
    [OPT_VERBOSE]   = { OPT_VERBOSE,   'v', "verbose",   NULL,        "show what is only in the log of the run", true },
    [OPT_YES]       = { OPT_YES,       'y', "yes",       NULL,        "do not ask before something is destroyed", true },
    [OPT_HELP]      = { OPT_HELP,      'h', "help",      NULL,        "show help for the command", true },
    [OPT_NO_CANARY] = { OPT_NO_CANARY, 0,   "no-canary", NULL,        "do not run the canary flow", false },
    [OPT_BROWSER]   = { OPT_BROWSER,   0,   "browser",   NULL,        "open the page in the desktop's browser", false },
    [OPT_PORT]      = { OPT_PORT,      'p', "port",      "PORT",      "local port of the tunnel (default: any free one)", false },
    [OPT_OUT]       = { OPT_OUT,       0,   "out",       "PATH",      "where to write", false },
    [OPT_ARCH]      = { OPT_ARCH,      0,   "arch",      "ARCH",      "amd64 or arm64 (default: this host's)", false },
    [OPT_ARTIFACTS] = { OPT_ARTIFACTS, 0,   "artifacts", "DIR",       "artifacts directory, instead of the spec's artifacts.dir", false },
    [OPT_PROVIDER]  = { OPT_PROVIDER,  0,   "provider",  "NAME",      "provider of the new spec (default: local)", false },
    [OPT_NAME]      = { OPT_NAME,      'n', "name",      "NAME",      "deployment name", false },
    [OPT_FORCE]     = { OPT_FORCE,     0,   "force",     NULL,        "overwrite", false },
    [OPT_FOLLOW]    = { OPT_FOLLOW,    0,   "follow",    NULL,        "go on printing new lines", false },
    [OPT_PARAM]     = { OPT_PARAM,     'p', "param",     "KEY=VALUE", "a parameter of the flow; may be given again for the next one", false },
    [OPT_WAIT]      = { OPT_WAIT,      0,   "wait",      NULL,        "show the logs until the run has ended, and exit by its state", false },
    [OPT_TIMEOUT]   = { OPT_TIMEOUT,   0,   "timeout",   "SECONDS",   "with --wait: how long (default: no limit)", false },
    [OPT_LIMIT]     = { OPT_LIMIT,     0,   "limit",     "N",         "how many rows (default: 20)", false },
    [OPT_STATE]     = { OPT_STATE,     0,   "state",     "late|scheduled|pending|running|paused|completed|failed|crashed|cancelled", "only runs in this state", false },
    [OPT_PRUNE]     = { OPT_PRUNE,     0,   "prune",     NULL,        "delete deployments that the spec no longer has", false },
    [OPT_FIX]       = { OPT_FIX,       0,   "fix",       NULL,        "put right what can be", false },
    [OPT_INCLUDE_VOLUMES] = { OPT_INCLUDE_VOLUMES, 0, "include-volumes", NULL, "also what was made from inside the cluster: volumes with their data, load balancers", false },
    [OPT_TRUST]     = { OPT_TRUST,     0,   "trust",     "OWNER/REPO", "print who may take the rights on instead: the workflows of this GitHub repository", false },
};

// clang-format on

bool option_allowed(const struct command *cmd, const struct option_row *o)
{
    return o->global || (cmd && (cmd->options & 1u << o->id));
}

static int unknown_option(const struct command *cmd, const char *given, struct err *e)
{
    const char *names[OPT_COUNT];
    size_t n = 0;

    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (option_allowed(cmd, &option_table[i]))
            names[n++] = option_table[i].name;
    }
    const char *near = nearest(given, names, n);
    (void)err_set(e, ERR_USAGE, "'%s' has no option '--%s'", cmd ? cmd->name : "slipway", given);
    if (near)
        return err_hint(e, "did you mean --%s?", near);
    return err_hint(e, "see `slipway help%s%s`", cmd ? " " : "", cmd ? cmd->name : "");
}

static const struct option_row *by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (strlen(option_table[i].name) == len && memcmp(option_table[i].name, name, len) == 0)
            return &option_table[i];
    return NULL;
}

/* The option that the command takes by this letter; else the only one that has it, for the message that the command
 * does not take it. */
static const struct option_row *by_letter(const struct command *cmd, char letter)
{
    const struct option_row *found = NULL;

    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct option_row *o = &option_table[i];
        if (o->letter == letter && option_allowed(cmd, o))
            return o;
        if (o->letter == letter)
            found = o;
    }
    return found;
}

/* A letter that means something only to some commands, and not the same to each, waits for its command. */
static bool shared_letter(char letter)
{
    size_t n = 0;

    for (size_t i = 0; i < OPT_COUNT; i++)
        n += option_table[i].letter == letter;
    return n > 1;
}

struct parser {
    struct app *app;
    char **argv;
    int argc, at;
};

static int set_option(struct parser *p, const struct option_row *o, const char *shown, const char *value, struct err *e)
{
    if (o->value && !value) {
        if (p->at + 1 >= p->argc)
            return err_set(e, ERR_USAGE, "option '%s' needs a value: %s", shown, o->value);
        value = p->argv[++p->at];
    } else if (!o->value && value) {
        return err_set(e, ERR_USAGE, "option '%s' takes no value", shown);
    }
    p->app->opt[o->id] = value ? value : "";
    if (o->id != OPT_PARAM)
        return 0;
    if (p->app->n_params == PARAMS_MAX)
        return err_set(e, ERR_USAGE, "option '%s' stands there more than %d times", shown, PARAMS_MAX);
    p->app->params[p->app->n_params++] = value;
    return 0;
}

static int long_option(struct parser *p, const char *word, struct err *e)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    const struct option_row *o = by_name(name, equals ? (size_t)(equals - name) : strlen(name));

    if (!o)
        return unknown_option(p->app->command, name, e);
    return set_option(p, o, word, equals ? equals + 1 : NULL, e);
}

static int short_options(struct parser *p, const char *word, struct err *e)
{
    for (const char *c = word + 1; *c; c++) {
        char shown[3] = { '-', *c, '\0' };
        const struct option_row *o = by_letter(p->app->command, *c);
        if (!o)
            return err_set(e, ERR_USAGE, "there is no option '%s'", shown);
        if (!p->app->command && shared_letter(*c))
            return err_set(e, ERR_USAGE, "option '%s' belongs behind its command: slipway COMMAND %s ...", shown,
                           shown);
        if (o->value && c[1])
            return set_option(p, o, shown, c + 1, e);
        if (set_option(p, o, shown, NULL, e) < 0)
            return -1;
    }
    return 0;
}

static int unknown_command(const char *given, struct err *e)
{
    const char *names[64];
    size_t n = 0;

    for (const struct command *c = command_table; c->name && n < ARRAY_LEN(names); c++)
        names[n++] = c->name;
    const char *near = nearest(given, names, n);
    (void)err_set(e, ERR_USAGE, "there is no command '%s'", given);
    return near ? err_hint(e, "did you mean `slipway %s`?", near) : err_hint(e, "see `slipway help`");
}

/* Some commands give -o another meaning: a place to write. */
static int output_option(struct app *app, struct err *e)
{
    const char *o = app->opt[OPT_OUTPUT];

    if (!o || strcmp(o, "text") == 0)
        return 0;
    if (strcmp(o, "json") == 0) {
        app->json = true;
        return 0;
    }
    if (!(app->command->options & 1u << OPT_OUT))
        return err_set(e, ERR_USAGE, "option '-o' is text or json, not '%s'", o);
    app->opt[OPT_OUT] = o;
    return 0;
}

static int check(struct app *app, struct err *e)
{
    const struct command *cmd = app->command;

    if (!cmd || app->opt[OPT_HELP])
        return 0;
    for (size_t i = 0; i < OPT_COUNT; i++)
        if (app->opt[i] && !option_allowed(cmd, &option_table[i]))
            return unknown_option(cmd, option_table[i].name, e);
    if (app->n_args < cmd->min_args || app->n_args > cmd->max_args) {
        (void)err_set(e, ERR_USAGE, app->n_args < cmd->min_args ? "'%s' needs: %s" : "'%s' takes: %s", cmd->name,
                      *cmd->args ? cmd->args : "no words");
        return err_hint(e, "see `slipway help %s`", cmd->name);
    }
    if (app->tail && !cmd->tail)
        return err_set(e, ERR_USAGE, "'%s' takes no command after '--'", cmd->name);
    return output_option(app, e);
}

int options_parse(int argc, char **argv, struct app *app, struct err *e)
{
    struct parser p = { app, argv, argc, 1 };

    app->args = argv + 1; /* words move to the front of argv, in order */
    for (; p.at < argc; p.at++) {
        char *word = argv[p.at];
        if (strcmp(word, "--") == 0) {
            app->tail = argv + p.at + 1;
            break;
        }
        if (word[0] == '-' && word[1] == '-') {
            if (long_option(&p, word, e) < 0)
                return -1;
        } else if (word[0] == '-' && word[1]) {
            if (short_options(&p, word, e) < 0)
                return -1;
        } else if (!app->command) {
            app->command = command_find(word);
            if (!app->command)
                return unknown_command(word, e);
        } else {
            app->args[app->n_args++] = word;
        }
    }
    app->args[app->n_args] = NULL;
    return check(app, e);
}
