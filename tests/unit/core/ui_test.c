/* What a person sees and what the log keeps: no secret, and no byte that a terminal would act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base64.h"
#include "core/ui.h"
#include "core/ui_text.h"
#include "scratch.h"

static void masks(void **state)
{
    static const char *const secrets[] = { "abcd", "abcdefgh", "h\xc3\xbcnter2", NULL };

    static const struct {
        const char *in, *want;
    } rows[] = {
        { "abcd", "***" },
        { "abcdefgh", "***" }, /* one secret may begin like another: the rest of the longer one must not show */
        { "abcdefgabcd", "***efg***" },
        { "xh\xc3\xbcnter2x", "x***x" },
        { "abcabcd", "abc***" },
        { "", "" },
    };

    char got[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ui_text_safe(rows[i].in, secrets, got, sizeof(got));
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("\"%s\" became \"%s\"", rows[i].in, got);
    }
}

/* Every byte, alone and behind every lead byte of UTF-8: what comes out is UTF-8 without controls. */
static void nothing_acts_on_a_terminal(void **state)
{
    (void)state;
    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            const char in[] = { (char)a, (char)b, 'x', '\0' };
            char out[64];
            ui_text_safe(in, NULL, out, sizeof(out));
            AUTO_JSON json_t *is_utf8 = json_string(out);
            if (!is_utf8 || out[strlen(out) - 1] != 'x')
                fail_msg("%02x %02x: not UTF-8, or cut", a, b);
            for (const unsigned char *p = (const unsigned char *)out; *p; p++)
                if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
                    fail_msg("%02x %02x: a control came through", a, b);
        }
}

static void any_size_is_kept(void **state)
{
    static const char *const secrets[] = { "hunter2", NULL };
    const char in[] = "a\033\xc3\xa4hunter2 \xe2\x82\xac";
    char whole[64], got[64];

    (void)state;
    ui_text_safe(in, secrets, whole, sizeof(whole));
    assert_string_equal(whole, "a\\x1b\xc3\xa4*** \xe2\x82\xac");
    for (size_t size = 1; size <= sizeof(got); size++) {
        memset(got, '#', sizeof(got));
        ui_text_safe(in, secrets, got, size);
        assert_true(strlen(got) < size);
        assert_int_equal(strncmp(got, whole, strlen(got)), 0);
        for (size_t i = size; i < sizeof(got); i++)
            assert_int_equal(got[i], '#');
    }
    ui_text_safe(in, secrets, got, 0);
}

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void cuts(void **state)
{
    static const struct {
        const char *in;
        size_t columns;
        const char *want;
    } rows[] = {
        { "abcd", 4, "abcd" },
        { "abcdefgh", 4, "abc\xe2\x80\xa6" },
        { "abcde", 4, NULL }, /* too few bytes left for the mark: still no more than 4 columns */
        { "abcdef", 4, "abc\xe2\x80\xa6" },
        { "ab\xc3\xa4"
          "cd",
          4, NULL },
        { "ab", 1, NULL },
        { "abcdef", 1, "\xe2\x80\xa6" },
        { "a\nb", 80, "a" },
        { "", 80, "" },
        { "a\xff\xff\xff\xff", 3, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *text = xstrdup(rows[i].in); /* exact: a byte too many is seen by the sanitizer */
        ui_text_cut(text, rows[i].columns);
        if (characters(text) > rows[i].columns)
            fail_msg("\"%s\" for %zu columns: \"%s\"", rows[i].in, rows[i].columns, text);
        if (rows[i].want)
            assert_string_equal(text, rows[i].want);
    }
}

struct seen {
    char *dir, *log, *err;
    struct fake_clock clock;
    struct ui *ui;
    int saved; /* the test's own stderr */
};

static int setup(void **state)
{
    struct seen *s = xcalloc(1, sizeof(*s));
    const struct ui_opts o = { .color = true };

    s->clock = (struct fake_clock)FAKE_CLOCK(1000);
    s->dir = scratch_new();
    s->log = fsx_join(s->dir, "run.log");
    s->err = fsx_join(s->dir, "stderr");
    s->saved = dup(STDERR_FILENO);
    AUTO_CLOSE int fd = open(s->err, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    s->ui = ui_new(&o, &s->clock.clock);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct seen *s = *state;

    ui_free(s->ui);
    assert_int_equal(dup2(s->saved, STDERR_FILENO), STDERR_FILENO);
    close(s->saved);
    scratch_free(s->dir);
    free(s->log);
    free(s->err);
    free(s);
    return 0;
}

static void log_is_private_and_dated(void **state)
{
    struct seen *s = *state;
    struct err e = ERR_INIT;
    struct stat st;

    mode_t before = umask(0);
    int rc = ui_log_to(s->ui, s->log, &e);
    umask(before);
    assert_int_equal(rc, 0);
    assert_int_equal(stat(s->log, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    ui_info(s->ui, "made %d of %s", 2, "three");
    ui_warn(s->ui, "slow");
    ui_debug(s->ui, "detail");
    AUTO_FREE char *log = scratch_read(s->log, NULL), *err = scratch_read(s->err, NULL);
    assert_string_equal(log, "2023-11-14T22:13:21Z info  made 2 of three\n"
                             "2023-11-14T22:13:21Z warn  slow\n"
                             "2023-11-14T22:13:21Z debug detail\n");
    assert_string_equal(err, "made 2 of three\nwarning: slow\n"); /* no terminal: no colour, no live line */
}

static void log_is_kept_from_the_run_before(void **state)
{
    struct seen *s = *state;
    AUTO_FREE char *link = fsx_join(s->dir, "link");
    struct err e = ERR_INIT;

    scratch_write(s->log, "before\n", 7);
    assert_int_equal(ui_log_to(s->ui, s->log, &e), 0);
    ui_info(s->ui, "now");
    AUTO_FREE char *log = scratch_read(s->log, NULL);
    expect_in(log, "before\n2023");
    assert_int_equal(symlink(s->log, link), 0);
    assert_int_equal(ui_log_to(s->ui, link, &e), -1);
    expect_in(e.msg, link);
}

/* In a message, in the last thing seen, in what a remote sent back coded. */
static void secrets_show_nowhere(void **state)
{
    struct seen *s = *state;
    AUTO_SBUF struct sbuf coded = SBUF_INIT(256);
    struct err e = ERR_INIT;

    assert_int_equal(ui_log_to(s->ui, s->log, &e), 0);
    ui_secret(s->ui, "correct horse");
    ui_secret(s->ui, "abc"); /* too short to hide: everything would be stars */
    base64_encode(&coded, "correct horse", 13);
    ui_info(s->ui, "password is correct horse, abc");
    ui_warn(s->ui, "data: %s", coded.data);
    ui_debug(s->ui, "correct horse");
    ui_phase(s->ui, "server");
    ui_note(s->ui, "got correct horse");
    ui_phase_end(s->ui, false, 1500);
    AUTO_FREE char *log = scratch_read(s->log, NULL), *err = scratch_read(s->err, NULL);
    assert_null(strstr(log, "correct horse"));
    assert_null(strstr(err, "correct horse"));
    assert_null(strstr(log, coded.data));
    assert_null(strstr(err, coded.data));
    expect_in(err, "password is ***, abc\n");
    expect_in(log, "note  got ***\n");
    expect_in(log, "phase server     FAILED    1.5 s\n");
}

static void stderr_may_be_gone(void **state)
{
    struct seen *s = *state;
    struct err e = ERR_INIT;

    assert_int_equal(ui_log_to(s->ui, s->log, &e), 0);
    close(STDERR_FILENO);
    ui_info(s->ui, "still here");
    AUTO_FREE char *log = scratch_read(s->log, NULL);
    expect_in(log, "still here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks),
        cmocka_unit_test(nothing_acts_on_a_terminal),
        cmocka_unit_test(any_size_is_kept),
        cmocka_unit_test(cuts),
        cmocka_unit_test_setup_teardown(log_is_private_and_dated, setup, teardown),
        cmocka_unit_test_setup_teardown(log_is_kept_from_the_run_before, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_show_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(stderr_may_be_gone, setup, teardown),
    };

    return cmocka_run_group_tests_name("core/ui", tests, NULL, NULL);
}
