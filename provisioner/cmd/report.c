#include "report/report.h"
#include "cmd/command.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/state.h"
#include <errno.h>
#include <stdio.h>

static int load(const char *dir, json_t **ret, struct err *e)
{
    AUTO_FREE char *path = fsx_join(dir, "report.json");
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20);

    if (fsx_read(path, &text, e) < 0) {
        if (e->sys != ENOENT)
            return -1;
        (void)err_set(e, ERR_USAGE, "there is no report in '%s': no bootstrap has ended there", dir);
        return err_hint(e, "run `slipway bootstrap` first");
    }
    *ret = jsonx_parse(text.data, text.len, path, e);
    return *ret ? 0 : -1;
}

int cmd_report(struct app *app, struct err *e)
{
    AUTO_SPEC struct spec *spec = NULL;
    AUTO_JSON json_t *doc = NULL;
    AUTO_SBUF struct sbuf page = SBUF_INIT(2 << 20);

    if (spec_load(app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml", &spec, e) < 0)
        return -1;
    AUTO_FREE char *dir = state_dir(spec->name);
    AUTO_FREE char *path = app->opt[OPT_OUT] ? xstrdup(app->opt[OPT_OUT]) : fsx_join(dir, "report.html");
    if (load(dir, &doc, e) < 0)
        return -1;
    if (app->json)
        return app_print_json(TAKE_PTR(doc), e);
    if (report_html(doc, &page, e) < 0 || fsx_replace(path, page.data, page.len, 0600, e) < 0)
        return -1;
    printf("%s\n", path);
    return 0;
}
