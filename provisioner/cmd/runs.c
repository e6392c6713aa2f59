#include "app/prefect_api.h"
#include "cmd/common.h"
#include "core/util.h"
#include "flow/flow_run_list.h"
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_LIMIT 20
#define MAX_LIMIT     10000

static int limit_of(const struct app *app, int64_t *ret, struct err *e)
{
    const char *text = app->opt[OPT_LIMIT];
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : DEFAULT_LIMIT;

    if (text && (!*text || *end || n < 1 || n > MAX_LIMIT))
        return err_set(e, ERR_USAGE, "option '--limit' is a number from 1 to %d, not '%s'", MAX_LIMIT, text);
    *ret = n;
    return 0;
}

int cmd_runs(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *list = NULL;
    AUTO_SBUF struct sbuf table = SBUF_INIT((size_t)16 << 20);
    struct flow_run_query q = { app->opt[OPT_STATE], 0, app->clock->wall_ms(app->clock) * 1000 };

    if (limit_of(app, &q.limit, e) < 0 || (q.state && flow_run_state_check(q.state, e) < 0) ||
        common_connect(app, &s, e) < 0 || prefect_api_open(&s.run, &api, e) < 0 || flow_run_list(api, &q, &list, e) < 0)
        return -1;
    if (app->json)
        return app_print_json(json_incref(list), e);
    flow_run_table(list, &table);
    return fputs(table.data, stdout) < 0 ? err_sys(e, ERR_INTERNAL, "write to stdout") : 0;
}
