#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mem.h"
#include "core/util.h"
#include "spec/problems.h"
#include "spec/yaml_tree.h"
#include <cmocka.h>

static struct yt_node *parse(const char *text, struct spec_problems *p)
{
    return yt_parse(text, strlen(text), p);
}

static void nodes_know_their_place(void **state)
{
    AUTO_PROBLEMS struct spec_problems p = { 0 };
    AUTO_YT struct yt_node *root = parse("a: 1\nb:\n  - \xc3\xbc: [x, 'y']\n  -\n", &p);

    (void)state;
    assert_non_null(root);
    assert_int_equal(p.n, 0);
    const struct yt_node *b = yt_get(root, "b");
    assert_int_equal(b->kind, YT_LIST);
    assert_int_equal(b->n, 2);
    assert_int_equal(b->line, 3);
    assert_int_equal(b->column, 3);
    const struct yt_node *list = yt_get(b->items[0], "\xc3\xbc");
    assert_int_equal(list->column, 8); /* characters, not bytes */
    assert_true(list->items[0]->plain);
    assert_false(list->items[1]->plain);
    assert_string_equal(b->items[1]->text, "");
    assert_null(yt_get(root, "c"));
    assert_null(yt_get(list, "x"));
}

static void scalars_mean_what_the_core_schema_says(void **state)
{
    static const struct {
        const char *text;
        enum yt_class want;
    } cases[] = {
        { "", YT_NULL },
        { "~", YT_NULL },
        { "null", YT_NULL },
        { "NULL", YT_NULL },
        { "nULL", YT_STRING },
        { "true", YT_BOOL },
        { "False", YT_BOOL },
        { "tRUE", YT_STRING },
        { "yes", YT_TRAP },
        { "No", YT_TRAP },
        { "off", YT_TRAP },
        { "ON", YT_TRAP },
        { "y", YT_STRING },
        { "0", YT_INT },
        { "-1", YT_INT },
        { "007", YT_TRAP },
        { "08", YT_TRAP },
        { "+1", YT_TRAP },
        { "0x10", YT_TRAP },
        { "0xZZ", YT_STRING },
        { "0o17", YT_TRAP },
        { "0b11", YT_TRAP },
        { "1_000", YT_TRAP },
        { "_1", YT_STRING },
        { "1e3", YT_FLOAT },
        { "1.5", YT_FLOAT },
        { ".5", YT_FLOAT },
        { "1.0", YT_FLOAT },
        { "1.10", YT_TRAP },
        { "1.", YT_FLOAT },
        { ".", YT_STRING },
        { "1e", YT_STRING },
        { "1e999", YT_TRAP },
        { ".inf", YT_TRAP },
        { "-.Inf", YT_TRAP },
        { ".nan", YT_TRAP },
        { "1:30", YT_STRING },
        { "8080:80", YT_STRING },
        { "1.2.3", YT_STRING },
        { "2026-11-21", YT_STRING },
        { "-", YT_STRING },
        { "9223372036854775807", YT_INT },
        { "9223372036854775808", YT_TRAP },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *text = xstrdup(cases[i].text);
        struct yt_node n = { .kind = YT_SCALAR, .plain = true, .text = text };
        const char *why = NULL;
        enum yt_class got = yt_classify(&n, &why);
        if (got != cases[i].want)
            fail_msg("'%s': class %d, want %d", text, (int)got, (int)cases[i].want);
        if ((got == YT_TRAP) != (why != NULL))
            fail_msg("'%s': a trap, and only a trap, has a reason", text);
        n.plain = false;
        assert_int_equal(yt_classify(&n, NULL), YT_STRING);
    }
}

/* `unit` n times between `before` and `after`. */
static char *repeat(const char *before, const char *unit, size_t n, const char *after)
{
    AUTO_SBUF struct sbuf b = SBUF_INIT((size_t)1024 * 1024);

    sbuf_addstr(&b, before);
    for (size_t i = 0; i < n; i++)
        sbuf_addstr(&b, unit);
    sbuf_addstr(&b, after);
    return sbuf_take(&b);
}

static void limits_hold(void **state)
{
    static const struct {
        const char *name, *before, *unit;
        size_t n;
        const char *after, *want; /* NULL: accepted */
    } cases[] = {
        { "as deep as allowed", "", "[", 32, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL },
        { "one deeper", "", "[", 33, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "nested too deeply; the limit is 32 levels" },
        { "brackets without end", "", "[", 200000, "", "nested too deeply; the limit is 32 levels" },
        { "braces without end", "", "{a: ", 60000, "", "nested too deeply; the limit is 32 levels" },
        { "block lists", "", "- ", 100000, "a\n", "nested too deeply; the limit is 32 levels" },
        { "keys of keys", "", "? ", 100000, "a\n", "nested too deeply; the limit is 32 levels" },
        { "many values", "[", "a,", 100000, "]", "too many values for a spec; the limit is 20000 YAML events" },
        { "values just fit", "[", "a,", 19990, "]", NULL },
        { "too long", "a: ", "x", 262200, "", "larger than 256 KiB, which no spec is" },
        { "one long text", "a: ", "x", 262000, "", NULL },
        { "anchors", "[", "&a a,", 40000, "]", "anchors and aliases are not supported; write the value out" },
        { "alias bomb", "a: &a [x]\nb: [", "*a,", 9000, "]",
          "anchors and aliases are not supported; write the value out" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *text = repeat(cases[i].before, cases[i].unit, cases[i].n, cases[i].after);
        AUTO_PROBLEMS struct spec_problems p = { 0 };
        AUTO_YT struct yt_node *root = parse(text, &p);
        if (!cases[i].want && (!root || p.n))
            fail_msg("%s: refused: %s", cases[i].name, p.n ? p.rows[0].text : "without a reason");
        if (cases[i].want && (!p.n || strcmp(p.rows[0].text, cases[i].want) != 0))
            fail_msg("%s: got '%s', want '%s'", cases[i].name, p.n ? p.rows[0].text : "no problem", cases[i].want);
        assert_true(p.n <= SPEC_PROBLEMS_MAX);
    }
}

/* Sorted look-up: 9,000 equal keys are as fast as 9,000 different ones, and the first stays. */
static void duplicates_are_dropped(void **state)
{
    AUTO_FREE char *text = repeat("a: first\n", "a: x\n", 9000, "b: last\n");
    AUTO_PROBLEMS struct spec_problems p = { 0 };
    AUTO_YT struct yt_node *root = parse(text, &p);

    (void)state;
    assert_non_null(root);
    assert_int_equal(root->n, 2);
    assert_string_equal(yt_get(root, "a")->text, "first");
    assert_string_equal(yt_get(root, "b")->text, "last");
    assert_int_equal(p.n, SPEC_PROBLEMS_MAX);
    assert_int_equal(p.n + p.more, 9000);
    assert_int_equal(p.rows[0].line, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_place),
        cmocka_unit_test(scalars_mean_what_the_core_schema_says),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(duplicates_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
