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
    struct ssh_file f = { path, "0640", NULL, sum };
    MUST(ssh_put_text(conn, &f, "hello\n", 6, e));
    AUTO_FREE char *got = read_file(server.dir, "new dir/it's $HOME");
    assert_string_equal(got, "hello");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
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

static void speed(void **state)
{
    AUTO_FREE char *src = fsx_join(server.dir, "big");
    AUTO_FREE char *path = fsx_join(server.dir, "copy");
    off_t size = 256 << 20;
    int fd = open(src, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    (void)state;
    assert_int_equal(posix_fallocate(fd, 0, size), 0);
    struct ssh_file f = { path, "0644", NULL, NULL };
    int64_t t = clock_real()->mono_ms(clock_real());
    MUST(ssh_put_fd(conn, &f, fd, size, 60000, NULL, NULL, e));
    t = clock_real()->mono_ms(clock_real()) - t;
    fprintf(stderr, "%.0f MB/s\n", (double)size / 1e3 / (double)t);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_arrives_with_mode),
        cmocka_unit_test(wrong_digest_leaves_the_old_file),
        cmocka_unit_test(speed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
