#include "plan/plan.h"
#include "artifact/artifact.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

static void print_rows(const char *title, const json_t *rows, const char *const columns[3])
{
    size_t i;
    json_t *row;

    printf("%s:\n", title);
    json_array_foreach (rows, i, row)
        printf("  %-26s %-34s %s\n", jsonx_str(row, columns[0]), jsonx_str(row, columns[1]),
               jsonx_str(row, columns[2]));
}

static void print_cost(const json_t *cost)
{
    if (!cost)
        return;
    if (jsonx_bool(cost, "known", false))
        printf("cost, by the table of %s, without traffic and taxes:\n  %-22s %.2f USD a month, %.4f USD an hour\n",
               jsonx_str(cost, "table_date"), jsonx_str(cost, "type"),
               json_number_value(json_object_get(cost, "month_usd")),
               json_number_value(json_object_get(cost, "hour_usd")));
    else
        printf("cost:\n  %-22s unknown: not in this version's table\n", jsonx_str(cost, "type"));
}

static void print_plan(const json_t *doc)
{
    const json_t *versions = jsonx_get(doc, "artifacts.versions");
    const char *key;
    json_t *v, *note;
    size_t i;

    printf("deployment '%s', provider %s\n", jsonx_str(doc, "name"), jsonx_str(doc, "provider"));
    print_rows("objects", json_object_get(doc, "objects"), (const char *const[]){ "kind", "name", "detail" });
    print_rows("firewall, everything else is closed", json_object_get(doc, "firewall"),
               (const char *const[]){ "port", "from", "to" });
    print_cost(json_object_get(doc, "cost"));
    printf("versions:\n");
    json_object_foreach ((json_t *)(uintptr_t)versions, key, v)
        printf("  %-22s %s\n", key, json_string_value(v));
    print_rows("files", jsonx_get(doc, "artifacts.files"), (const char *const[]){ "name", "file", "sha256" });
    print_rows("images", jsonx_get(doc, "artifacts.images"), (const char *const[]){ "role", "ref", "digest" });
    print_rows("work pools", json_object_get(doc, "pools"), (const char *const[]){ "pool", "type", "detail" });
    print_rows("steps", json_object_get(doc, "steps"), (const char *const[]){ "step", "phase", "state" });
    json_array_foreach (json_object_get(doc, "notes"), i, note)
        printf("note: %s\n", json_string_value(note));
    printf("nothing was changed; the states of the steps are those of the journal\n");
}

int cmd_plan(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *doc = NULL;

    if (common_session(app, SESSION_PLAN, &s, e) < 0 || artifacts_resolve(s.spec, &s.run.artifacts, e) < 0 ||
        plan_describe(&s.run, &doc, e) < 0)
        return -1;
    if (app->json)
        return app_print_json(TAKE_PTR(doc), e);
    print_plan(doc);
    return 0;
}
