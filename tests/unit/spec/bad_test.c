/* Every broken spec of tests/data/spec/bad says what its .txt says, line for line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <cmocka.h>

#define DIR_BAD   "tests/data/spec/bad"
#define MIN_CASES 340

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

/* Each line of the message without "FILE:", so that the expected texts do not repeat it. */
static void add_without_file(struct sbuf *out, const char *msg, const char *path)
{
    size_t n = strlen(path);

    while (*msg) {
        size_t len = strcspn(msg, "\n");
        if (strncmp(msg, path, n) == 0 && msg[n] == ':')
            sbuf_add(out, msg + n + 1, len - n - 1);
        else
            sbuf_add(out, msg, len);
        sbuf_addch(out, '\n');
        msg += len + (msg[len] == '\n');
    }
}

static void check_case(const char *yaml)
{
    AUTO_FREE char *path = xasprintf("%s/%s", DIR_BAD, yaml);
    AUTO_FREE char *expected_path = xasprintf("%s/%.*s.txt", DIR_BAD, (int)(strlen(yaml) - 5), yaml);
    AUTO_SBUF struct sbuf want = SBUF_INIT(65536), got = SBUF_INIT(65536);
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    if (fsx_read(expected_path, &want, &e) < 0)
        fail_msg("%s: %s", yaml, e.msg);
    if (spec_load(path, &s, &e) == 0)
        fail_msg("%s: accepted, but is wrong", yaml);
    assert_int_equal(e.code, ERR_SPEC);
    assert_null(s);
    add_without_file(&got, e.msg, path);
    if (strcmp(got.data, want.data) != 0)
        fail_msg("%s: got\n%swant\n%s", yaml, got.data, want.data);
}

static void bad_specs_say_what_is_wrong(void **state)
{
    struct dirent **list = NULL;
    int n = scandir(DIR_BAD, &list, is_yaml, alphasort);

    (void)state;
    if (n < MIN_CASES)
        fail_msg("%s holds %d cases, at least %d are expected", DIR_BAD, n, MIN_CASES);
    for (int i = 0; i < n; i++) {
        check_case(list[i]->d_name);
        free(list[i]);
    }
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_specs_say_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
