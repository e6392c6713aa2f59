#include "core/jsonx.h"
#include "core/template.h"
#include "core/util.h"
#include "report/report.h"
#include <string.h>

#define LEFT  110 /* column of the names */
#define WIDTH 900 /* of the time axis */
#define ROW   30
#define TOP   26
#define PIECE (256 << 10)

/* Text for HTML, inside and outside of attributes. */
static void add_text(struct sbuf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            sbuf_addstr(out, "&lt;");
            break;
        case '>':
            sbuf_addstr(out, "&gt;");
            break;
        case '&':
            sbuf_addstr(out, "&amp;");
            break;
        case '"':
            sbuf_addstr(out, "&quot;");
            break;
        case '\'':
            sbuf_addstr(out, "&#39;");
            break;
        default:
            sbuf_addch(out, *text);
        }
    }
}

static double seconds(const json_t *o, const char *key)
{
    return (double)jsonx_int(o, key, 0) / 1000;
}

/* A step of the axis that gives at most ten ticks. */
static int tick_s(double total_s)
{
    static const int steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600 };
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(steps) && total_s / steps[i] > 10)
        i++;
    return steps[i];
}

static void add_axis(struct sbuf *out, double total_s, int bottom)
{
    int step = tick_s(total_s);

    for (int t = 0; t <= (int)total_s; t += step) {
        double x = LEFT + t / total_s * WIDTH;
        sbuf_addf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x, TOP - 6, x, bottom);
        sbuf_addf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d s</text>\n", x, TOP - 12, t);
    }
}

/* The span from first begin to last end, and on it what was busy, then what was waiting. */
static void add_bar(struct sbuf *out, const json_t *p, double total_s, int y)
{
    double begin = seconds(p, "start_ms"), active = seconds(p, "active_ms"), idle = seconds(p, "idle_ms");
    double x = LEFT + begin / total_s * WIDTH, scale = WIDTH / total_s;

    idle = idle > active ? active : idle;
    sbuf_addf(out, "<g><title>%s: %.1f s, of which %.1f s waiting</title>", jsonx_str(p, "name"), active, idle);
    sbuf_addf(out, "<text x=\"0\" y=\"%d\">%s</text>", y + 15, jsonx_str(p, "name"));
    sbuf_addf(out, "<rect class=\"span\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"20\" rx=\"3\"/>", x, y,
              seconds(p, "ms") * scale + 1);
    sbuf_addf(out, "<rect class=\"idle\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"20\" rx=\"3\"/>", x, y,
              active * scale + 1);
    sbuf_addf(out, "<rect class=\"busy\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"20\" rx=\"3\"/>", x, y,
              (active - idle) * scale + 1);
    double end = x + (seconds(p, "ms") > active ? seconds(p, "ms") : active) * scale;
    if (end < LEFT + WIDTH - 60)
        sbuf_addf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\">%.1f s</text>", end + 8, y + 14, active);
    sbuf_addstr(out, "</g>\n");
}

static void add_timeline(struct sbuf *out, const json_t *timing)
{
    const json_t *phases = json_object_get(timing, "phases");
    double total_s = seconds(timing, "total_ms");
    int bottom = TOP + (int)json_array_size(phases) * ROW;
    size_t i;
    json_t *p;

    total_s = total_s < 1 ? 1 : total_s;
    sbuf_addf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"t d\">\n", LEFT + WIDTH + 20, bottom + 4);
    sbuf_addstr(out, "<title id=\"t\">Phases of the bootstrap over time</title>");
    sbuf_addf(out, "<desc id=\"d\">%zu phases in %.1f seconds; the table below has the figures.</desc>\n",
              json_array_size(phases), total_s);
    add_axis(out, total_s, bottom);
    json_array_foreach (phases, i, p)
        add_bar(out, p, total_s, TOP + (int)i * ROW + 4);
    sbuf_addstr(out, "</svg>");
}

static void add_rows(struct sbuf *out, const json_t *timing)
{
    size_t i;
    json_t *p;

    json_array_foreach (json_object_get(timing, "phases"), i, p)
        sbuf_addf(out, "<tr><td>%s</td><td>%.1f</td><td>%.1f</td><td>%.1f</td><td>%lld</td></tr>\n",
                  jsonx_str(p, "name"), seconds(p, "start_ms"), seconds(p, "active_ms"), seconds(p, "idle_ms"),
                  (long long)jsonx_int(p, "timeout_s", 0));
}

static void add_facts(struct sbuf *out, const json_t *doc)
{
    static const struct {
        const char *title, *path;
    } facts[] = {
        { "provider", "provider" },         { "Prefect", "versions.prefect" }, { "K3s", "versions.k3s" },
        { "Helm", "versions.helm" },        { "charts", "versions.charts" },   { "machine", "machine.os" },
        { "architecture", "machine.arch" }, { "SSH host", "endpoint.host" },   { "canary flow run", "canary_run" },
    };

    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        const char *value = jsonx_str(doc, facts[i].path);
        if (!*value)
            continue;
        sbuf_addf(out, "<dt>%s</dt><dd>", facts[i].title);
        add_text(out, value);
        sbuf_addstr(out, "</dd>\n");
    }
}

static void add_seconds(struct sbuf *out, const json_t *timing, const char *key)
{
    sbuf_addf(out, "%.1f s", seconds(timing, key));
}

int report_html(const json_t *doc, struct sbuf *out, struct err *e)
{
    AUTO_SBUF struct sbuf name = SBUF_INIT(PIECE), result = SBUF_INIT(PIECE), finished = SBUF_INIT(PIECE);
    AUTO_SBUF struct sbuf error = SBUF_INIT(PIECE), timeline = SBUF_INIT(PIECE), rows = SBUF_INIT(PIECE);
    AUTO_SBUF struct sbuf facts = SBUF_INIT(PIECE), total = SBUF_INIT(PIECE), waited = SBUF_INIT(PIECE);
    AUTO_SBUF struct sbuf own = SBUF_INIT(PIECE);
    const json_t *timing = json_object_get(doc, "timing");
    bool failed = strcmp(jsonx_str(doc, "result"), "failed") == 0;

    add_text(&name, jsonx_str(doc, "name"));
    add_text(&result, jsonx_str(doc, "result"));
    add_text(&finished, jsonx_str(doc, "finished"));
    if (*jsonx_str(doc, "error")) {
        sbuf_addstr(&error, "<p class=\"error\">");
        add_text(&error, jsonx_str(doc, "error"));
        sbuf_addstr(&error, "</p>");
    }
    add_timeline(&timeline, timing);
    add_rows(&rows, timing);
    add_facts(&facts, doc);
    add_seconds(&total, timing, "total_ms");
    add_seconds(&waited, timing, "waited_ms");
    add_seconds(&own, timing, "own_ms");
    const struct template_var vars[] = {
        { "title", name.data, TEMPLATE_RAW },        { "name", name.data, TEMPLATE_RAW },
        { "result", result.data, TEMPLATE_RAW },     { "result_class", failed ? "failed" : "done", TEMPLATE_RAW },
        { "finished", finished.data, TEMPLATE_RAW }, { "error", error.data, TEMPLATE_RAW },
        { "total", total.data, TEMPLATE_RAW },       { "waited", waited.data, TEMPLATE_RAW },
        { "own", own.data, TEMPLATE_RAW },           { "timeline", timeline.data, TEMPLATE_RAW },
        { "rows", rows.data, TEMPLATE_RAW },         { "facts", facts.data, TEMPLATE_RAW },
    };
    return template_file(out, "templates/report.html", vars, ARRAY_LEN(vars), e);
}
