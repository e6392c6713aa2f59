#include "flow/flow_run_log.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/ui_text.h"
#include "core/util.h"
#include "flow/flow_run_time.h"
#include <string.h>

#define PAGE        200
#define LOOK_BACK   30000000 /* us; Prefect's clients send every 2 s */
#define MAX_MESSAGE (64 << 10)

void flow_run_log_done(struct flow_run_log *log)
{
    json_decref(log->seen);
    *log = (struct flow_run_log){ 0 };
}

static const char *level_name(int64_t level)
{
    return level >= 50 ? "CRITICAL" : level >= 40 ? "ERROR" : level >= 30 ? "WARNING" : level >= 20 ? "INFO" : "DEBUG";
}

/* Returns how many lines the page had. */
static int take_page(struct flow_run_log *log, const json_t *page, json_t *lines)
{
    size_t i;
    json_t *l;

    json_array_foreach (page, i, l) {
        const char *id = jsonx_str(l, "id");
        int64_t us = flow_run_time_us(jsonx_str(l, "timestamp"));
        if (json_object_get(log->seen, id))
            continue;
        json_object_set_new(log->seen, id, json_true());
        log->newest_us = us > log->newest_us ? us : log->newest_us;
        json_array_append_new(lines,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "timestamp", jsonx_str(l, "timestamp"), "level",
                                        level_name(jsonx_int(l, "level", 0)), "logger", jsonx_str(l, "name"), "message",
                                        jsonx_str(l, "message"), "source", "api"));
    }
    return (int)json_array_size(page);
}

int flow_run_log_more(struct prefect_api *api, const char *id, struct flow_run_log *log, bool whole, json_t **ret,
                      struct err *e)
{
    AUTO_JSON json_t *lines = json_array();
    char after[32];
    int have = PAGE;

    if (!log->seen)
        log->seen = json_object();
    flow_run_time_iso(whole || log->newest_us < LOOK_BACK ? 0 : log->newest_us - LOOK_BACK, after);
    for (int offset = 0; have == PAGE; offset += PAGE) {
        AUTO_JSON json_t *page = NULL;
        AUTO_JSON json_t *filter =
            json_pack("{s:{s:{s:[s]}, s:{s:s}}, s:s, s:i, s:i}", "logs", "flow_run_id", "any_", id, "timestamp",
                      "after_", after, "sort", "TIMESTAMP_ASC", "limit", PAGE, "offset", offset);
        if (prefect_api_ok(api, "POST", "/logs/filter", filter, &page, e) < 0)
            return -1;
        have = take_page(log, page, lines);
    }
    *ret = TAKE_PTR(lines);
    return 0;
}

void flow_run_log_show(const json_t *line, struct sbuf *out)
{
    const char *message = jsonx_str(line, "message");
    bool printed = strcmp(jsonx_str(line, "source"), "output") == 0;
    int64_t us = flow_run_time_us(jsonx_str(line, "timestamp"));
    size_t size = strlen(message) * 4 + 1; /* each byte may become \xNN */
    AUTO_FREE char *safe = xcalloc(size, 1);
    char when[32] = "-";

    if (us >= 0)
        flow_run_time_show(us, when);
    ui_text_safe(message, NULL, safe, size);
    sbuf_addf(out, "%-23s %-8s ", when, printed ? "output" : jsonx_str(line, "level"));
    sbuf_addstr(out, safe);
    sbuf_addch(out, '\n');
}
