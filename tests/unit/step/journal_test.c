/* The journal on a real file system: every cut, every flipped bit, a full disk, a killed writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/util.h"
#include "step/journal.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

static char dir[64], path[96];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/slipway-journal.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/journal", dir);
    return 0;
}

static int drop_dir(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    return fsx_remove_tree(dir, &e);
}

static struct journal *must_open(void)
{
    struct journal *j = NULL;
    struct err e = ERR_INIT;

    if (journal_open(path, "flows", clock_real(), &j, &e) < 0)
        fail_msg("open: %s", e.msg);
    return j;
}

static void must(int rc, const struct err *e)
{
    if (rc < 0)
        fail_msg("%s", e->msg);
}

/* Four acknowledged records after the first. */
static void write_sample(void)
{
    struct journal *j = must_open();
    struct err e = ERR_INIT;

    must(journal_intent(j, "a", &e), &e);
    must(journal_done(j, "a", &e), &e);
    must(journal_set(j, "k", json_string("v"), &e), &e);
    must(journal_failed(j, "b", "no", &e), &e);
    journal_free(j);
}

static void read_all(struct sbuf *out)
{
    struct err e = ERR_INIT;

    must(fsx_read(path, out, &e), &e);
}

static void write_all(const char *text, size_t len)
{
    struct err e = ERR_INIT;

    must(fsx_replace(path, text, len, 0600, &e), &e);
}

static void round_trip(void **state)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    (void)state;
    write_sample();
    must(journal_read(path, &j, &e), &e);
    assert_int_equal(journal_mark(j, "a"), JOURNAL_DONE);
    assert_int_equal(journal_mark(j, "b"), JOURNAL_NONE);
    assert_string_equal(journal_str(j, "k"), "v");
    assert_string_equal(journal_failure(j), "no");
    journal_free(j);

    j = must_open();
    must(journal_set(j, "k", json_null(), &e), &e);
    must(journal_intent(j, "b", &e), &e);
    must(journal_undone(j, "a", &e), &e);
    assert_int_equal(journal_mark(j, "b"), JOURNAL_INTENT);
    assert_int_equal(journal_mark(j, "a"), JOURNAL_NONE);
    assert_null(journal_get(j, "k"));
    must(journal_failed(j, "b", "\xff not text", &e), &e);
    assert_int_equal(journal_set(j, "x", json_string("\xff"), &e), -1);
    journal_free(j);
}

static void same_fact_writes_nothing(void **state)
{
    struct err e = ERR_INIT;
    off_t before, after;

    (void)state;
    write_sample();
    struct journal *j = must_open();
    must(fsx_size(path, &before, &e), &e);
    must(journal_set(j, "k", json_string("v"), &e), &e);
    must(fsx_size(path, &after, &e), &e);
    assert_int_equal(before, after);
    journal_free(j);
}

/* Whatever was cut off, what is left is a prefix of what was acknowledged, and writing goes on. */
static void cut_at_every_byte(void **state)
{
    AUTO_SBUF struct sbuf whole = SBUF_INIT(65536);

    (void)state;
    write_sample();
    read_all(&whole);
    for (size_t n = 0; n <= whole.len; n++) {
        struct err e = ERR_INIT;
        struct journal *j = NULL;
        write_all(whole.data, n);
        if (journal_read(path, &j, &e) < 0)
            fail_msg("cut at %zu: read: %s", n, e.msg);
        journal_free(j);
        j = must_open();
        must(journal_intent(j, "later", &e), &e);
        journal_free(j);
        must(journal_read(path, &j, &e), &e);
        if (journal_mark(j, "later") != JOURNAL_INTENT)
            fail_msg("cut at %zu: what was written later is lost", n);
        journal_free(j);
    }
}

/* No flipped bit goes unnoticed, but in a last line that lost its end; nothing is touched. */
static void flip_every_bit(void **state)
{
    AUTO_SBUF struct sbuf whole = SBUF_INIT(65536), after = SBUF_INIT(65536);

    (void)state;
    write_sample();
    read_all(&whole);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        struct err e = ERR_INIT;
        struct journal *j = NULL;
        AUTO_FREE char *text = xstrndup(whole.data, whole.len);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        write_all(text, whole.len);
        int rc = journal_open(path, "flows", clock_real(), &j, &e);
        if (rc == 0) {
            journal_free(j);
            if (bit / 8 != whole.len - 1)
                fail_msg("flipped bit %zu of %zu was not noticed", bit, whole.len * 8);
            continue;
        }
        assert_int_equal(e.code, ERR_CONFLICT);
        sbuf_reset(&after);
        read_all(&after);
        if (after.len != whole.len || memcmp(after.data, text, whole.len) != 0)
            fail_msg("flipped bit %zu: the file was touched", bit);
    }
}

static void damage_names_its_offset(void **state)
{
    AUTO_SBUF struct sbuf whole = SBUF_INIT(65536);
    struct err e = ERR_INIT;
    struct journal *j = NULL;
    char want[64];

    (void)state;
    write_sample();
    read_all(&whole);
    size_t second = (size_t)(strchr(whole.data, '\n') - whole.data) + 1;
    whole.data[second + 12] = '#';
    write_all(whole.data, whole.len);
    assert_int_equal(journal_read(path, &j, &e), -1);
    (void)snprintf(want, sizeof(want), "damaged at byte %zu", second);
    assert_non_null(strstr(e.msg, want));
}

static void newer_version_is_refused(void **state)
{
    static const char record[] = "{\"k\":\"open\",\"name\":\"flows\",\"version\":2}";
    AUTO_FREE char *line = xasprintf("%08x %s\n", hash_crc32(record, strlen(record)), record);
    AUTO_SBUF struct sbuf after = SBUF_INIT(65536);
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    (void)state;
    write_all(line, strlen(line));
    assert_int_equal(journal_open(path, "flows", clock_real(), &j, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, "version 2"));
    read_all(&after);
    assert_string_equal(after.data, line);
}

static void full_disk(void **state)
{
    struct err e = ERR_INIT;
    char filler[128];

    (void)state;
    if (geteuid() != 0) {
        print_message("a full disk needs root for its tmpfs\n");
        skip();
    }
    assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=64k"), 0);
    struct journal *j = must_open();
    (void)snprintf(filler, sizeof(filler), "%s/filler", dir);
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    AUTO_FREE char *block = xcalloc(1, 4096);
    while (write(fd, block, 4096) > 0)
        ;
    close(fd);
    int written = 0, rc;
    while ((rc = journal_intent(j, "step", &e)) == 0 && written < 1000)
        written++;
    bool refused = rc < 0 && e.code == ERR_INTERNAL;
    unlink(filler);
    err_clear(&e);
    int later = journal_done(j, "step", &e);
    journal_free(j);
    j = NULL;
    int back = journal_read(path, &j, &e);
    bool done = j && journal_mark(j, "step") == JOURNAL_DONE;
    journal_free(j);
    assert_int_equal(umount(dir), 0);
    assert_true(refused);
    assert_int_equal(later, 0);
    assert_int_equal(back, 0);
    assert_true(done);
}

/* The child says which record was acknowledged; whenever it is killed, that one is there. */
static void killed_writer(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        int fds[2], acknowledged = 0, got;
        struct err e = ERR_INIT;
        struct journal *j = NULL;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct journal *mine = must_open();
            for (int i = 1;; i++)
                if (journal_set(mine, "n", json_integer(i), &e) < 0 || write(fds[1], &i, sizeof(i)) < 0)
                    _exit(1);
        }
        close(fds[1]);
        for (int reads = 0; reads < 3 + round && read(fds[0], &got, sizeof(got)) == sizeof(got); reads++)
            acknowledged = got;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(fds[0]);
        must(journal_read(path, &j, &e), &e);
        if (json_integer_value(journal_get(j, "n")) < acknowledged)
            fail_msg("round %d: record %d was acknowledged and is lost", round, acknowledged);
        journal_free(j);
        assert_int_equal(unlink(path), 0);
    }
}

static void missing_is_told_apart(void **state)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    (void)state;
    assert_int_equal(journal_read(path, &j, &e), -1);
    assert_int_equal(e.sys, 2 /* ENOENT */);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(same_fact_writes_nothing, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(cut_at_every_byte, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(flip_every_bit, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(damage_names_its_offset, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(newer_version_is_refused, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(full_disk, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(killed_writer, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(missing_is_told_apart, make_dir, drop_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
