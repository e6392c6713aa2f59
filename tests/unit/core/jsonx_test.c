/* JSON from elsewhere, and base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base64.h"
#include "core/jsonx.h"
#include "scratch.h"

/* The text as a peer's bytes are: exactly `len` of them, nothing behind. */
static json_t *parse(const char *text, size_t len, struct err *e)
{
    AUTO_FREE char *bytes = malloc(len ? len : 1);

    assert_non_null(bytes);
    memcpy(bytes, text, len);
    return jsonx_parse(bytes, len, "the answer", e);
}

static void refused(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "", "the answer is not JSON" },
        { "{", "the answer is not JSON (line 1" },
        { "{} x", "the answer is not JSON" },
        { "{\"a\":1,\"a\":2}", "duplicate" },
        { "{\"a\":\"\xff\"}", "unable to decode byte 0xff" },
        { "\"\\u0000\"", "the answer is not JSON" },
        { "<html>bad gateway</html>", "\"<html>bad gateway</html>\"" },
        { "[1e999]", "the answer is not JSON" },
        { "[99999999999999999999]", "the answer is not JSON" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *j = parse(rows[i].text, strlen(rows[i].text), &e);
        if (j)
            fail_msg("\"%s\" was taken", rows[i].text);
        assert_int_equal(e.code, ERR_REMOTE);
        expect_in(e.msg, rows[i].says);
    }
}

static void deep_nesting_ends(void **state)
{
    const size_t n = 100000;
    AUTO_FREE char *text = xcalloc(n + 1, 1);
    struct err e = ERR_INIT;

    (void)state;
    memset(text, '[', n);
    AUTO_JSON json_t *j = parse(text, n, &e);
    assert_null(j);
}

static void paths(void **state)
{
    static const char text[] =
        "{\"a\":{\"b\":[10,{\"c\":\"x\",\"t\":true}]},\"n\":null,\"s\":\"7\",\"big\":4294967296}";

    static const struct {
        const char *path, *want; /* NULL: absent */
    } rows[] = {
        { "", text },      { "a.b.0", "10" },  { "a.b.1.c", "\"x\"" },
        { "n", "null" },   { "a.b.2", NULL },  { "a.b.-1", NULL },
        { "a.b.x", NULL }, { "a.b.1x", NULL }, { "a.b.", "[10,{\"c\":\"x\",\"t\":true}]" },
        { "a.x.b", NULL }, { "s.0", NULL },    { "zz", NULL },
    };

    struct err e = ERR_INIT;
    AUTO_JSON json_t *j = parse(text, sizeof(text) - 1, &e);

    (void)state;
    assert_non_null(j);
    for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
        const json_t *got = jsonx_get(j, rows[i].path);
        AUTO_FREE char *shown = jsonx_text(got, 0);
        if (!!got != !!rows[i].want || (got && strcmp(shown, rows[i].want) != 0))
            fail_msg("'%s' is %s", rows[i].path, got ? shown : "absent");
    }
    assert_ptr_equal(jsonx_get(j, ""), j);
    assert_null(jsonx_get(NULL, "a"));
    assert_string_equal(jsonx_str(j, "a.b.1.c"), "x");
    assert_string_equal(jsonx_str(j, "a.b.0"), "");
    assert_string_equal(jsonx_str(NULL, "a"), "");
    assert_true(jsonx_int(j, "big", -1) == 4294967296);
    assert_int_equal(jsonx_int(j, "s", -1), -1); /* a string is no number */
    assert_true(jsonx_bool(j, "a.b.1.t", false));
    assert_true(jsonx_bool(j, "s", true));
}

static void text_is_sorted(void **state)
{
    static const char text[] = "{\"b\":[1],\"a\":\"\xc3\xa4\"}";
    struct err e = ERR_INIT;
    AUTO_JSON json_t *j = parse(text, sizeof(text) - 1, &e);
    AUTO_FREE char *flat = jsonx_text(j, 0), *indented = jsonx_text(j, 2);

    (void)state;
    assert_string_equal(flat, "{\"a\":\"\xc3\xa4\",\"b\":[1]}");
    assert_string_equal(indented, "{\n  \"a\": \"\xc3\xa4\",\n  \"b\": [\n    1\n  ]\n}");
}

/* RFC 4648, section 10. */
static void base64(void **state)
{
    static const char *const rows[][2] = { { "", "" },
                                           { "f", "Zg==" },
                                           { "f"
                                             "o",
                                             "Zm8=" },
                                           { "foo", "Zm9v" },
                                           { "foob", "Zm9vYg==" },
                                           { "fooba", "Zm9vYmE=" },
                                           { "foobar", "Zm9vYmFy" } };
    static const char *const bad[] = { "Zg=", "Zg", "Z", "Zm9v!", "Zg==Zg==", "=" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_SBUF struct sbuf coded = SBUF_INIT(64), plain = SBUF_INIT(64);
        struct err e = ERR_INIT;
        base64_encode(&coded, rows[i][0], strlen(rows[i][0]));
        assert_string_equal(coded.data, rows[i][1]);
        assert_int_equal(base64_decode(&plain, coded.data, coded.len, &e), 0);
        assert_string_equal(plain.data, rows[i][0]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_SBUF struct sbuf plain = SBUF_INIT(64);
        struct err e = ERR_INIT;
        if (base64_decode(&plain, bad[i], strlen(bad[i]), &e) == 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(plain.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused), cmocka_unit_test(deep_nesting_ends),
        cmocka_unit_test(paths),   cmocka_unit_test(text_is_sorted),
        cmocka_unit_test(base64),
    };

    return cmocka_run_group_tests_name("core/jsonx", tests, NULL, NULL);
}
