#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/ref.h"
#include "server.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void good_references(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "postgres", "docker.io/library/postgres:latest" },
        { "postgres:17-bookworm", "docker.io/library/postgres:17-bookworm" },
        { "prefecthq/prefect:3.8.3-python3.11", "docker.io/prefecthq/prefect:3.8.3-python3.11" },
        { "docker.io/postgres:17", "docker.io/library/postgres:17" },
        { "index.docker.io/a/b:1", "docker.io/a/b:1" },
        { "ghcr.io/a/b/c:1", "ghcr.io/a/b/c:1" },
        { "localhost/a:1", "localhost/a:1" },
        { "127.0.0.1:5000/a:1", "127.0.0.1:5000/a:1" },
        { "[::1]:5000/a:1", "[::1]:5000/a:1" },
        { "registry:5000/a", "registry:5000/a:latest" },
        { "a/b@" A, "docker.io/a/b@" A },
        { "a/b:1@" A, "docker.io/a/b:1" },
        { "a__b:A_1.x-y", "docker.io/library/a__b:A_1.x-y" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        struct ref r;
        if (ref_parse(rows[i].text, &r, &e) < 0)
            fail_msg("'%s': %s", rows[i].text, e.msg);
        AUTO_FREE char *got = ref_text(&r);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("'%s': got '%s', want '%s'", rows[i].text, got, rows[i].want);
        if (strchr(rows[i].text, '@') && strcmp(r.digest, A) != 0)
            fail_msg("'%s': the digest was lost", rows[i].text);
    }
}

static void bad_references(void **state)
{
    static const char *const rows[] = {
        "",      ":1",   "@" A,          "a:",       "a/",       "/a",  "a//b",       "../a", "A/b",  "a b",
        "a:x y", "a:-x", "a@sha256:abc", "a@" A "0", "a@md5:" A, "a\n", "http://x/a", "-a",   "x.y/", "a@" A "@" A,
    };
    char longer[600];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        struct ref r;
        if (ref_parse(rows[i], &r, &e) == 0)
            fail_msg("'%s' was taken", rows[i]);
        assert_int_equal(e.code, ERR_SPEC);
    }
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    struct err e = ERR_INIT;
    struct ref r;
    assert_int_equal(ref_parse(longer, &r, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_references),
        cmocka_unit_test(bad_references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
