#include "cmd/command.h"
#include "cmd/options.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

static void print_options(const struct command *cmd, bool global)
{
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct option_row *o = &option_table[i];
        char left[64];
        if (o->global != global || !option_allowed(cmd, o))
            continue;
        (void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                       o->letter ? "," : " ", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-26s %s\n", left, o->summary);
    }
}

static void help_command(const struct command *c)
{
    printf("slipway %s: %s\n\nusage: slipway %s%s%s [options]\n", c->name, c->summary, c->name, *c->args ? " " : "",
           c->args);
    if (*c->details)
        printf("\n%s", c->details);
    printf("\noptions:\n");
    print_options(c, false);
    print_options(c, true);
}

int cmd_help(struct app *app, struct err *e)
{
    if (app->n_args == 1) {
        const struct command *c = command_find(app->args[0]);
        if (!c)
            return err_set(e, ERR_USAGE, "there is no command '%s'", app->args[0]);
        help_command(c);
        return 0;
    }
    if (app->command && app->command->run != cmd_help) {
        help_command(app->command);
        return 0;
    }
    printf("slipway: from a spec to a working Prefect platform on one machine, and back to nothing\n\n"
           "usage: slipway COMMAND [options]\n\ncommands:\n");
    for (const struct command *c = command_table; c->name; c++)
        printf("  %-11s %s\n", c->name, c->summary);
    printf("\noptions for every command:\n");
    print_options(NULL, true);
    printf(
        "\nexit status: 0 done, 1 internal, 2 usage or spec, 3 credentials or rights, 4 quota or capacity,\n"
        "  5 remote refused or failed, 6 deadline, 7 conflict, 8 teardown left something, 130 interrupted\n\n"
        "Start with `slipway init`. One page each: slipway(1), slipway.yaml(5), slipway-prefect(7), slipway-aws(7).\n");
    return 0;
}
