/* Reading containerd's list of images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "kube/view.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char listing[] = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
                              "docker.io/library/a:1-more application/x " B " 1 MiB linux/amd64 -\n"
                              "docker.io/library/a:1 application/x " A " 1 MiB linux/amd64 -\n"
                              "docker.io/library/broken:1 application/x - - -\n";

static void exact_name(void **state)
{
    char digest[72];

    (void)state;
    view_parse_image(listing, "docker.io/library/a:1", digest);
    assert_string_equal(digest, A);
    view_parse_image(listing, "docker.io/library/a:1-more", digest);
    assert_string_equal(digest, B);
}

static void absent(void **state)
{
    char digest[72];

    (void)state;
    view_parse_image(listing, "docker.io/library/a", digest);
    assert_string_equal(digest, "");
    view_parse_image(listing, "docker.io/library/broken:1", digest);
    assert_string_equal(digest, "");
    view_parse_image("", "x", digest);
    assert_string_equal(digest, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(exact_name), cmocka_unit_test(absent) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
