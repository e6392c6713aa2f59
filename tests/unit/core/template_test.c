/* Templates are strict, and a value stays a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/embedded.h"
#include "core/proc.h"
#include "core/template.h"
#include "scratch.h"

static const char nasty[] = "it's \"${x}\" $(reboot) `id` \\ \n$HOME #: {}";

static void rendered(void **state)
{
    static const struct {
        enum template_escape escape;
        const char *text, *value, *want;
    } rows[] = {
        { TEMPLATE_RAW, "a ${x} b", "1", "a 1 b" },
        { TEMPLATE_RAW, "${x}${x}", "1", "11" },
        { TEMPLATE_RAW, "${x}", "${y} ${", "${y} ${" }, /* what a value holds is not a name */
        { TEMPLATE_RAW, "$x $${x}$ {x} }", "1", "$x $1$ {x} }" },
        { TEMPLATE_JSON, "k: ${x}", "no", "k: \"no\"" }, /* a YAML string, not false */
        { TEMPLATE_JSON, "${x}", "a\"b\\c\nd\x01", "\"a\\\"b\\\\c\\nd\\u0001\"" },
        { TEMPLATE_SHELL, "echo ${x}", "it's", "echo 'it'\\''s'" },
        { TEMPLATE_SHELL, "echo ${x}", "", "echo ''" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct template_var v = { "x", rows[i].value, rows[i].escape };
        AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
        struct err e = ERR_INIT;
        if (template_render(&out, rows[i].text, &v, 1, &e) < 0)
            fail_msg("\"%s\": %s", rows[i].text, e.msg);
        assert_string_equal(out.data, rows[i].want);
    }
}

static void refused(void **state)
{
    static const struct {
        enum template_escape escape;
        const char *text, *value, *says;
        size_t max;
    } rows[] = {
        { TEMPLATE_RAW, "none", "1", "template has no '${x}'", 4096 },
        { TEMPLATE_RAW, "${x} ${y}", "1", "unknown value at \"${y}\"", 4096 },
        { TEMPLATE_RAW, "${x} ${xx}", "1", "unknown value", 4096 },
        { TEMPLATE_RAW, "${x} ${}", "1", "unknown value", 4096 },
        { TEMPLATE_RAW, "${x} ${x", "1", "unknown value", 4096 },
        { TEMPLATE_RAW, "${x}", "123456789", "larger than 8 bytes", 8 },
        { TEMPLATE_JSON, "${x}", "\xff", "template value 'x' is not UTF-8", 4096 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct template_var v = { "x", rows[i].value, rows[i].escape };
        AUTO_SBUF struct sbuf out = SBUF_INIT(rows[i].max);
        struct err e = ERR_INIT;
        if (template_render(&out, rows[i].text, &v, 1, &e) == 0)
            fail_msg("\"%s\" became \"%s\"", rows[i].text, out.data);
        expect_in(e.msg, rows[i].says);
    }
}

/* The two that read it say whether the value came through: a shell, and a JSON parser. */
static void readers_agree(void **state)
{
    const struct template_var shell = { "x", nasty, TEMPLATE_SHELL }, json = { "x", nasty, TEMPLATE_JSON };
    AUTO_SBUF struct sbuf line = SBUF_INIT(4096), doc = SBUF_INIT(4096), out = SBUF_INIT(4096);
    struct err e = ERR_INIT;
    const struct proc_opts o = { .out = &out };

    (void)state;
    assert_int_equal(template_render(&line, "printf %s ${x}", &shell, 1, &e), 0);
    const char *const argv[] = { "sh", "-c", line.data, NULL };
    if (proc_run(argv, &o, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(out.data, nasty);
    assert_int_equal(template_render(&doc, "{\"k\": ${x}}", &json, 1, &e), 0);
    AUTO_JSON json_t *j = json_loads(doc.data, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(j, "k")), nasty);
}

static void embedded(void **state)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
    struct err e = ERR_INIT;
    size_t n = 0;

    (void)state;
    for (const struct embedded_row *r = embedded_table; r->path; r++, n++) {
        assert_ptr_equal(template_get(r->path), r->text);
        assert_true(*r->text);
    }
    assert_true(n > 0);
    assert_null(template_get("templates/none"));
    assert_int_equal(template_file(&out, "templates/none", NULL, 0, &e), -1);
    expect_in(e.msg, "'templates/none'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rendered),
        cmocka_unit_test(refused),
        cmocka_unit_test(readers_agree),
        cmocka_unit_test(embedded),
    };

    return cmocka_run_group_tests_name("core/template", tests, NULL, NULL);
}
