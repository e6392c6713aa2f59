#include "app/prefect_api.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "ssh/ssh.h"
#include <stdio.h>

#define PREFECT_PORT 4200

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
    AUTO_JSON json_t *svc = NULL;
    const char *const args[] = { "-n", NAMESPACE, "get", "service", "prefect-server", "-o", "json", NULL };
    int port = 0, used = 0;

    if (common_port(app, &port, e) < 0 || common_connect(app, &s, e) < 0 || kubectl(&s.run, args, NULL, &svc, e) < 0)
        return -1;
    int rc =
        ssh_forward(s.run.ssh, port, jsonx_str(svc, "spec.clusterIP"), PREFECT_PORT, &used, show_address, NULL, app, e);
    /* Ctrl-C is how this command ends. */
    if (rc < 0 && e->code == ERR_CANCELED)
        rc = 0;
    return rc;
}
