#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "cmd/command.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

/* What was written, for a script. */
static int print_lock(const char *path, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));

    a->lock_path = xstrdup(path);
    if (lockfile_read(path, a, e) < 0)
        return -1;
    return app_print_json(artifacts_json(a), e);
}

int cmd_lock(struct app *app, struct err *e)
{
    AUTO_SPEC struct spec *spec = NULL;
    AUTO_FREE char *path = NULL;
    const char *file = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml";

    if (spec_load(file, &spec, e) < 0 || artifacts_lock(spec, app->clock, app->ui, &path, e) < 0)
        return -1;
    if (app->json)
        return print_lock(path, e);
    if (puts(path) < 0 || fflush(stdout) != 0)
        return err_sys(e, ERR_INTERNAL, "write to stdout");
    return 0;
}
