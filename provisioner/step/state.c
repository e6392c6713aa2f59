#include "step/state.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdlib.h>
#include <sys/stat.h>

static const char *env(const char *name)
{
    const char *v = getenv(name);

    return v && *v ? v : NULL;
}

/* XDG Base Directory Specification 0.8: a relative path in these variables is to be ignored. */
static char *xdg_dir(const char *variable, const char *below_home)
{
    const char *xdg = env(variable), *home = env("HOME");

    if (xdg && *xdg == '/')
        return fsx_join(xdg, "slipway");
    return xasprintf("%s/%s/slipway", home ? home : "", below_home);
}

char *state_home(void)
{
    const char *own = env("SLIPWAY_HOME");

    return own ? xstrdup(own) : xdg_dir("XDG_STATE_HOME", ".local/state");
}

char *state_dir(const char *name)
{
    AUTO_FREE char *home = state_home();

    return fsx_join(home, name);
}

char *state_cache_dir(void)
{
    const char *own = env("SLIPWAY_CACHE");

    return own ? xstrdup(own) : xdg_dir("XDG_CACHE_HOME", ".cache");
}

int state_make_dir(const char *dir, struct err *e)
{
    struct stat st;

    if (fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    if (lstat(dir, &st) < 0)
        return err_sys(e, ERR_INTERNAL, "stat '%s'", dir);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
        (void)err_set(e, ERR_CONFLICT, "state directory '%s' must be a directory of this user with mode 0700", dir);
        return err_hint(e, "chmod 700 it, or name another place with SLIPWAY_HOME");
    }
    return 0;
}
