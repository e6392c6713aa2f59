#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "cmd/command.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>
#include <sys/utsname.h>

static const char *host_arch(void)
{
    struct utsname u;

    return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "amd64";
}

static int print_result(struct app *app, const char *dir, const char *lock, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));

    a->lock_path = xstrdup(lock);
    a->dir = xstrdup(dir);
    if (app->json)
        return lockfile_read(lock, a, e) < 0 ? -1 : app_print_json(artifacts_json(a), e);
    if (puts(lock) < 0 || fflush(stdout) != 0)
        return err_sys(e, ERR_INTERNAL, "write to stdout");
    return 0;
}

int cmd_artifacts(struct app *app, struct err *e)
{
    AUTO_SPEC struct spec *spec = NULL;
    const char *file = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml", *dir = app->opt[OPT_OUT];

    if (app->n_args != 1 || strcmp(app->args[0], "pull") != 0) {
        (void)err_set(e, ERR_USAGE, "'artifacts' has no '%s'", app->n_args ? app->args[0] : "");
        return err_hint(e, "slipway artifacts pull --out DIR [--arch amd64|arm64]");
    }
    if (!dir || !dir[0])
        return err_set(e, ERR_USAGE, "artifacts pull: name the directory with --out DIR");
    if (spec_load(file, &spec, e) < 0 ||
        artifacts_pull(spec, app->opt[OPT_ARCH] ? app->opt[OPT_ARCH] : host_arch(), dir, app->clock, app->ui, e) < 0)
        return -1;
    AUTO_FREE char *lock = fsx_join(dir, LOCKFILE_NAME);
    return print_result(app, dir, lock, e);
}
