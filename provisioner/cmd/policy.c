#include "cloud/provider.h"
#include "cmd/common.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

int cmd_policy(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *doc = NULL;

    if (common_session(app, SESSION_PLAN, &s, e) < 0)
        return -1;
    const struct provider_ops *ops = s.run.provider->ops;
    if (strcmp(app->args[0], s.spec->provider) != 0) {
        (void)err_set(e, ERR_USAGE, "the spec's provider is '%s', not '%s'", s.spec->provider, app->args[0]);
        return err_hint(e, "name a spec with that provider by -f; `slipway init` writes one");
    }
    if (!ops->policy)
        return err_set(e, ERR_USAGE, "provider '%s' has no rights to give: only clouds have", s.spec->provider);
    if (ops->policy(&s.run, s.run.provider, app->opt[OPT_TRUST], &doc, e) < 0)
        return -1;
    return app_print_json(TAKE_PTR(doc), e);
}
