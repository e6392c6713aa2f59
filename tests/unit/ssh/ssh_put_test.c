#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include <sys/mount.h>

#include "core/cancel.h"
#include "core/hash.h"

static struct sshd server;
static struct ssh *conn;
static char full[64]; /* a file system of 1 MiB, or "" */

static int start(void **state)
{
    (void)state;
    cancel_install();
    sshd_start(&server, NULL);
    conn = sshd_connect(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    /* Some of it belongs to root. */
    const char *rm[] = { "sh", "-c", "cd \"$1\" && rm -rf -- 'new dir' copy", "sh", server.dir, NULL };
    struct ssh_opts o = { .sudo = true };
    MUST(ssh_run(conn, rm, &o, NULL, e));
    ssh_close(conn);
    sshd_stop(&server);
    return 0;
}

static void text_arrives_with_mode(void **state)
{
    AUTO_FREE char *path = fsx_join(server.dir, "new dir/it's $HOME");
    char sum[HASH_HEX];
    struct stat st;

    (void)state;
    hash_sha256_hex("hello\n", 6, sum);
    struct ssh_file f = { path, "0640", "root:root", sum };
    MUST(ssh_put_text(conn, &f, "hello\n", 6, e));
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    struct ssh_opts o = { .sudo = true };
    MUST(ssh_run(conn, (const char *const[]){ "cat", path, NULL }, &o, &r, e));
    assert_string_equal(r.out.data, "hello\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_uid, 0);
}

static void wrong_digest_leaves_the_old_file(void **state)
{
    AUTO_FREE char *path = fsx_join(server.dir, "kept");
    AUTO_FREE char *tmp = fsx_join(server.dir, "kept.tmp");
    char sum[HASH_HEX];
    struct err why = ERR_INIT;

    (void)state;
    write_file(server.dir, "kept", "old", 0600);
    hash_sha256_hex("other", 5, sum);
    struct ssh_file f = { path, "0644", NULL, sum };
    assert_int_equal(ssh_put_text(conn, &f, "hello", 5, &why), -1);
    assert_int_equal(why.code, ERR_CONFLICT);
    assert_non_null(strstr(why.msg, sum));
    hash_sha256_hex("hello", 5, sum);
    assert_non_null(strstr(why.msg, sum));
    AUTO_FREE char *got = read_file(server.dir, "kept");
    assert_string_equal(got, "old");
    assert_false(fsx_exists(tmp));
}

static int random_file(const char *path, size_t size, char ret_sum[HASH_HEX])
{
    AUTO_FREE unsigned char *data = xcalloc(1, size);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 2654435761u >> 13);
    hash_sha256_hex(data, size, ret_sum);
    MUST(fsx_write_all(fd, data, size, e));
    (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

struct progress {
    off_t last, total;
    int calls;
};

static void on_progress(void *ctx, off_t done, off_t total)
{
    struct progress *p = ctx;

    assert_true(done >= p->last && done <= total);
    *p = (struct progress){ done, total, p->calls + 1 };
}

static void large_file(void **state)
{
    enum { SIZE = 20 << 20 };

    AUTO_FREE char *src = fsx_join(server.dir, "big");
    AUTO_FREE char *path = fsx_join(server.dir, "copy");
    char sum[HASH_HEX], got[HASH_HEX];
    struct progress p = { 0 };
    AUTO_CLOSE int fd = random_file(src, SIZE, sum);
    struct ssh_file f = { path, "0644", NULL, sum };

    (void)state;
    MUST(ssh_put_fd(conn, &f, fd, SIZE, 60000, on_progress, &p, e));
    MUST(hash_sha256_file(path, got, e));
    assert_string_equal(got, sum);
    assert_int_equal(p.last, SIZE);
    assert_true(p.calls > 10);
}

static void file_that_became_shorter(void **state)
{
    AUTO_FREE char *src = fsx_join(server.dir, "short");
    AUTO_FREE char *path = fsx_join(server.dir, "short copy");
    AUTO_FREE char *tmp = fsx_join(server.dir, "short copy.tmp");
    char sum[HASH_HEX];
    struct err why = ERR_INIT;
    AUTO_CLOSE int fd = random_file(src, 100000, sum);
    struct ssh_file f = { path, "0644", NULL, NULL };

    (void)state;
    assert_int_equal(ssh_put_fd(conn, &f, fd, 200000, 60000, NULL, NULL, &why), -1);
    assert_non_null(strstr(why.msg, "shorter"));
    /* The part that arrived is not what was meant. */
    for (int i = 0; i < 500 && fsx_exists(tmp); i++)
        (void)poll(NULL, 0, 10);
    assert_false(fsx_exists(tmp));
    assert_false(fsx_exists(path));
}

/* A file that must stay a file: nothing is written through a link. */
static void link_is_replaced_not_followed(void **state)
{
    AUTO_FREE char *path = fsx_join(server.dir, "link");
    AUTO_FREE char *tmp = fsx_join(server.dir, "link.tmp");
    AUTO_FREE char *victim = fsx_join(server.dir, "victim");
    struct ssh_file f = { path, "0600", NULL, NULL };
    struct stat st;

    (void)state;
    write_file(server.dir, "victim", "untouched", 0644);
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(symlink(victim, tmp), 0);
    MUST(ssh_put_text(conn, &f, "new", 3, e));
    AUTO_FREE char *still = read_file(server.dir, "victim");
    assert_string_equal(still, "untouched");
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void empty_file(void **state)
{
    AUTO_FREE char *path = fsx_join(server.dir, "empty");
    char sum[HASH_HEX];
    off_t size = -1;

    (void)state;
    hash_sha256_hex("", 0, sum);
    struct ssh_file f = { path, "0644", NULL, sum };
    MUST(ssh_put_text(conn, &f, "", 0, e));
    MUST(fsx_size(path, &size, e));
    assert_int_equal(size, 0);
}

static void refusals(void **state)
{
    AUTO_FREE char *is_dir = fsx_join(server.dir, "a directory");
    AUTO_FREE char *path = fsx_join(server.dir, "refused");
    AUTO_FREE char *below_file = fsx_join(server.dir, "authorized_keys/x");

    const struct {
        struct ssh_file f;
        const char *says;
    } cases[] = {
        { { "relative", "0644", NULL, NULL }, "absolute" },
        { { is_dir, "0644", NULL, NULL }, "directory" },
        { { below_file, "0644", NULL, NULL }, "authorized_keys" },
        { { path, "9999", NULL, NULL }, "invalid mode" },
        { { path, "0644", "no-such-user:root", NULL }, "invalid user" },
    };

    (void)state;
    assert_int_equal(mkdir(is_dir, 0755), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err why = ERR_INIT;
        assert_int_equal(ssh_put_text(conn, &cases[i].f, "x", 1, &why), -1);
        if (!strstr(why.msg, cases[i].says))
            fail_msg("case %zu: %s", i, why.msg);
    }
    assert_false(fsx_exists(path));
}

static void full_disk(void **state)
{
    enum { SIZE = 4 << 20 };

    AUTO_FREE char *src = fsx_join(server.dir, "much");
    AUTO_FREE char *path = fsx_join(full, "file");
    AUTO_FREE char *tmp = fsx_join(full, "file.tmp");
    char sum[HASH_HEX];
    struct err why = ERR_INIT;

    (void)state;
    if (!full[0]) {
        print_message("a full disk needs root for its tmpfs\n");
        skip();
    }
    AUTO_CLOSE int fd = random_file(src, SIZE, sum);
    struct ssh_file f = { path, "0644", NULL, sum };
    assert_int_equal(ssh_put_fd(conn, &f, fd, SIZE, 60000, NULL, NULL, &why), -1);
    assert_int_equal(why.code, ERR_REMOTE);
    assert_non_null(strstr(why.msg, "no space left on the machine"));
    assert_non_null(strstr(why.msg, path));
    assert_false(fsx_exists(tmp));
    f.sha256 = NULL;
    MUST(ssh_put_text(conn, &f, "fits", 4, e));
    assert_int_equal(unlink(path), geteuid() == 0 ? 0 : -1);
}

static int group(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_arrives_with_mode),
        cmocka_unit_test(wrong_digest_leaves_the_old_file),
        cmocka_unit_test(large_file),
        cmocka_unit_test(file_that_became_shorter),
        cmocka_unit_test(link_is_replaced_not_followed),
        cmocka_unit_test(empty_file),
        cmocka_unit_test(refusals),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

int main(void)
{
    /* In a namespace of our own, so that it is gone with us. */
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0) {
        (void)snprintf(full, sizeof(full), "/tmp/slipway-full-XXXXXX");
        if (!mkdtemp(full) || mount("tmpfs", full, "tmpfs", 0, "size=1m,mode=1777") < 0)
            return 1;
    }
    int rc = run_as_each_user(group);
    if (full[0]) {
        umount(full);
        rmdir(full);
    }
    return rc;
}
