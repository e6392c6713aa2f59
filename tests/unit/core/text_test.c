/* Text that comes from elsewhere: quoting for a shell, control bytes, secrets, templates, ceilings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/sbuf.h"
#include "core/template.h"
#include "core/ui_text.h"
#include "core/util.h"
#include <string.h>

/* The shell itself says whether a quoted word came through. */
static void quoted_words_survive_a_shell(void **state)
{
    static const char *const words[] = {
        "k3s", "", "it's", "$(reboot)", "`id`", "a b\tc", "new\nline", "\\", "'\\''", "*", "-n", "\xc3\xa4\xe2\x82\xac",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO_SBUF struct sbuf line = SBUF_INIT(4096), out = SBUF_INIT(4096);
        struct err e = ERR_INIT;
        const struct proc_opts o = { .out = &out };
        sbuf_addstr(&line, "printf %s ");
        sbuf_add_shell(&line, words[i]);
        const char *const argv[] = { "sh", "-c", line.data, NULL };
        if (proc_run(argv, &o, &e) < 0)
            fail_msg("%s: %s", words[i], e.msg);
        assert_string_equal(out.data, words[i]);
    }
}

static void terminals_see_no_controls(void **state)
{
    static const char *const secrets[] = { "hunter2", NULL };

    static const struct {
        const char *in, *want;
    } cases[] = {
        { "plain \xc3\xa4\n", "plain \xc3\xa4\n" },
        { "\033[2Jgone", "\\x1b[2Jgone" },
        { "[\033[0;32m  OK  \033[0m] \033[mon\033[38:5:1", "[  OK  ] on\\x1b[38:5:1" },
        { "hun\033[1mter2", "***" },
        { "back\b\r", "back\\x08\\x0d" },
        { "\xff\xfe", "\\xff\\xfe" },
        { "\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "cut \xe2\x82", "cut \\xe2\\x82" },
        { "password hunter2, twice hunter2", "password ***, twice ***" },
    };

    char got[128];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ui_text_safe(cases[i].in, secrets, got, sizeof(got));
        assert_string_equal(got, cases[i].want);
    }
    ui_text_safe("12345678", NULL, got, 5);
    assert_string_equal(got, "1234");
}

static void a_line_is_cut_between_characters(void **state)
{
    char text[] = "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac rest";

    (void)state;
    ui_text_cut(text, 4);
    assert_string_equal(text, "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x80\xa6");
}

static void a_buffer_keeps_its_ceiling(void **state)
{
    AUTO_SBUF struct sbuf b = SBUF_INIT(4);
    struct err e = ERR_INIT;

    (void)state;
    sbuf_addstr(&b, "12345678");
    assert_string_equal(b.data, "1234");
    assert_int_equal(sbuf_check(&b, "it", &e), -1);
    sbuf_reset(&b);
    assert_int_equal(sbuf_check(&b, "it", &e), 0);
    assert_string_equal(b.data, "");
}

static void templates_are_strict(void **state)
{
    static const struct {
        const char *text, *want, *error;
    } cases[] = {
        { "a ${x} b", "a \"q\\\"'\" b", NULL },
        { "none", NULL, "template has no '${x}'" },
        { "${x} ${y}", NULL, "unknown value" },
        { "${x} ${x", NULL, "unknown value" },
    };
    const struct template_var vars[] = { { "x", "q\"'", TEMPLATE_JSON } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
        struct err e = ERR_INIT;
        int rc = template_render(&out, cases[i].text, vars, 1, &e);
        assert_int_equal(rc, cases[i].want ? 0 : -1);
        if (cases[i].want)
            assert_string_equal(out.data, cases[i].want);
        else
            assert_non_null(strstr(e.msg, cases[i].error));
    }
}

/* FIPS 180-2 appendix B; the check value of CRC-32 in the Rocksoft model. */
static void checksums(void **state)
{
    char hex[HASH_HEX];

    (void)state;
    hash_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hash_crc32("123456789", 9), 0xcbf43926u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_words_survive_a_shell),
        cmocka_unit_test(terminals_see_no_controls),
        cmocka_unit_test(a_line_is_cut_between_characters),
        cmocka_unit_test(a_buffer_keeps_its_ceiling),
        cmocka_unit_test(templates_are_strict),
        cmocka_unit_test(checksums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
