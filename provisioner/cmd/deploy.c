#include "flow/deploy.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

static void print_row(const json_t *row)
{
    const char *state = jsonx_str(row, "state");
    size_t i;
    json_t *field;

    printf("%-10s %s/%s", state, jsonx_str(row, "flow"), jsonx_str(row, "name"));
    json_array_foreach (json_object_get(row, "changes"), i, field)
        printf("%s%s", i ? ", " : ": ", json_string_value(field));
    if (strcmp(state, "removed") == 0)
        printf(": not in the spec any more; 'slipway deploy --prune' deletes it");
    putchar('\n');
}

static void print_report(const json_t *report)
{
    size_t i;
    json_t *row;

    json_array_foreach (json_object_get(report, "deployments"), i, row)
        print_row(row);
    if (jsonx_int(report, "orphaned_runs", 0))
        printf("%-10s %lld future runs of schedules that are gone\n", "deleted",
               (long long)jsonx_int(report, "orphaned_runs", 0));
}

/* A session for writing would make the deployment's directory; one that is not there is a mistake here. */
static int is_there(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };

    return common_session(app, SESSION_READ, &s, e);
}

int cmd_deploy(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *report = NULL;

    if (is_there(app, e) < 0 || common_session(app, SESSION_WRITE, &s, e) < 0)
        return -1;
    if (!flow_wanted(&s.run)) {
        (void)err_set(e, ERR_SPEC, "'%s' has no flows to deploy", s.spec->path);
        return err_hint(e, "'flows:' in the spec says what to deploy; `slipway schema` has its fields");
    }
    if (session_connect(&s, e) < 0 || flow_deploy(&s.run, app->opt[OPT_PRUNE] != NULL, &report, e) < 0)
        return -1;
    if (app->json)
        return app_print_json(TAKE_PTR(report), e);
    print_report(report);
    return 0;
}
