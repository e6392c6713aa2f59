#include "cmd/command.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "step/journal.h"
#include "step/state.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* One row; a journal that cannot be read is shown with its error, not left out. */
static json_t *describe(const char *home, const char *name)
{
    AUTO_FREE char *dir = fsx_join(home, name);
    AUTO_FREE char *path = fsx_join(dir, "journal");
    struct journal *j = NULL;
    struct err e = ERR_INIT;

    if (!fsx_exists(path))
        return NULL;
    if (journal_read(path, &j, &e) < 0)
        return json_pack("{s:s, s:s, s:s, s:s}", "name", name, "provider", "", "state", "unreadable", "detail", e.msg);
    bool proven = journal_mark(j, "canary/run") == JOURNAL_DONE;
    bool up = journal_mark(j, "worker/online") == JOURNAL_DONE;
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "name", name, "provider", journal_str(j, "provider"), "state",
                            proven ? "proven"
                            : up   ? "up, without a canary"
                                   : "incomplete",
                            "detail", journal_failure(j));
    journal_free(j);
    return row;
}

int cmd_list(struct app *app, struct err *e)
{
    AUTO_FREE char *home = state_home();
    AUTO_JSON json_t *rows = json_array();
    AUTO_DIR DIR *dir = opendir(home);
    const struct dirent *d;
    size_t i;
    json_t *row;

    if (!dir && errno != ENOENT)
        return err_sys(e, ERR_INTERNAL, "open '%s'", home);
    while (dir && (d = readdir(dir))) {
        row = d->d_name[0] == '.' ? NULL : describe(home, d->d_name);
        if (row)
            json_array_append_new(rows, row);
    }
    if (app->json)
        return app_print_json(json_pack("{s:O}", "deployments", rows), e);
    json_array_foreach (rows, i, row)
        printf("%-20s %-8s %-22s %s\n", jsonx_str(row, "name"), jsonx_str(row, "provider"), jsonx_str(row, "state"),
               jsonx_str(row, "detail"));
    if (json_array_size(rows) == 0)
        ui_info(app->ui, "no deployments");
    return 0;
}
