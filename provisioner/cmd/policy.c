#include "cloud/provider.h"
#include "cmd/command.h"
#include "core/util.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include <errno.h>
#include <string.h>

/* The spec says what will be made; a flows folder that is not there has nothing to do with rights. */
static int read_spec(const char *path, const char *provider, struct spec **ret, struct err *e)
{
    if (spec_load_lenient(path, ret, e) < 0) {
        if (e->sys == ENOENT)
            (void)err_hint(e, "the rights follow from the spec: `slipway init --provider %.40s` writes one", provider);
        return -1;
    }
    if (strcmp((*ret)->provider, provider) == 0)
        return 0;
    (void)err_set(e, ERR_USAGE, "'%s' is for provider '%s', not '%.40s'", path, (*ret)->provider, provider);
    return err_hint(e, "slipway policy %s, or -f with another spec", (*ret)->provider);
}

static void close_provider(struct provider **p)
{
    if (*p)
        (*p)->ops->close(*p);
}

int cmd_policy(struct app *app, struct err *e)
{
    const char *path = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml";
    const struct provider_ops *ops = provider_find(app->args[0]);
    __attribute__((cleanup(close_provider))) struct provider *provider = NULL;
    AUTO_SPEC struct spec *spec = NULL;
    json_t *document = NULL;

    if (!ops || !ops->policy) {
        (void)err_set(e, ERR_USAGE, "provider '%.40s' has no rights to print", app->args[0]);
        return err_hint(e, "slipway policy aws");
    }
    if (read_spec(path, app->args[0], &spec, e) < 0)
        return -1;
    struct run r = { .spec = spec, .ui = app->ui, .clock = app->clock };
    if (ops->open(&provider, &r, e) < 0 || ops->policy(&r, provider, app->opt[OPT_TRUST], &document, e) < 0)
        return -1;
    return app_print_json(document, e);
}
