/* The journal: whatever happens to the file, what was acknowledged is there, or the damage is named and left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/scratch.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "step/journal.h"
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum act { OPEN, INTENT, DONE, UNDONE, FAILED, SET };

struct row {
    enum act act;
    const char *key, *value; /* value: JSON of a fact, text of a failure */
};

/* One record each, so that row i ends where line i of the file ends. */
static const struct row rows[] = {
    { OPEN, "flows", NULL },
    { INTENT, "machine/disk", NULL },
    { SET, "machine.uuid", "\"0b0e\"" },
    { DONE, "machine/disk", NULL },
    { INTENT, "k3s/start", NULL },
    { FAILED, "k3s/start", "exit 1: \"no\nspace\"" },
    { SET, "node", "{\"cpus\":2,\"name\":\"n\xc3\xa4\"}" },
    { DONE, "k3s/start", NULL },
    { SET, "machine.uuid", "null" },
    { UNDONE, "machine/disk", NULL },
};

#define ROWS ARRAY_LEN(rows)

struct made {
    char *dir, *path;
    char *text;            /* the file */
    size_t ends[ROWS + 1]; /* ends[i]: its length after i rows */
    char *seen[ROWS + 1];  /* what a reader saw then */
    struct fake_clock clock;
};

static json_t *json_of(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(j);
    return j;
}

static int play(struct journal *j, const struct row *r, struct err *e)
{
    switch (r->act) {
    case OPEN:
        return 0; /* journal_open wrote it */
    case INTENT:
        return journal_intent(j, r->key, e);
    case DONE:
        return journal_done(j, r->key, e);
    case UNDONE:
        return journal_undone(j, r->key, e);
    case FAILED:
        return journal_failed(j, r->key, r->value, e);
    case SET:
        return journal_set(j, r->key, json_of(r->value), e);
    }
    return -1;
}

/* All that a reader can see, as text. */
static char *look(const struct journal *j)
{
    static const char *const marks[] = {
        [JOURNAL_NONE] = "none", [JOURNAL_INTENT] = "intent", [JOURNAL_DONE] = "done"
    };
    AUTO_JSON json_t *all =
        json_pack("{s:s, s:s, s:s, s:s, s:O?, s:O?}", "disk", marks[journal_mark(j, "machine/disk")], "k3s",
                  marks[journal_mark(j, "k3s/start")], "later", marks[journal_mark(j, "later")], "failure",
                  journal_failure(j), "uuid", journal_get(j, "machine.uuid"), "node", journal_get(j, "node"));

    assert_non_null(all);
    return jsonx_text(all, 0);
}

static struct journal *must_open(const char *path, struct clock *c)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    if (journal_open(path, "flows", c, &j, &e) < 0)
        fail_msg("%s", e.msg);
    return j;
}

static struct journal *must_read(const char *path)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    if (journal_read(path, &j, &e) < 0)
        fail_msg("%s", e.msg);
    return j;
}

static void expect_seen(const char *path, const char *want, const char *when, size_t at)
{
    struct journal *j = must_read(path);
    AUTO_FREE char *got = look(j);

    journal_free(j);
    if (strcmp(got, want) != 0)
        fail_msg("%s %zu: saw %s, want %s", when, at, got, want);
}

static int setup(void **state)
{
    struct made *m = xcalloc(1, sizeof(*m));
    struct err e = ERR_INIT;

    m->clock = (struct fake_clock)FAKE_CLOCK(1000);
    m->dir = scratch_new();
    m->path = fsx_join(m->dir, "journal");
    struct journal *j = must_open(m->path, &m->clock.clock);
    m->seen[0] = look(j);
    for (size_t i = 0; i < ROWS; i++) {
        off_t size = 0;
        if (play(j, &rows[i], &e) < 0 || fsx_size(m->path, &size, &e) < 0)
            fail_msg("row %zu: %s", i, e.msg);
        m->ends[i + 1] = (size_t)size;
        m->seen[i + 1] = look(j);
        assert_true(m->ends[i + 1] > m->ends[i]);
    }
    journal_free(j);
    m->text = scratch_read(m->path, NULL);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;

    for (size_t i = 0; i <= ROWS; i++)
        free(m->seen[i]);
    free(m->text);
    free(m->path);
    scratch_free(m->dir);
    free(m);
    return 0;
}

static void round_trip(void **state)
{
    const struct made *m = *state;
    struct stat st;

    expect_seen(m->path, m->seen[ROWS], "after row", ROWS);
    assert_string_equal(m->seen[ROWS], "{\"disk\":\"none\",\"failure\":\"\",\"k3s\":\"done\",\"later\":\"none\","
                                       "\"node\":{\"cpus\":2,\"name\":\"n\xc3\xa4\"},\"uuid\":null}");
    assert_string_equal(m->seen[6], "{\"disk\":\"done\",\"failure\":\"exit 1: \\\"no\\nspace\\\"\",\"k3s\":\"intent\","
                                    "\"later\":\"none\",\"node\":null,\"uuid\":\"0b0e\"}");
    struct journal *j = must_read(m->path);
    assert_int_equal(journal_mark(j, "machine/disk"), JOURNAL_NONE);
    assert_int_equal(journal_mark(j, "never"), JOURNAL_NONE);
    assert_int_equal(journal_mark(j, "k3s/start"), JOURNAL_DONE);
    assert_string_equal(journal_str(j, "machine.uuid"), "");
    assert_string_equal(journal_str(j, "node"), ""); /* not a string */
    journal_free(j);
    assert_int_equal(stat(m->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static size_t whole_rows(const struct made *m, size_t len)
{
    size_t n = 0;

    while (n < ROWS && m->ends[n + 1] <= len)
        n++;
    return n;
}

/* A crash can leave the file at any length: a prefix of what was acknowledged is read, and the next append is whole. */
static void cut_anywhere(void **state)
{
    struct made *m = *state;

    for (size_t len = 0; len <= m->ends[ROWS]; len++) {
        struct err e = ERR_INIT;
        size_t n = whole_rows(m, len);
        scratch_write(m->path, m->text, len);
        expect_seen(m->path, m->seen[n], "cut at", len);

        struct journal *j = must_open(m->path, &m->clock.clock);
        assert_int_equal(journal_intent(j, "later", &e), 0);
        AUTO_FREE char *want = look(j);
        journal_free(j);
        expect_in(want, "\"later\":\"intent\"");
        expect_seen(m->path, want, "appended after a cut at", len);

        AUTO_FREE char *now = scratch_read(m->path, NULL);
        if (strncmp(now, m->text, m->ends[n ? n : 1]) != 0)
            fail_msg("cut at %zu: the whole records did not stay", len);
    }
}

static void expect_refused(const struct made *m, const char *text, size_t len, const char *why)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;
    struct clock *c = (struct clock *)(uintptr_t)&m->clock.clock;
    size_t now_len;

    scratch_write(m->path, text, len);
    if (journal_read(m->path, &j, &e) == 0)
        fail_msg("read a journal that should be %s", why);
    assert_int_equal(e.code, ERR_CONFLICT);
    expect_in(e.msg, why);
    expect_in(e.msg, m->path);
    assert_true(*e.hint);
    err_clear(&e);
    if (journal_open(m->path, "flows", c, &j, &e) == 0)
        fail_msg("opened a journal that should be %s", why);
    assert_int_equal(e.code, ERR_CONFLICT);
    expect_in(e.msg, why);
    AUTO_FREE char *now = scratch_read(m->path, &now_len);
    assert_int_equal(now_len, len);
    assert_memory_equal(now, text, len);
}

static void flip_every_bit(void **state)
{
    struct made *m = *state;
    const size_t len = m->ends[ROWS];
    AUTO_FREE char *text = xcalloc(len + 1, 1);

    for (size_t bit = 0; bit < len * 8; bit++) {
        const size_t at = bit / 8, n = whole_rows(m, at);
        char why[64];
        memcpy(text, m->text, len);
        text[at] = (char)((unsigned char)text[at] ^ (1u << bit % 8));
        if (at + 1 == len) { /* without its newline the last record counts as not finished */
            scratch_write(m->path, text, len);
            expect_seen(m->path, m->seen[ROWS - 1], "flip of bit", bit);
            continue;
        }
        (void)snprintf(why, sizeof(why), "is damaged at byte %zu", m->ends[n]);
        expect_refused(m, text, len, why);
    }
}

static char *line_of(const char *json)
{
    return xasprintf("%08x %s\n", hash_crc32(json, strlen(json)), json);
}

/* Records whose checksum is right and that still make no journal. */
static void wrong_records(void **state)
{
    static const struct {
        const char *first, *second, *why;
    } bad[] = {
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":2}", NULL,
          "is of format version 2, this slipway knows up to 1" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":2}", "{\"k\":\"new\"}", "is of format version 2" },
        { "{\"k\":\"intent\",\"step\":\"a\"}", NULL, "is damaged at byte 0" },
        { "{\"k\":\"open\",\"name\":\"flows\"}", NULL, "is damaged at byte 0" },
        { "[]", NULL, "is damaged at byte 0" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "{\"k\":\"new\"}", "is damaged at byte 49" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "{\"k\":\"intent\"}", "is damaged at byte 49" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "{\"k\":\"fact\",\"value\":1}",
          "is damaged at byte 49" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "{\"k\":\"fact\",\"key\":\"a\"}",
          "is damaged at byte 49" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "{\"k\":", "is damaged at byte 49" },
        { "{\"k\":\"open\",\"name\":\"flows\",\"version\":1}", "", "is damaged at byte 49" },
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_FREE char *first = line_of(bad[i].first), *second = bad[i].second ? line_of(bad[i].second) : xstrdup("");
        AUTO_FREE char *text = xasprintf("%s%s", first, second);
        expect_refused(*state, text, strlen(text), bad[i].why);
    }
}

static void missing(void **state)
{
    const struct made *m = *state;
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    assert_int_equal(unlink(m->path), 0);
    assert_int_equal(journal_read(m->path, &j, &e), -1);
    assert_int_equal(e.sys, ENOENT);
    assert_false(fsx_exists(m->path));
}

static void symlink_refused(void **state)
{
    struct made *m = *state;
    AUTO_FREE char *link = fsx_join(m->dir, "link"), *target = fsx_join(m->dir, "target");
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(journal_open(link, "flows", &m->clock.clock, &j, &e), -1);
    assert_false(fsx_exists(target));
}

static void facts(void **state)
{
    struct made *m = *state;
    struct err e = ERR_INIT;
    struct journal *j = must_open(m->path, &m->clock.clock);
    off_t before, after;

    assert_int_equal(journal_set(j, "a", json_of("\"1\""), &e), 0);
    assert_string_equal(journal_str(j, "a"), "1");
    assert_int_equal(journal_set(j, "a", json_of("[1,{\"b\":null}]"), &e), 0);
    assert_int_equal(json_array_size(journal_get(j, "a")), 2);
    assert_int_equal(fsx_size(m->path, &before, &e), 0);
    assert_int_equal(journal_set(j, "a", json_of("[1,{\"b\":null}]"), &e), 0);
    assert_int_equal(journal_set(j, "never", json_null(), &e), 0);
    assert_int_equal(fsx_size(m->path, &after, &e), 0);
    assert_int_equal(before, after); /* nothing new: nothing written */
    assert_int_equal(journal_set(j, "a", json_null(), &e), 0);
    assert_null(journal_get(j, "a"));
    journal_free(j);
    j = must_read(m->path);
    assert_null(journal_get(j, "a"));
    journal_free(j);
}

/* What a remote said need not be UTF-8. That it failed is kept, and so is the part that can be read. */
static void not_utf8(void **state)
{
    struct made *m = *state;
    struct err e = ERR_INIT;
    struct journal *j = must_open(m->path, &m->clock.clock);

    assert_int_equal(journal_failed(j, "k3s/start", "disk \xff\xfe full", &e), 0);
    expect_in(journal_failure(j), "disk ");
    expect_in(journal_failure(j), " full");
    assert_int_equal(journal_set(j, "a", json_string("\xff"), &e), -1);
    expect_in(e.msg, "fact 'a' is not UTF-8");
    assert_int_equal(journal_intent(j, "step \xff", &e), -1);
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_int_equal(journal_set(j, "key \xff", json_of("1"), &e), -1);
    AUTO_FREE char *want = look(j);
    journal_free(j);
    expect_seen(m->path, want, "row", ROWS);

    AUTO_FREE char *other = fsx_join(m->dir, "other");
    assert_int_equal(journal_open(other, "name \xff", &m->clock.clock, &j, &e), -1);
}

static void disk_full(void **state)
{
    struct made *m = *state;
    AUTO_FREE char *dir = fsx_join(m->dir, "small"), *path = fsx_join(dir, "journal"),
                   *ballast = fsx_join(dir, "ballast");
    struct err e = ERR_INIT;
    size_t n = 0;

    if (geteuid() != 0) {
        print_message("not root: cannot mount the full disk\n");
        skip();
    }
    scratch_mount_small(dir);
    struct journal *j = must_open(path, &m->clock.clock);
    scratch_fill(ballast);
    while (n < 4096 && journal_set(j, "n", json_integer((json_int_t)n), &e) == 0)
        n++;
    assert_in_range(n, 1, 4095); /* the page that the file already has took some */
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_int_equal(e.sys, ENOSPC);
    expect_in(e.msg, path);
    assert_int_equal(json_integer_value(journal_get(j, "n")), n - 1); /* not on disk: not believed */
    struct journal *other = must_read(path);
    assert_int_equal(json_integer_value(journal_get(other, "n")), n - 1);
    journal_free(other);
    AUTO_FREE char *text = scratch_read(path, NULL);
    assert_int_equal(text[strlen(text) - 1], '\n');

    assert_int_equal(unlink(ballast), 0);
    err_clear(&e);
    assert_int_equal(journal_set(j, "n", json_integer(-1), &e), 0);
    journal_free(j);
    other = must_read(path);
    assert_int_equal(json_integer_value(journal_get(other, "n")), -1);
    journal_free(other);
}

static int unmount(void **state)
{
    const struct made *m = *state;
    AUTO_FREE char *dir = fsx_join(m->dir, "small");

    if (fsx_exists(dir))
        assert_int_equal(umount2(dir, MNT_DETACH), 0);
    return teardown(state);
}

/* Child: append numbers, say each one that was acknowledged. */
static void append_forever(const char *path, int out, int64_t from)
{
    struct fake_clock clock = FAKE_CLOCK(1000);
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    if (journal_open(path, "flows", &clock.clock, &j, &e) < 0)
        _exit(1);
    for (int64_t n = from;; n++) {
        if (journal_set(j, "n", json_integer(n), &e) < 0 || write(out, &n, sizeof(n)) != sizeof(n))
            _exit(1);
    }
}

static int64_t drain_acknowledged(int in, int64_t last)
{
    for (int64_t n; read(in, &n, sizeof(n)) == sizeof(n);)
        last = n;
    return last;
}

static void killed_anywhere(void **state)
{
    const struct made *m = *state;
    uint32_t seed = 20261121;
    int64_t last = 0;

    for (int round = 0; round < 50; round++) {
        int fds[2], st;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0)
            append_forever(m->path, fds[1], last + 1);
        close(fds[1]);
        seed = seed * 1664525u + 1013904223u;
        const struct timespec delay = { 0, (long)(seed >> 8) % 2000000 };
        for (uint32_t i = 0; i < 1 + (seed >> 16) % 8; i++)
            assert_int_equal(read(fds[0], &last, sizeof(last)), sizeof(last));
        (void)ppoll(NULL, 0, &delay, NULL); /* to any point of the appends that follow */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &st, 0), pid);
        assert_true(WIFSIGNALED(st));
        last = drain_acknowledged(fds[0], last);
        close(fds[0]);
        struct journal *j = must_read(m->path);
        int64_t have = json_integer_value(journal_get(j, "n"));
        journal_free(j);
        /* One more may be on disk than was told. */
        if (have != last && have != last + 1)
            fail_msg("round %d: %lld was acknowledged, the journal has %lld", round, (long long)last, (long long)have);
        last = have;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(flip_every_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_records, setup, teardown),
        cmocka_unit_test_setup_teardown(missing, setup, teardown),
        cmocka_unit_test_setup_teardown(symlink_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(facts, setup, teardown),
        cmocka_unit_test_setup_teardown(not_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(disk_full, setup, unmount),
        cmocka_unit_test_setup_teardown(killed_anywhere, setup, teardown),
    };

    return cmocka_run_group_tests_name("step/journal", tests, NULL, NULL);
}
