/* Buffers: the ceiling, the terminator, the owner; and lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mem.h"
#include "core/rng.h"
#include "core/sbuf.h"
#include "core/svec.h"
#include "core/util.h"
#include <cmocka.h>
#include <string.h>

/* Whatever is added in whatever pieces: the first `max` bytes, terminated, and one flag for the rest. */
static void ceiling(void **state)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    const size_t len = sizeof(text) - 1;

    (void)state;
    for (size_t max = 0; max <= len + 1; max++)
        for (size_t piece = 1; piece <= len; piece += 7) {
            AUTO_SBUF struct sbuf b = SBUF_INIT(max);
            struct err e = ERR_INIT;
            for (size_t at = 0; at < len; at += piece)
                sbuf_add(&b, text + at, at + piece > len ? len - at : piece);
            const size_t want = max < len ? max : len;
            if (b.len != want || strlen(b.data) != want || memcmp(b.data, text, want) != 0 || b.overflow != (max < len))
                fail_msg("max %zu, pieces of %zu: \"%s\"", max, piece, b.data);
            assert_int_equal(sbuf_check(&b, "it", &e), max < len ? -1 : 0);
        }
}

static void used_again(void **state)
{
    struct sbuf b = SBUF_INIT(1000);

    (void)state;
    assert_string_equal(b.data, "");
    sbuf_addf(&b, "%d-%s", 7, "x");
    sbuf_addch(&b, '\n');
    sbuf_addstr(&b, " \t\r\n");
    sbuf_trim(&b);
    assert_string_equal(b.data, "7-x");
    AUTO_FREE char *mine = sbuf_take(&b);
    assert_string_equal(mine, "7-x");
    assert_string_equal(b.data, "");
    sbuf_addstr(&b, "again");
    sbuf_done(&b);
    assert_string_equal(b.data, "");
    sbuf_trim(&b);
    AUTO_FREE char *empty = sbuf_take(&b);
    assert_string_equal(empty, "");
    sbuf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    sbuf_reset(&b);
    assert_int_equal(b.len, 0);
    sbuf_done(&b);
}

static void lists(void **state)
{
    AUTO_SVEC struct svec v = SVEC_INIT;

    (void)state;
    assert_null(svec_argv(&v)[0]);
    for (size_t i = 0; i < 100; i++) {
        svec_addf(&v, "%zu", i);
        assert_null(svec_argv(&v)[i + 1]);
    }
    svec_add(&v, "last");
    assert_string_equal(svec_argv(&v)[42], "42");
    assert_string_equal(svec_argv(&v)[100], "last");
    svec_done(&v);
    assert_null(svec_argv(&v)[0]);
}

static void random_text(void **state)
{
    (void)state;
    for (size_t len = 0; len < 64; len += 9) {
        AUTO_SECRET char *a = rng_password(len), *b = rng_password(len);
        assert_int_equal(strlen(a), len);
        assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), len);
        if (len >= 18)
            assert_string_not_equal(a, b);
    }
    for (int i = 0; i < 32; i++) {
        char uuid[37];
        rng_uuid(uuid);
        assert_int_equal(strlen(uuid), 36);
        assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
        assert_true(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-');
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling),
        cmocka_unit_test(used_again),
        cmocka_unit_test(lists),
        cmocka_unit_test(random_text),
    };

    return cmocka_run_group_tests_name("core/sbuf", tests, NULL, NULL);
}
