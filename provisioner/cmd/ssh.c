#include "ssh/ssh.h"
#include "cmd/common.h"

int cmd_ssh(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    const char *const *argv = (const char *const *)app->tail;

    if (common_connect(app, &s, e) < 0)
        return -1;
    return ssh_attach(s.run.ssh, argv && argv[0] ? argv : NULL, &app->exit_status, e);
}
