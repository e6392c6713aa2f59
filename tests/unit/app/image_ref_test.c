/* Image names taken apart as the charts want them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "app/image_ref.h"
#include "core/util.h"
#include <cmocka.h>
#include <string.h>

#define D "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A chart writes "repository:tag": put together again, each is the image it was. */
static void taken_apart(void **state)
{
    static const char *const rows[][3] = {
        { "postgres:17", "postgres", "17" },
        { "postgres", "postgres", "latest" },
        { "docker.io/library/postgres:17-bookworm", "docker.io/library/postgres", "17-bookworm" },
        { "registry:5000/a", "registry:5000/a", "latest" },
        { "registry:5000/a/b:1.2", "registry:5000/a/b", "1.2" },
        { "[::1]:5000/a:1", "[::1]:5000/a", "1" },
        { "a/b:1" D, "a/b", "1" D },
        { "a/b" D, "a/b", "latest" D },
        { "registry:5000/a" D, "registry:5000/a", "latest" D },
        { "", "", "latest" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *repository = NULL, *tag = NULL;
        image_ref_split(rows[i][0], &repository, &tag);
        if (strcmp(repository, rows[i][1]) != 0 || strcmp(tag, rows[i][2]) != 0)
            fail_msg("'%s' became '%s' and '%s'", rows[i][0], repository, tag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(taken_apart) };

    return cmocka_run_group_tests_name("app/image_ref", tests, NULL, NULL);
}
