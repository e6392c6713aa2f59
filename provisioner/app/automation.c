#include "app/automation.h"
#include "app/prefect_api.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

struct automation {
    const char *name, *template;
    int64_t (*minutes)(const struct spec *s); /* 0: not wanted */
};

static int64_t pending(const struct spec *s)
{
    return s->prefect.automations.pending_min;
}

static int64_t zombie(const struct spec *s)
{
    return s->prefect.automations.zombie_min;
}

static const struct automation automations[] = {
    { "slipway: crash runs that stay pending", "templates/automation-pending.json", pending },
    { "slipway: crash runs without a heartbeat", "templates/automation-zombie.json", zombie },
};

static json_t *wanted(const struct automation *a, int64_t minutes, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(16 << 10);
    AUTO_FREE char *seconds = xasprintf("%lld", (long long)minutes * 60);
    AUTO_FREE char *shown = xasprintf("%lld", (long long)minutes);
    const struct template_var vars[] = {
        { "name", a->name, TEMPLATE_JSON },
        { "within_s", seconds, TEMPLATE_RAW },
        { "minutes", shown, TEMPLATE_RAW },
    };

    if (template_file(&text, a->template, vars, ARRAY_LEN(vars), e) < 0)
        return NULL;
    return jsonx_parse(text.data, text.len, a->template, e);
}

static int find(struct prefect_api *api, const char *name, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *filter = json_pack("{s:{s:{s:[s]}}}", "automations", "name", "any_", name);
    AUTO_JSON json_t *all = NULL;

    if (prefect_api_ok(api, "POST", "/automations/filter", filter, &all, e) < 0)
        return -1;
    *ret = json_incref(json_array_get(all, 0));
    return 0;
}

static bool holds(const json_t *have, const json_t *want);

static bool contains(const json_t *list, const json_t *want)
{
    size_t i;
    json_t *v;

    json_array_foreach (list, i, v)
        if (holds(v, want))
            return true;
    return false;
}

/* Everything that we said is so; what the server added by itself is its own. */
static bool holds(const json_t *have, const json_t *want)
{
    const char *key;
    size_t i;
    json_t *v;

    if (json_is_object(want)) {
        json_object_foreach ((json_t *)(uintptr_t)want, key, v)
            if (!holds(json_object_get(have, key), v))
                return false;
        return true;
    }
    if (json_is_array(want)) {
        /* The server keeps event names as a set: their order is its own. */
        json_array_foreach (want, i, v)
            if (!contains(have, v))
                return false;
        return json_array_size(have) == json_array_size(want);
    }
    return json_is_number(want) ? json_number_value(have) == json_number_value(want) : json_equal(have, want);
}

/* 1: as the spec says; 0: not. With `change`: made so. */
static int bring(struct run *r, struct prefect_api *api, const struct automation *a, bool change, struct err *e)
{
    AUTO_JSON json_t *have = NULL;
    int64_t minutes = a->minutes(r->spec);
    AUTO_JSON json_t *want = minutes ? wanted(a, minutes, e) : NULL;

    if ((minutes && !want) || find(api, a->name, &have, e) < 0)
        return -1;
    AUTO_FREE char *path = xasprintf("/automations/%s", jsonx_str(have, "id"));
    if (!want && !have)
        return 1;
    if (want && have && holds(have, want))
        return 1;
    if (!change)
        return 0;
    if (!want)
        return prefect_api_ok(api, "DELETE", path, NULL, NULL, e);
    return have ? prefect_api_ok(api, "PUT", path, want, NULL, e)
                : prefect_api_ok(api, "POST", "/automations/", want, NULL, e);
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    *ret = STEP_DONE;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(automations) && *ret == STEP_DONE; i++) {
        int rc = bring(r, api, &automations[i], false, e);
        if (rc < 0)
            return -1;
        *ret = rc > 0 ? STEP_DONE : STEP_TODO;
    }
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(automations); i++)
        if (bring(r, api, &automations[i], true, e) < 0)
            return err_wrap(e, "automation '%s'", automations[i].name);
    return 0;
}

const struct step automation_steps[] = {
    { "server/automations", PHASE_WORKER, check, apply, NULL, NULL },
};
const size_t automation_n_steps = ARRAY_LEN(automation_steps);
