/* Image names taken apart as the charts want them, and held against the server's version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "app/image_ref.h"
#include "core/mem.h"
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

struct fit {
    const char *image, *version;
    const char *other; /* the version that the message names, or NULL: it fits */
};

static const struct fit fits[] = {
    { NULL, "3.8.3", NULL },
    { "prefecthq/prefect:3.8.3-python3.11", "3.8.3", NULL },
    { "docker.io/prefecthq/prefect:3.8.3-python3.11" D, "3.8.3", NULL },
    /* Another patch release talks to it. */
    { "prefecthq/prefect:3.8.0-python3.12", "3.8.3", NULL },
    { "prefecthq/prefect:3.8.3.dev6-python3.12", "3.8.3", NULL },
    { "prefecthq/prefect:3.8", "3.8.3", NULL },
    { "prefecthq/prefect:3.7.9-python3.11", "3.8.3", "3.7" },
    { "prefecthq/prefect:3.9.0-python3.11", "3.8.3", "3.9" },
    { "prefecthq/prefect:3.80.0", "3.8.3", "3.80" },
    { "prefecthq/prefect:3.8.0", "3.80.1", "3.8" },
    { "prefecthq/prefect:2.20.4-python3.9", "3.8.3", "2.20" },
    { "docker.io/prefecthq/prefect:3.7.0" D, "3.8.3", "3.7" },
    { "registry.example.com:5000/mirror/prefecthq/prefect:3.7.0", "3.8.3", "3.7" },
    /* Only the major number is named. */
    { "prefecthq/prefect:3-latest", "3.8.3", NULL },
    { "prefecthq/prefect:3-python3.12-kubernetes", "3.8.3", NULL },
    { "prefecthq/prefect:2-latest", "3.8.3", "2" },
    { "prefecthq/prefect:2", "3.8.3", "2" },
    /* What does not tell a version is let pass. */
    { "prefecthq/prefect", "3.8.3", NULL },
    { "prefecthq/prefect" D, "3.8.3", NULL },
    { "prefecthq/prefect:main", "3.8.3", NULL },
    { "prefecthq/prefect:sha-3a7b", "3.8.3", NULL },
    { "prefecthq/prefect:3a7b9c", "3.8.3", NULL },
    { "prefecthq/prefect:3.7rc1", "3.8.3", NULL },
    { "prefecthq/prefect:.7", "3.8.3", NULL },
    { "registry.example.com/team/flows:3.7.0", "3.8.3", NULL },
    { "otherprefecthq/prefect:3.7.0", "3.8.3", NULL },
    { "prefecthq/prefect-client:3.7.0", "3.8.3", NULL },
};

static void fits_the_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
        struct err e = ERR_INIT;
        const struct fit *f = &fits[i];
        int rc = image_ref_fits(f->image, f->version, &e);
        if (rc != (f->other ? -1 : 0))
            fail_msg("'%s' with server %s: %d %s", f->image ? f->image : "(none)", f->version, rc, e.msg);
        if (!f->other)
            continue;
        AUTO_FREE char *want = xasprintf("has Prefect %s, the server is %s:", f->other, f->version);
        assert_int_equal(e.code, ERR_SPEC);
        if (!strstr(e.msg, want) || !strstr(e.msg, f->image) || !strstr(e.hint, f->version))
            fail_msg("'%s' (%s) lacks '%s'", e.msg, e.hint, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(taken_apart), cmocka_unit_test(fits_the_server) };

    return cmocka_run_group_tests_name("app/image_ref", tests, NULL, NULL);
}
