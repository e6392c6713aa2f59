#include "flow/outcome.h"
#include "core/jsonx.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "flow/server_view.h"
#include <string.h>

#define MAX_TEXT  3800 /* fits struct err */
#define MAX_NAMES 6    /* in one sentence */

static const struct {
    const char *kind;
    enum err_code code;
    const char *hint;
} kinds[] = {
    { "spec", ERR_SPEC, "nothing was deployed; correct it and deploy again" },
    { "net", ERR_NET, "nothing was deployed; the machine itself must reach the source" },
    { "auth", ERR_AUTH, "nothing was deployed; the source's secret in the spec names what is used" },
};

static void set_kind(const char *kind, const char *text, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0) {
            (void)err_set(e, kinds[i].code, "%s", text);
            (void)err_hint(e, "%s", kinds[i].hint);
            return;
        }
    (void)err_set(e, ERR_REMOTE, "%s", text);
}

/* Names of the deployments that fail for the same reason as row `first`; none when an earlier row has told it. */
static json_t *sharers(const json_t *rows, size_t first)
{
    const char *error = jsonx_str(json_array_get(rows, first), "error");
    json_t *names = json_array(), *row;
    size_t i;

    json_array_foreach (rows, i, row) {
        if (strcmp(jsonx_str(row, "state"), "failed") != 0 || strcmp(jsonx_str(row, "error"), error) != 0)
            continue;
        if (i < first)
            break;
        json_array_append_new(names, json_string(jsonx_str(row, "name")));
    }
    return names;
}

/* "deployments 'a', 'b' and 'c': what is wrong". */
static void add_sentence(struct sbuf *text, const json_t *names, const char *error)
{
    size_t n = json_array_size(names), shown = n > MAX_NAMES ? MAX_NAMES - 1 : n;

    if (!n)
        return;
    sbuf_addf(text, "%sdeployment%s", text->len ? "\n" : "", n > 1 ? "s" : "");
    for (size_t i = 0; i < shown; i++)
        sbuf_addf(text, "%s '%s'", !i ? "" : i + 1 == n ? " and" : ",", json_string_value(json_array_get(names, i)));
    if (shown < n)
        sbuf_addf(text, " and %zu more", n - shown);
    sbuf_addf(text, ": %s", error);
}

int outcome_check(const json_t *rows, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_TEXT);
    const char *kind = NULL;
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        if (strcmp(jsonx_str(row, "state"), "failed") != 0)
            continue;
        if (!kind)
            kind = jsonx_str(row, "kind");
        AUTO_JSON json_t *names = sharers(rows, i);
        add_sentence(&text, names, jsonx_str(row, "error"));
    }
    if (!kind)
        return 0;
    set_kind(kind, text.data, e);
    return -1;
}

json_t *outcome_find(const json_t *rows, const char *flow, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row)
        if (strcmp(jsonx_str(row, "flow"), flow) == 0 && strcmp(jsonx_str(row, "name"), name) == 0)
            return row;
    return NULL;
}

/* Automations are not part of a deployment: only the program knows that they changed. */
static void add_triggers(const json_t *row, json_t *changes)
{
    size_t i;
    json_t *name;

    json_array_foreach (json_object_get(row, "changes"), i, name)
        if (strcmp(json_string_value(name), "triggers") == 0)
            json_array_append(changes, name);
}

static json_t *report_row(const json_t *row, const json_t *old, const json_t *now)
{
    json_t *changes = old ? server_view_difference(old, now) : json_array();

    if (old)
        add_triggers(row, changes);
    return json_pack("{s:s, s:s, s:s, s:o}", "flow", jsonx_str(row, "flow"), "name", jsonx_str(row, "name"), "state",
                     !old                       ? "created"
                     : json_array_size(changes) ? "changed"
                                                : "unchanged",
                     "changes", changes);
}

json_t *outcome_report(const json_t *rows, const json_t *before, const json_t *after, json_t *ids, json_t *ours,
                       struct err *e)
{
    AUTO_JSON json_t *report = json_array();
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        const char *flow = jsonx_str(row, "flow"), *name = jsonx_str(row, "name");
        const json_t *now = server_view_find(after, flow, name);
        if (!now) {
            (void)err_set(e, ERR_REMOTE, "deployment '%s/%s' is not on the server after it was deployed", flow, name);
            return NULL;
        }
        json_array_append_new(report, report_row(row, server_view_by_id(before, jsonx_str(now, "id")), now));
        json_array_append(ids, json_object_get(now, "id"));
        json_array_append_new(ours, json_pack("{s:s, s:s}", "flow", flow, "name", name));
    }
    return TAKE_PTR(report);
}
