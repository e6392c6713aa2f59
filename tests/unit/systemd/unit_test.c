/* What goes into unit files and their environments. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "systemd/unit.h"
#include <string.h>

/* Quoted as systemd.exec(5) reads an EnvironmentFile: \ " $ ` are escaped inside double quotes, nothing else is. */
static void values_are_quoted(void **state)
{
    static const struct {
        const char *value, *line;
    } rows[] = {
        { "", "NAME=\"\"\n" },
        { "plain", "NAME=\"plain\"\n" },
        { "two words", "NAME=\"two words\"\n" },
        { "a\"b", "NAME=\"a\\\"b\"\n" },
        { "a\\b", "NAME=\"a\\\\b\"\n" },
        { "$HOME", "NAME=\"\\$HOME\"\n" },
        { "`id`", "NAME=\"\\`id\\`\"\n" },
        { "it's #1 %h", "NAME=\"it's #1 %h\"\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
        unit_add_env(&out, "NAME", rows[i].value);
        assert_string_equal(out.data, rows[i].line);
    }
}

static void digest_of(const char *path, const char *text, char ret[static 65])
{
    AUTO_UNIT struct unit u = { 0 };

    unit_add(&u, path, "0600", xstrdup(text));
    unit_digest(&u, ret);
}

static void the_digest_tells_path_and_text(void **state)
{
    char a[65], b[65], again[65], moved[65];

    (void)state;
    digest_of("/etc/a", "one", a);
    digest_of("/etc/a", "one", again);
    digest_of("/etc/a", "two", b);
    digest_of("/etc/ao", "ne", moved);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted),
        cmocka_unit_test(the_digest_tells_path_and_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
