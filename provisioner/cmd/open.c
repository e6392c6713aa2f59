#include "app/server_address.h"
#include "cmd/common.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "ssh/ssh.h"
#include <stdio.h>

static void show_address(void *ctx, int port)
{
    struct app *app = ctx;
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/", port);
    struct err e = ERR_INIT;
    const char *const argv[] = { "xdg-open", url, NULL };

    if (app->json) {
        if (app_print_json(json_pack("{s:s, s:s}", "url", url, "user", "prefect"), &e) < 0)
            ui_warn(app->ui, "%s", e.msg);
    } else {
        printf("%s\n", url);
        (void)fflush(stdout);
    }
    ui_info(app->ui, "the tunnel stays open until Ctrl-C");
    if (app->opt[OPT_BROWSER] && proc_run(argv, NULL, &e) < 0)
        ui_warn(app->ui, "no browser: %s", e.msg);
}

int cmd_open(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_SERVER_ADDRESS struct server_address at = { 0 };
    int port = 0, used = 0;

    if (common_port(app, &port, e) < 0 || common_connect(app, &s, e) < 0 || server_address(&s.run, &at, e) < 0)
        return -1;
    int rc = ssh_forward(s.run.ssh, port, at.host, at.port, &used, show_address, NULL, app, e);
    /* Ctrl-C is how this command ends. */
    if (rc < 0 && e->code == ERR_CANCELED)
        rc = 0;
    return rc;
}
