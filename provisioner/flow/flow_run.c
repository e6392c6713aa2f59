#include "flow/flow_run.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/svec.h"
#include "core/util.h"
#include <stdlib.h>
#include <string.h>

#define PAGE      200 /* the API's own ceiling */
#define MAX_PAGES 25
#define UUID_LEN  36
#define MIN_ID    8

/* One segment of a path: whatever is not unreserved (RFC 3986) becomes %XX. */
static void add_segment(struct sbuf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
            sbuf_addch(out, (char)c);
        else
            sbuf_addf(out, "%%%02X", c);
    }
}

/* "FLOW/NAME" of every deployment. */
static int deployment_names(struct prefect_api *api, struct svec *names, struct err *e)
{
    AUTO_JSON json_t *all = json_array();
    AUTO_JSON json_t *flows = NULL;
    size_t i;
    json_t *d;

    for (int page = 0; page < MAX_PAGES; page++) {
        AUTO_JSON json_t *filter = json_pack("{s:i, s:i}", "limit", PAGE, "offset", page * PAGE);
        AUTO_JSON json_t *part = NULL;
        if (prefect_api_ok(api, "POST", "/deployments/filter", filter, &part, e) < 0)
            return -1;
        json_array_foreach (part, i, d)
            json_array_append_new(
                all, json_pack("{s:s, s:O}", "flow_id", jsonx_str(d, "flow_id"), "name", json_object_get(d, "name")));
        if (json_array_size(part) < PAGE)
            break;
    }
    if (flow_run_names(api, all, &flows, e) < 0)
        return -1;
    json_array_foreach (all, i, d)
        svec_addf(names, "%s/%s", jsonx_str(json_array_get(flows, i), "flow"), jsonx_str(d, "name"));
    return 0;
}

static int unknown_deployment(struct prefect_api *api, const char *name, struct err *e)
{
    AUTO_SVEC struct svec names = SVEC_INIT;
    AUTO_SBUF struct sbuf all = SBUF_INIT(400);

    if (deployment_names(api, &names, e) < 0)
        return -1;
    const char *near = nearest(name, svec_argv(&names), names.len);
    for (size_t i = 0; i < names.len; i++)
        sbuf_addf(&all, "%s%s", i ? ", " : "", names.items[i]);
    (void)err_set(e, ERR_USAGE, "there is no deployment '%s'", name);
    if (near)
        return err_hint(e, "did you mean %s?", near);
    if (!names.len)
        return err_hint(e, "there are no deployments yet: `slipway deploy` makes those of the spec");
    return err_hint(e, "there are: %s%s", all.data, all.overflow ? "..." : "");
}

int flow_run_deployment(struct prefect_api *api, const char *name, json_t **ret, struct err *e)
{
    const char *slash = strrchr(name, '/');
    AUTO_SBUF struct sbuf path = SBUF_INIT(4096);
    AUTO_JSON json_t *found = NULL;
    int status = 0;

    if (!slash || slash == name || !slash[1]) {
        (void)err_set(e, ERR_USAGE, "'%s' is not FLOW/DEPLOYMENT", name);
        return err_hint(e, "the name of the flow, a slash, and the name of its deployment, such as etl/daily");
    }
    sbuf_addstr(&path, "/deployments/name/");
    add_segment(&path, name, (size_t)(slash - name));
    sbuf_addch(&path, '/');
    add_segment(&path, slash + 1, strlen(slash + 1));
    if (sbuf_check(&path, "name of the deployment", e) < 0 ||
        prefect_api_call(api, "GET", path.data, NULL, &status, &found, e) < 0)
        return -1;
    if (status == 404)
        return unknown_deployment(api, name, e);
    if (status != 200 || !*jsonx_str(found, "id"))
        return err_set(e, ERR_REMOTE, "Prefect API: deployment '%s': HTTP %d", name, status);
    *ret = TAKE_PTR(found);
    return 0;
}

int flow_run_create(struct prefect_api *api, const json_t *deployment, const json_t *params, const char *key,
                    json_t **ret, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/deployments/%s/create_flow_run", jsonx_str(deployment, "id"));
    AUTO_JSON json_t *body = json_pack("{s:O, s:s}", "parameters", params, "idempotency_key", key);
    AUTO_JSON json_t *run = NULL;
    int status = 0;

    if (prefect_api_call(api, "POST", path, body, &status, &run, e) < 0)
        return -1;
    /* 409 and 422: the server checks the values against the whole schema. */
    if (status == 409 || status == 422) {
        AUTO_FREE char *words = jsonx_text(json_object_get(run, "detail"), 0);
        const char *detail = jsonx_str(run, "detail");
        return err_set(e, ERR_USAGE, "the server refuses the parameters: %.600s", *detail ? detail : words);
    }
    if (status < 200 || status > 299 || !*jsonx_str(run, "id"))
        return err_set(e, ERR_REMOTE, "Prefect API: POST %s: HTTP %d: %.400s", path, status, jsonx_str(run, "detail"));
    *ret = TAKE_PTR(run);
    return 0;
}

int flow_run_get(struct prefect_api *api, const char *id, json_t **ret, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/flow_runs/%s", id);

    return prefect_api_ok(api, "GET", path, NULL, ret, e);
}

/* Hex digits and hyphens where a UUID has them. Length of the word, or 0. */
static size_t id_length(const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? word[i] != '-' : !strchr("0123456789abcdefABCDEF", word[i]))
            return 0;
    }
    return n >= MIN_ID && n <= UUID_LEN ? n : 0;
}

static int by_id(struct prefect_api *api, const char *id, json_t **ret, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/flow_runs/%s", id);
    AUTO_JSON json_t *run = NULL;
    int status = 0;

    if (prefect_api_call(api, "GET", path, NULL, &status, &run, e) < 0)
        return -1;
    if (status == 404)
        return 0;
    if (status != 200)
        return err_set(e, ERR_REMOTE, "Prefect API: GET %s: HTTP %d", path, status);
    *ret = TAKE_PTR(run);
    return 1;
}

static int by_name(struct prefect_api *api, const char *name, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:[s]}}, s:s, s:i}", "flow_runs", "name", "any_", name, "sort",
                                         "EXPECTED_START_TIME_DESC", "limit", 1);
    AUTO_JSON json_t *runs = NULL;

    if (!filter)
        return 0; /* not UTF-8, so no name of a run */
    if (prefect_api_ok(api, "POST", "/flow_runs/filter", filter, &runs, e) < 0)
        return -1;
    *ret = json_incref(json_array_get(runs, 0));
    return *ret ? 1 : 0;
}

/* The API knows whole ids only. */
static int by_digits(struct prefect_api *api, const char *digits, size_t len, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *found = NULL;
    size_t i;
    json_t *run;

    for (int page = 0; page < MAX_PAGES; page++) {
        AUTO_JSON json_t *filter =
            json_pack("{s:s, s:i, s:i}", "sort", "EXPECTED_START_TIME_DESC", "limit", PAGE, "offset", page * PAGE);
        AUTO_JSON json_t *runs = NULL;
        if (prefect_api_ok(api, "POST", "/flow_runs/filter", filter, &runs, e) < 0)
            return -1;
        json_array_foreach (runs, i, run) {
            if (strncasecmp(jsonx_str(run, "id"), digits, len) != 0)
                continue;
            if (found && strcmp(jsonx_str(found, "id"), jsonx_str(run, "id")) != 0)
                return err_set(e, ERR_USAGE, "several flow runs begin with '%s': %s and %s", digits,
                               jsonx_str(found, "id"), jsonx_str(run, "id"));
            json_decref(found);
            found = json_incref(run);
        }
        if (json_array_size(runs) < PAGE)
            break;
    }
    *ret = TAKE_PTR(found);
    return *ret ? 1 : 0;
}

int flow_run_find(struct prefect_api *api, const char *word, json_t **ret, struct err *e)
{
    size_t digits = id_length(word);

    if (digits == UUID_LEN)
        return by_id(api, word, ret, e);
    int rc = by_name(api, word, ret, e);
    return rc == 0 && digits ? by_digits(api, word, digits, ret, e) : rc;
}

/* {id: name} of what `key` of the runs refers to. */
static int look_up(struct prefect_api *api, const json_t *runs, const char *key, const char *what, json_t *names,
                   struct err *e)
{
    AUTO_FREE char *path = xasprintf("/%s/filter", what);
    AUTO_JSON json_t *wanted = json_object();
    size_t i = 0, k;
    json_t *one;

    while (i < json_array_size(runs)) {
        AUTO_JSON json_t *ids = json_array();
        AUTO_JSON json_t *found = NULL;
        for (; i < json_array_size(runs) && json_array_size(ids) < PAGE; i++) {
            const char *id = jsonx_str(json_array_get(runs, i), key);
            if (*id && !json_object_get(wanted, id))
                json_array_append_new(ids, json_string(id));
            if (*id)
                json_object_set_new(wanted, id, json_true());
        }
        if (!json_array_size(ids))
            continue;
        AUTO_JSON json_t *filter = json_pack("{s:{s:{s:O}}, s:i}", what, "id", "any_", ids, "limit", PAGE);
        if (prefect_api_ok(api, "POST", path, filter, &found, e) < 0)
            return -1;
        json_array_foreach (found, k, one)
            json_object_set(names, jsonx_str(one, "id"), json_object_get(one, "name"));
    }
    return 0;
}

int flow_run_names(struct prefect_api *api, const json_t *runs, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *names = json_object();
    AUTO_JSON json_t *out = json_array();
    size_t i;
    json_t *run;

    if (look_up(api, runs, "flow_id", "flows", names, e) < 0 ||
        look_up(api, runs, "deployment_id", "deployments", names, e) < 0)
        return -1;
    json_array_foreach (runs, i, run) {
        const char *flow = json_string_value(json_object_get(names, jsonx_str(run, "flow_id")));
        const char *deployment = json_string_value(json_object_get(names, jsonx_str(run, "deployment_id")));
        json_array_append_new(
            out, json_pack("{s:s, s:s}", "flow", flow ? flow : "", "deployment", deployment ? deployment : ""));
    }
    *ret = TAKE_PTR(out);
    return 0;
}

bool flow_run_ended(const json_t *run)
{
    static const char *const last[] = { "COMPLETED", "FAILED", "CRASHED", "CANCELLED" };

    for (size_t i = 0; i < ARRAY_LEN(last); i++)
        if (strcmp(jsonx_str(run, "state.type"), last[i]) == 0)
            return true;
    return false;
}

int flow_run_verdict(const json_t *run, struct err *e)
{
    const char *type = jsonx_str(run, "state.type"), *message = jsonx_str(run, "state.message");

    if (strcmp(type, "COMPLETED") == 0)
        return 0;
    return err_set(e, ERR_REMOTE, "flow run '%s' (%s) %s%s%s%.1500s", jsonx_str(run, "name"), jsonx_str(run, "id"),
                   strcmp(type, "CANCELLED") == 0 ? "was " : "", type, *message ? ": " : "", message);
}
