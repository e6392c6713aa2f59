/* Set the process up, find the command, print the error once. Nothing else. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "core/cancel.h"
#include "core/mem.h"
#include "core/util.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* Keys pass through memory: no core files, no debugger of the same user, nothing that others may read. */
static void harden(void)
{
    umask(077);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

/* The last words of a proxy or a service stand in `e` as they came: fit for a terminal, and without what is secret. */
static int report_error(const struct app *app, struct err *e)
{
    const char *where = app->command ? app->command->name : NULL;
    struct err raw = *e;

    ui_safe(app->ui, raw.msg, e->msg, sizeof(e->msg));
    ui_safe(app->ui, raw.hint, e->hint, sizeof(e->hint));

    if (e->code == ERR_SPEC)
        fprintf(stderr, "%s\n", e->msg);
    else
        fprintf(stderr, "slipway%s%s: %s\n", where ? " " : "", where ? where : "", e->msg);
    if (*e->hint)
        fprintf(stderr, "  %s\n", e->hint);
    if (app->json) {
        struct err lost = ERR_INIT;
        json_t *doc = json_pack("{s:{s:s, s:s, s:s, s:i}}", "error", "class", err_name(e->code), "message", e->msg,
                                "hint", e->hint, "exit_status", err_exit_status(e->code));
        if (app->failure)
            json_object_update(doc, app->failure);
        if (app_print_json(doc, &lost) < 0)
            fprintf(stderr, "slipway: %s\n", lost.msg);
    }
    return err_exit_status(e->code);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct app app = { .clock = clock_real() };

    harden();
    json_set_alloc_funcs(malloc, wipe_and_free); /* answers hold tokens and keys */
    cancel_install();
    int rc = options_parse(argc, argv, &app, &e);
    struct ui_opts ui = { !app.opt[OPT_NO_COLOR], app.opt[OPT_VERBOSE] != NULL, app.json };
    app.ui = ui_new(&ui, app.clock);
    if (rc == 0 && (!app.command || app.opt[OPT_HELP]))
        rc = cmd_help(&app, &e);
    else if (rc == 0)
        rc = app.command->run(&app, &e);
    int status = rc < 0 ? report_error(&app, &e) : app.exit_status;
    json_decref(app.failure);
    ui_free(app.ui);
    return status;
}
