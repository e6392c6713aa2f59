#include "core/jsonx.h"
#include "core/util.h"
#include "report/report.h"

static int64_t percent(int64_t part, int64_t whole)
{
    return whole > 0 ? (part * 100 + whole / 2) / whole : 0;
}

int report_text(const json_t *doc, struct sbuf *out, struct err *e)
{
    const json_t *timing = json_object_get(doc, "timing");
    int64_t total = jsonx_int(timing, "total_ms", 0), waited = jsonx_int(timing, "waited_ms", 0);
    size_t i;
    json_t *p;

    sbuf_addf(out, "%-12s %9s %9s %6s\n", "phase", "begins", "seconds", "idle");
    json_array_foreach (json_object_get(timing, "phases"), i, p) {
        int64_t ms = jsonx_int(p, "active_ms", 0);
        if (ms < 50) /* looked at and found done */
            continue;
        sbuf_addf(out, "%-12s %9.1f %9.1f %5lld%%\n", jsonx_str(p, "name"), (double)jsonx_int(p, "start_ms", 0) / 1000,
                  (double)ms / 1000, (long long)percent(jsonx_int(p, "idle_ms", 0), ms));
    }
    sbuf_addf(out, "%-12s %9s %9.1f %5lld%%  (%.1f s are slipway's own)", "total", "", (double)total / 1000,
              (long long)percent(waited, total), (double)jsonx_int(timing, "own_ms", 0) / 1000);
    return sbuf_check(out, "the report", e);
}
