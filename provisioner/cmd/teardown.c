#include "cmd/common.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "plan/remove.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>

static int confirm(struct app *app, const struct session *s, struct err *e)
{
    AUTO_FREE char *question =
        xasprintf("Remove deployment '%s' (provider %s) and all its data?", s->spec->name, s->spec->provider);

    return common_confirm(app, question, e);
}

static void print_receipt(const struct app *app, const json_t *receipt)
{
    size_t i;
    json_t *row;

    json_array_foreach (receipt, i, row)
        ui_info(app->ui, "removed %-18s %s", jsonx_str(row, "kind"), jsonx_str(row, "name"));
}

int cmd_teardown(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *receipt = json_array();

    if (common_session(app, SESSION_REMOVE, &s, e) < 0)
        return -1;
    int yes = confirm(app, &s, e);
    if (yes <= 0) {
        if (yes == 0)
            ui_info(app->ui, "nothing was removed");
        return yes;
    }
    s.run.include_volumes = app->opt[OPT_INCLUDE_VOLUMES] != NULL;
    s.run.removed = receipt;
    int rc = remove_all(&s.run, e);
    print_receipt(app, receipt);
    app->failure = json_pack("{s:s, s:O, s:o?}", "name", s.spec->name, "removed", receipt, "left",
                             rc < 0 ? s.run.left : json_array());
    if (rc < 0)
        return -1;
    /* The journal goes last: until here a crash leaves enough to run teardown again. */
    if (fsx_remove_tree(s.dir, e) < 0)
        return err_wrap(e, "the deployment is gone, its state is not");
    ui_info(app->ui, "deployment '%s' is gone: two sweeps found nothing left", s.spec->name);
    if (app->json)
        return app_print_json(
            json_pack("{s:s, s:s, s:O, s:[]}", "name", s.spec->name, "result", "gone", "removed", receipt, "left"), e);
    return 0;
}
