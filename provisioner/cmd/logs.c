#include "cmd/common.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/state.h"
#include <stdio.h>
#include <string.h>

struct log_row {
    const char *part;
    const char *argv[14];
    const char *follow; /* flag that goes on printing */
};

static const struct log_row rows[] = {
    { "server",
      { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app.kubernetes.io/name=prefect-server", "--tail=500" },
      "--follow" },
    { "worker",
      { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app.kubernetes.io/name=prefect-worker", "--tail=500" },
      "--follow" },
    { "database", { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app=postgres", "--tail=500" }, "--follow" },
    { "k3s", { "journalctl", "-u", "k3s.service", "-n", "500", "--no-pager" }, "--follow" },
};

/* slipway's own log needs no machine: it is there when nothing else is. */
static int own_log(struct app *app, struct err *e)
{
    AUTO_SPEC struct spec *spec = NULL;
    AUTO_SBUF struct sbuf text = SBUF_INIT(16 << 20);

    if (spec_load(app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml", &spec, e) < 0)
        return -1;
    AUTO_FREE char *dir = state_dir(spec->name);
    AUTO_FREE char *path = fsx_join(dir, "run.log");
    if (fsx_read(path, &text, e) < 0)
        return err_wrap(e, "no log of a run");
    return fputs(text.data, stdout) < 0 ? err_sys(e, ERR_INTERNAL, "write to stdout") : 0;
}

int cmd_logs(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_SVEC struct svec argv = SVEC_INIT;
    const char *part = app->n_args ? app->args[0] : "run";
    const struct log_row *row = NULL;

    if (strcmp(part, "run") == 0)
        return own_log(app, e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].part, part) == 0)
            row = &rows[i];
    if (!row)
        return err_set(e, ERR_USAGE, "there is no log '%s': %s", part, app->command->args);
    if (common_connect(app, &s, e) < 0)
        return -1;
    svec_add(&argv, "sudo");
    svec_add(&argv, "-n");
    for (const char *const *a = row->argv; *a; a++)
        svec_add(&argv, *a);
    if (app->opt[OPT_FOLLOW])
        svec_add(&argv, row->follow);
    return ssh_attach(s.run.ssh, svec_argv(&argv), &app->exit_status, e);
}
