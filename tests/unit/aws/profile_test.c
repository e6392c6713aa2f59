#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/profile.h"
#include "aws/words.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"

static char dir[64];

static void put(const char *name, const char *text, size_t len)
{
    AUTO_FREE char *path = fsx_join(dir, name);
    struct err e = ERR_INIT;

    if (fsx_replace(path, text, len, 0600, &e) < 0)
        fail_msg("%s", e.msg);
}

static struct aws_profiles *load(const char *config, const char *credentials)
{
    struct aws_profiles *p = NULL;
    struct err e = ERR_INIT;

    put("config", config, strlen(config));
    put("credentials", credentials, strlen(credentials));
    if (aws_profiles_load(&p, &e) < 0)
        fail_msg("%s", e.msg);
    return p;
}

static const struct value_row {
    const char *name, *config, *credentials;
    enum aws_section section;
    const char *profile, *key, *want;
} value_rows[] = {
    { "plain", "[profile a]\nregion = r1\n", "", AWS_PROFILE_CONFIG, "a", "region", "r1" },
    { "default", "[default]\nregion=r1", "", AWS_PROFILE_CONFIG, "default", "region", "r1" },
    { "colon", "[default]\nregion: r1", "", AWS_PROFILE_CONFIG, "default", "region", "r1" },
    { "first delimiter", "[default]\nrole_arn = arn:aws:x", "", AWS_PROFILE_CONFIG, "default", "role_arn",
      "arn:aws:x" },
    { "white space", "[profile   a]  \r\n  region \t =  r1 \t\r\n", "", AWS_PROFILE_CONFIG, "a", "region", "r1" },
    { "upper case key", "[default]\nReGion = r1", "", AWS_PROFILE_CONFIG, "default", "region", "r1" },
    { "quoted name", "[profile \"my dev\"]\nregion = r1", "", AWS_PROFILE_CONFIG, "my dev", "region", "r1" },
    { "three words", "[profile my dev]\nregion = r1", "", AWS_PROFILE_CONFIG, "my dev", "region", NULL },
    { "comments", "# c\n; c\n[default]\n#region = r0\nregion = r1\n ; c\n", "", AWS_PROFILE_CONFIG, "default", "region",
      "r1" },
    { "no comment at the end of a line", "[default]\nregion = r1 # x", "", AWS_PROFILE_CONFIG, "default", "region",
      "r1 # x" },
    { "continued", "[default]\nk = a\n  b\n\n  c\n\nz = 1", "", AWS_PROFILE_CONFIG, "default", "k", "a\nb\n\nc" },
    { "empty value", "[default]\nk =\nz = 1", "", AWS_PROFILE_CONFIG, "default", "k", "" },
    { "nested", "[services s]\nec2 =\n  endpoint_url = http://x\n  Other=1\nsts =\n  endpoint_url=http://y\n", "",
      AWS_SERVICES, "s", "ec2.endpoint_url", "http://x" },
    { "second nested", "[services s]\nec2 =\n  endpoint_url = http://x\nsts =\n\tendpoint_url=http://y\n", "",
      AWS_SERVICES, "s", "sts.endpoint_url", "http://y" },
    { "nested twice", "[services s]\nec2 =\n  a = 1\n  a = 2\n", "", AWS_SERVICES, "s", "ec2.a", "2" },
    { "a key with a dot is continued itself", "[default]\nk = a\nx.y = b\n  c\n", "", AWS_PROFILE_CONFIG, "default",
      "x.y", "b\nc" },
    { "session", "[sso-session corp]\nsso_region = r1\n", "", AWS_SSO_SESSION, "corp", "sso_region", "r1" },
    { "a bare name is no profile in the config file", "[a]\nregion = r1", "", AWS_PROFILE_CONFIG, "a", "region", NULL },
    { "a bare name is one in the other file", "", "[a]\nregion = r1", AWS_PROFILE_CREDENTIALS, "a", "region", "r1" },
    { "the later of two headings", "[profile default]\nregion=r1\n[default]\nregion=r2", "", AWS_PROFILE_CONFIG,
      "default", "region", "r2" },
    { "common keys", "[profile a]\nx = 1\n[DEFAULT]\nregion = r9", "", AWS_PROFILE_CONFIG, "a", "region", "r9" },
    { "own keys before common ones", "[profile a]\nregion = 1\n[DEFAULT]\nregion = r9", "", AWS_PROFILE_CONFIG, "a",
      "region", "1" },
    { "text behind a heading", "[default] x\nregion = r1", "", AWS_PROFILE_CONFIG, "default", "region", "r1" },
    { "nothing", "", "", AWS_PROFILE_CONFIG, "default", "region", NULL },
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(value_rows); i++) {
        const struct value_row *row = &value_rows[i];
        struct aws_profiles *p = load(row->config, row->credentials);
        const char *got = aws_profiles_get(p, row->section, row->profile, row->key);
        if (!got != !row->want || (got && strcmp(got, row->want) != 0))
            fail_msg("%s: got '%s', want '%s'", row->name, got ? got : "(none)", row->want ? row->want : "(none)");
        aws_profiles_free(p);
    }
}

static const struct bad_row {
    const char *name, *text;
    int line;
} bad_rows[] = {
    { "before a section", "k = SECRET\n", 1 },
    { "no delimiter", "[default]\n\nSECRET\n", 3 },
    { "no key", "[default]\n= SECRET\n", 2 },
    { "open bracket", "[default\n", 1 },
    { "empty heading", "[]\n", 1 },
    { "section twice", "[default]\nk = SECRET\n[default]\n", 3 },
    { "key twice", "[default]\nk = SECRET\nk = SECRET\n", 3 },
    { "key twice, other case", "[default]\nk = SECRET\nK = SECRET\n", 3 },
    { "nested without a delimiter", "[default]\nk =\n  a = SECRET\n  SECRET\n", 4 },
};

static void test_bad_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(bad_rows); i++) {
        const struct bad_row *row = &bad_rows[i / 2];
        const char *file = i % 2 ? "config" : "credentials";
        AUTO_FREE char *want = xasprintf("'%s/%s' line %d:", dir, file, row->line);
        struct aws_profiles *p = NULL;
        struct err e = ERR_INIT;
        put("config", "", 0);
        put("credentials", "", 0);
        put(file, row->text, strlen(row->text));
        if (aws_profiles_load(&p, &e) == 0)
            fail_msg("%s: accepted", row->name);
        assert_int_equal(e.code, ERR_AUTH);
        if (!strstr(e.msg, want) || strstr(e.msg, "SECRET"))
            fail_msg("%s: want %s, got: %s", row->name, want, e.msg);
        assert_string_not_equal(e.hint, "");
    }
}

static void test_files(void **state)
{
    struct aws_profiles *p = NULL;
    struct err e = ERR_INIT;
    AUTO_FREE char *link = fsx_join(dir, "link");
    AUTO_FREE char *config = fsx_join(dir, "config");
    AUTO_FREE char *large = xcalloc((1 << 20) + 2, 1);

    (void)state;
    /* Through a link, and from ~. */
    p = load("[default]\nregion = r1\n", "");
    aws_profiles_free(p);
    assert_int_equal(symlink("config", link), 0);
    setenv("HOME", dir, 1);
    setenv("AWS_CONFIG_FILE", "~/link", 1);
    assert_int_equal(aws_profiles_load(&p, &e), 0);
    assert_string_equal(aws_profiles_value(p, "region"), "r1");
    assert_string_equal(aws_profiles_file(p, AWS_PROFILE_CONFIG), link);
    aws_profiles_free(p);
    /* Absent. */
    setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
    assert_int_equal(aws_profiles_load(&p, &e), 0);
    assert_null(aws_profiles_value(p, "region"));
    aws_profiles_free(p);
    /* A directory. */
    setenv("AWS_CONFIG_FILE", dir, 1);
    assert_int_equal(aws_profiles_load(&p, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_non_null(strstr(e.msg, dir));
    setenv("AWS_CONFIG_FILE", config, 1);
    /* Too large, by one byte; a zero byte. */
    memset(large, '\n', (1 << 20) + 1);
    put("config", large, 1 << 20);
    err_clear(&e);
    assert_int_equal(aws_profiles_load(&p, &e), 0);
    aws_profiles_free(p);
    put("config", large, (1 << 20) + 1);
    assert_int_equal(aws_profiles_load(&p, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_non_null(strstr(e.msg, "larger than"));
    put("config", "[default]\nk = a\0b\n", 18);
    err_clear(&e);
    assert_int_equal(aws_profiles_load(&p, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
}

static void test_which_profile(void **state)
{
    static const struct {
        const char *default_profile, *profile, *want;
        bool named;
    } rows[] = {
        { NULL, NULL, "default", false }, { NULL, "a", "a", true },
        { "b", NULL, "b", true },         { "b", "a", "b", true }, /* botocore's order */
        { "", "a", "a", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].default_profile)
            setenv("AWS_DEFAULT_PROFILE", rows[i].default_profile, 1);
        if (rows[i].profile)
            setenv("AWS_PROFILE", rows[i].profile, 1);
        struct aws_profiles *p = load("[profile a]\nk = config\n[profile c]\n", "[a]\nk = credentials\n[b]\n");
        assert_string_equal(aws_profiles_name(p), rows[i].want);
        assert_int_equal(aws_profiles_named(p), rows[i].named);
        assert_string_equal(aws_profiles_of(p, "a", "k"), "credentials");
        assert_true(aws_profiles_has(p, "a") && aws_profiles_has(p, "b") && aws_profiles_has(p, "c"));
        assert_false(aws_profiles_has(p, "d") || aws_profiles_has(p, "default"));
        aws_profiles_free(p);
        unsetenv("AWS_DEFAULT_PROFILE");
        unsetenv("AWS_PROFILE");
    }
    aws_profiles_free(NULL);
}

/* The expected words are those of Python's shlex.split. */
static void test_words(void **state)
{
    static const struct {
        const char *line;
        const char *want; /* words joined by "|"; NULL: refused */
    } rows[] = {
        { "", "" },
        { "  a  b\t\nc ", "a|b|c|" },
        { "'a b' \"c d\"", "a b|c d|" },
        { "a'b'\"c\"d", "abcd|" },
        { "'' x \"\"", "|x||" },
        { "a\\ b \\' \\\\", "a b|'|\\|" },
        { "\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d|" },
        { "'a\\b'", "a\\b|" },
        { "$HOME `x` a;b # c", "$HOME|`x`|a;b|#|c|" },
        { "'open", NULL },
        { "\"open", NULL },
        { "open\\", NULL },
        { "\"open\\", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_SVEC struct svec words = SVEC_INIT;
        AUTO_SBUF struct sbuf got = SBUF_INIT(4096);
        int rc = aws_words_split(&words, rows[i].line);
        assert_int_equal(rc, rows[i].want ? 0 : -1);
        for (size_t k = 0; k < words.len; k++)
            sbuf_addf(&got, "%s|", words.items[k]);
        if (rc == 0)
            assert_string_equal(got.data, rows[i].want);
    }
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/slipway-profile-XXXXXX");
    assert_non_null(mkdtemp(dir));
    AUTO_FREE char *config = fsx_join(dir, "config");
    AUTO_FREE char *credentials = fsx_join(dir, "credentials");
    setenv("AWS_CONFIG_FILE", config, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", credentials, 1);
    unsetenv("AWS_PROFILE");
    unsetenv("AWS_DEFAULT_PROFILE");
    return 0;
}

static int tear_down(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    return fsx_remove_tree(dir, &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_which_profile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
