#include "flow/flow_run_list.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/ui_text.h"
#include "core/util.h"
#include "flow/flow_run.h"
#include "flow/flow_run_time.h"
#include <stdio.h>
#include <string.h>

#define PAGE        200
#define DUE_US      60000000 /* clocks of two hosts differ */
#define ID_SHOWN    8        /* digits of an id that usually say which */
#define ID_MAX      18       /* runs of one schedule are made at once, and their ids begin with the time */
#define ID_AND_FLOW 37
#define NEWEST      "EXPECTED_START_TIME_DESC"
#define MAX_CELLS   8

// clang-format off
static const struct {
    const char *word;
    const char *type, *other_type; /* state types; NULL: by name only */
    const char *name, *not_name;   /* state names, or NULL */
    const char *sort;
} states[] = {
    { "late",      NULL,        NULL,         "Late", NULL,   NEWEST },
    { "scheduled", "SCHEDULED", NULL,         NULL,   "Late", "NEXT_SCHEDULED_START_TIME_ASC" },
    { "pending",   "PENDING",   NULL,         NULL,   NULL,   NEWEST },
    { "running",   "RUNNING",   NULL,         NULL,   NULL,   NEWEST },
    { "paused",    "PAUSED",    NULL,         NULL,   NULL,   NEWEST },
    { "completed", "COMPLETED", NULL,         NULL,   NULL,   NEWEST },
    { "failed",    "FAILED",    NULL,         NULL,   NULL,   NEWEST },
    { "crashed",   "CRASHED",   NULL,         NULL,   NULL,   NEWEST },
    { "cancelled", "CANCELLED", "CANCELLING", NULL,   NULL,   NEWEST },
};

// clang-format on

/* Rows of the table above that are counted below a list. */
static const size_t counted[] = { 0, 1, 2, 3 };

/* Value of "flow_runs" in a filter. */
static json_t *filter_of(size_t state)
{
    json_t *types = json_array(), *filter = json_object();

    json_array_append_new(types, json_string(states[state].type));
    if (states[state].other_type)
        json_array_append_new(types, json_string(states[state].other_type));
    if (states[state].type)
        json_object_set_new(filter, "type", json_pack("{s:O}", "any_", types));
    if (states[state].name)
        json_object_set_new(filter, "name", json_pack("{s:[s]}", "any_", states[state].name));
    if (states[state].not_name)
        json_object_set_new(filter, "name", json_pack("{s:[s]}", "not_any_", states[state].not_name));
    json_decref(types);
    return json_pack("{s:o}", "state", filter);
}

static int find_state(const char *word, size_t *ret, struct err *e)
{
    const char *words[ARRAY_LEN(states)];
    AUTO_SBUF struct sbuf all = SBUF_INIT(400);

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        words[i] = states[i].word;
        if (strcmp(word, words[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    const char *near = nearest(word, words, ARRAY_LEN(words));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        sbuf_addf(&all, "%s%s", i ? ", " : "", words[i]);
    (void)err_set(e, ERR_USAGE, "there is no state '%s'; there are: %s", word, all.data);
    return near ? err_hint(e, "did you mean --state %s?", near) : -1;
}

int flow_run_state_check(const char *word, struct err *e)
{
    size_t found;

    return find_state(word, &found, e);
}

/* Schedules put many runs into the future; those are not news. */
static json_t *not_ahead(int64_t now_us)
{
    char due[32];

    flow_run_time_iso(now_us + DUE_US, due);
    return json_pack("{s:s, s:{s:{s:[s]}}, s:{s:s}}", "operator", "or_", "state", "type", "not_any_", "SCHEDULED",
                     "expected_start_time", "before_", due);
}

static json_t *null_or(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static double real(const json_t *run, const char *key)
{
    double v = json_number_value(json_object_get(run, key));

    return v > 0 ? v : 0;
}

static json_t *row_of(const json_t *run, const json_t *names)
{
    const json_t *tags = json_object_get(run, "tags");
    AUTO_JSON json_t *no_tags = json_array();

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:f, s:f, s:s, s:s, s:b, s:O}", "id", jsonx_str(run, "id"),
        "flow", jsonx_str(names, "flow"), "deployment", jsonx_str(names, "deployment"), "name", jsonx_str(run, "name"),
        "state", jsonx_str(run, "state.name"), "state_type", jsonx_str(run, "state.type"), "message",
        jsonx_str(run, "state.message"), "expected_start", null_or(jsonx_str(run, "expected_start_time")), "start",
        null_or(jsonx_str(run, "start_time")), "end", null_or(jsonx_str(run, "end_time")), "lateness_s",
        real(run, "estimated_start_time_delta"), "duration_s", real(run, "estimated_run_time"), "pool",
        jsonx_str(run, "work_pool_name"), "queue", jsonx_str(run, "work_queue_name"), "auto_scheduled",
        jsonx_bool(run, "auto_scheduled", false), "tags", json_is_array(tags) ? tags : no_tags);
}

static int add_rows(struct prefect_api *api, const json_t *found, json_t *rows, struct err *e)
{
    AUTO_JSON json_t *names = NULL;
    size_t i;
    json_t *run;

    if (flow_run_names(api, found, &names, e) < 0)
        return -1;
    json_array_foreach (found, i, run)
        json_array_append_new(rows, row_of(run, json_array_get(names, i)));
    return 0;
}

static int count(struct prefect_api *api, json_t *counts, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
        AUTO_JSON json_t *filter = json_pack("{s:o}", "flow_runs", filter_of(counted[i]));
        AUTO_JSON json_t *n = NULL;
        if (prefect_api_ok(api, "POST", "/flow_runs/count", filter, &n, e) < 0)
            return -1;
        json_object_set_new(counts, states[counted[i]].word, json_integer(json_integer_value(n)));
    }
    return 0;
}

int flow_run_list(struct prefect_api *api, const struct flow_run_query *q, json_t **ret, struct err *e)
{
    AUTO_JSON json_t *rows = json_array();
    AUTO_JSON json_t *counts = json_object();
    size_t state = 0;

    if (q->state && find_state(q->state, &state, e) < 0)
        return -1;
    for (int64_t offset = 0; offset < q->limit;) {
        int64_t want = q->limit - offset < PAGE ? q->limit - offset : PAGE;
        AUTO_JSON json_t *found = NULL;
        AUTO_JSON json_t *filter =
            json_pack("{s:o, s:s, s:I, s:I}", "flow_runs", q->state ? filter_of(state) : not_ahead(q->now_us), "sort",
                      q->state ? states[state].sort : NEWEST, "limit", (json_int_t)want, "offset", (json_int_t)offset);
        if (prefect_api_ok(api, "POST", "/flow_runs/filter", filter, &found, e) < 0 ||
            add_rows(api, found, rows, e) < 0)
            return -1;
        offset += want;
        if ((int64_t)json_array_size(found) < want)
            break;
    }
    if (count(api, counts, e) < 0)
        return -1;
    *ret = json_pack("{s:O, s:O}", "runs", rows, "counts", counts);
    return 0;
}

static size_t columns_of(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* Cut and filled up to the column's width; a negative width stands at the right. Two blanks between columns. */
static void cell(struct sbuf *out, const char *text, int width, bool last)
{
    size_t w = (size_t)(width < 0 ? -width : width), size = strlen(text) * 4 + 8;
    AUTO_FREE char *safe = xcalloc(size, 1);

    ui_text_safe(text, NULL, safe, size);
    ui_text_cut(safe, w);
    size_t have = columns_of(safe), fill = have < w ? w - have : 0;
    if (width < 0)
        sbuf_addf(out, "%*s", (int)fill, "");
    sbuf_addstr(out, safe);
    if (width > 0 && !last)
        sbuf_addf(out, "%*s", (int)fill, "");
    sbuf_addstr(out, last ? "\n" : "  ");
}

static void seconds(double s, char ret[static 16])
{
    if (s < 0.05)
        (void)snprintf(ret, 16, "-");
    else if (s < 100)
        (void)snprintf(ret, 16, "%.1f", s);
    else
        (void)snprintf(ret, 16, "%.0f", s);
}

static void table_row(struct sbuf *out, const char *const cells[MAX_CELLS], int id_width)
{
    const int widths[MAX_CELLS] = { id_width, ID_AND_FLOW - id_width, 20, 11, 14, -7, -7, 10 };

    for (size_t i = 0; i < MAX_CELLS; i++)
        cell(out, cells[i], widths[i], i + 1 == MAX_CELLS);
}

/* As many digits as tell the rows apart. */
static int id_width(const json_t *rows)
{
    size_t width = ID_SHOWN, i;
    json_t *row;

    for (AUTO_JSON json_t *seen = json_object(); width < ID_MAX; width++) {
        json_object_clear(seen);
        json_array_foreach (rows, i, row) {
            AUTO_FREE char *id = xstrndup(jsonx_str(row, "id"), width);
            json_object_set_new(seen, id, json_true());
        }
        if (json_object_size(seen) == json_array_size(rows))
            break;
    }
    return (int)width;
}

void flow_run_table(const json_t *list, struct sbuf *out)
{
    static const char *const head[MAX_CELLS] = { "ID",        "FLOW/DEPLOYMENT", "NAME",   "STATE",
                                                 "SCHEDULED", "LATE s",          "TIME s", "POOL" };
    const json_t *counts = json_object_get(list, "counts"), *rows = json_object_get(list, "runs");
    int width = id_width(rows);
    size_t i;
    json_t *row;

    table_row(out, head, width);
    json_array_foreach (rows, i, row) {
        const char *deployment = jsonx_str(row, "deployment");
        AUTO_FREE char *id = xstrndup(jsonx_str(row, "id"), (size_t)width);
        AUTO_FREE char *what = xasprintf("%s%s%s", jsonx_str(row, "flow"), *deployment ? "/" : "", deployment);
        char when[32] = "-", late[16], took[16];
        int64_t us = flow_run_time_us(jsonx_str(row, "expected_start"));
        if (us >= 0)
            flow_run_time_show(us, when);
        when[19] = '\0'; /* without fraction; the year says nothing here */
        seconds(json_number_value(json_object_get(row, "lateness_s")), late);
        seconds(json_number_value(json_object_get(row, "duration_s")), took);
        const char *const cells[MAX_CELLS] = {
            id,   what, jsonx_str(row, "name"), jsonx_str(row, "state"), us >= 0 ? when + 5 : when,
            late, took, jsonx_str(row, "pool"),
        };
        table_row(out, cells, width);
    }
    sbuf_addf(out, "%zu shown;", i);
    for (size_t k = 0; k < ARRAY_LEN(counted); k++) {
        const char *word = states[counted[k]].word;
        int64_t n = jsonx_int(counts, word, 0);
        bool stressed = k == 0 && n > 0;
        sbuf_addf(out, "%s %lld %s", k ? "," : "", (long long)n, stressed ? "LATE" : word);
    }
    sbuf_addch(out, '\n');
}
