/* The report: figures as given, text of others escaped, nothing fetched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/util.h"
#include "report/report.h"
#include <string.h>

static json_t *sample(const char *result, const char *error)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:{s:I, s:I, s:I, s:[{s:s, s:I, s:I, s:I, s:I, s:i}]}}",
                     "name", "<script>alert(1)</script>", "provider", "a&b", "result", result, "error", error,
                     "finished", "2026-11-21T04:05:06Z", "versions", "k3s", "\"quoted\"", "timing", "total_ms",
                     (json_int_t)61500, "waited_ms", (json_int_t)60000, "own_ms", (json_int_t)1500, "phases", "name",
                     "k3s", "start_ms", (json_int_t)1000, "ms", (json_int_t)20000, "active_ms", (json_int_t)10000,
                     "idle_ms", (json_int_t)9000, "timeout_s", 300);
}

static void text(void **state)
{
    AUTO_JSON json_t *doc = sample("done", "");
    AUTO_SBUF struct sbuf out = SBUF_INIT(65536);
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(report_text(doc, &out, &e), 0);
    assert_string_equal(out.data, "phase           begins   seconds   idle\n"
                                  "k3s                1.0      10.0    90%\n"
                                  "total                       61.5    98%  (1.5 s are slipway's own)");
}

static void html_is_escaped(void **state)
{
    AUTO_JSON json_t *doc = sample("failed", "<img src=x onerror='y'>");
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(report_html(doc, &out, &e), 0);
    assert_null(strstr(out.data, "<script"));
    assert_null(strstr(out.data, "<img"));
    assert_null(strstr(out.data, "http"));
    assert_non_null(strstr(out.data, "&lt;script&gt;"));
    assert_non_null(strstr(out.data, "&lt;img src=x onerror=&#39;y&#39;&gt;"));
    assert_non_null(strstr(out.data, "a&amp;b"));
    assert_non_null(strstr(out.data, "<svg"));
    assert_non_null(strstr(out.data, "k3s: 10.0 s, of which 9.0 s waiting"));
}

/* A run that failed before its first phase still gives a page. */
static void nothing_to_draw(void **state)
{
    AUTO_JSON json_t *doc = json_pack("{s:s}", "name", "flows");
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(report_html(doc, &out, &e), 0);
    assert_non_null(strstr(out.data, "</html>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(nothing_to_draw),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
