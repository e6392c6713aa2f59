#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include "core/base64.h"
#include "ssh/key_text.h"

static char dir[64];

static int start(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/slipway-key-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    MUST(fsx_remove_tree(dir, e));
    return 0;
}

/* What ssh-keygen says. */
static char *keygen(const char *const argv[])
{
    struct sbuf out = SBUF_INIT(64 << 10);
    struct proc_opts o = { .out = &out, .timeout_ms = 20000 };

    MUST(proc_run(argv, &o, e));
    sbuf_trim(&out);
    return sbuf_take(&out);
}

static void ssh_keygen_agrees(void **state)
{
    AUTO_SSH_KEY struct ssh_key k = { NULL, NULL };
    AUTO_FREE char *path = fsx_join(dir, "agreed");
    char sum[64];

    (void)state;
    MUST(ssh_key_ensure(dir, "agreed", &k, e));
    AUTO_FREE char *public = keygen((const char *const[]){ "ssh-keygen", "-y", "-f", path, NULL });
    assert_string_equal(k.public, public);
    assert_non_null(strstr(k.pem, "-----BEGIN EC PRIVATE KEY-----"));
    MUST(ssh_key_fingerprint(k.public, sum, e));
    AUTO_FREE char *shown = keygen((const char *const[]){ "ssh-keygen", "-lf", path, NULL });
    assert_non_null(strstr(shown, sum));
    assert_int_equal(strlen(sum), 7 + 43);
}

static void keys_differ_and_stay(void **state)
{
    AUTO_SSH_KEY struct ssh_key a = { NULL, NULL };
    AUTO_SSH_KEY struct ssh_key again = { NULL, NULL };
    AUTO_SSH_KEY struct ssh_key b = { NULL, NULL };
    AUTO_FREE char *path = fsx_join(dir, "a");
    struct stat st;

    (void)state;
    MUST(ssh_key_ensure(dir, "a", &a, e));
    MUST(ssh_key_ensure(dir, "a", &again, e));
    MUST(ssh_key_ensure(dir, "b", &b, e));
    assert_string_equal(a.pem, again.pem);
    assert_string_equal(a.public, again.public);
    assert_string_not_equal(a.public, b.public);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void files_that_are_not_believed(void **state)
{
    AUTO_SSH_KEY struct ssh_key good = { NULL, NULL };
    AUTO_FREE char *good_path = fsx_join(dir, "good");
    AUTO_FREE char *link_path = fsx_join(dir, "link");
    AUTO_FREE char *fifo = fsx_join(dir, "fifo");
    AUTO_FREE char *folder = fsx_join(dir, "folder");
    AUTO_FREE char *foreign = fsx_join(dir, "foreign");
    AUTO_FREE char *ed25519 = fsx_join(dir, "ed25519");
    AUTO_FREE char *p384 = fsx_join(dir, "p384");
    struct proc_opts o = { .timeout_ms = 20000 };
    static const char *const cases[][2] = {
        { "readable", "read by others" }, { "link", "symbolic link" }, { "fifo", "regular file" },
        { "folder", "regular file" },     { "empty", "private key" },  { "cut", "private key" },
        { "ed25519", "private key" },     { "p384", "not P-256" },     { "large", "larger than" },
        { "foreign", "belongs to user" },
    };

    (void)state;
    MUST(ssh_key_ensure(dir, "good", &good, e));
    write_file(dir, "readable", good.pem, 0640);
    assert_int_equal(symlink(good_path, link_path), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(dir, "empty", "", 0600);
    AUTO_FREE char *cut = xstrndup(good.pem, strlen(good.pem) / 2);
    write_file(dir, "cut", cut, 0600);
    AUTO_FREE char *large = xcalloc(1, 20001);
    memset(large, 'x', 20000);
    write_file(dir, "large", large, 0600);
    MUST(proc_run((const char *const[]){ "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ed25519, NULL }, &o, e));
    MUST(proc_run((const char *const[]){ "ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-m", "PEM", "-N", "", "-f",
                                         p384, NULL },
                  &o, e));
    write_file(dir, "foreign", good.pem, 0600);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(chown(foreign, 12345, 12345), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases) - !root; i++) {
        AUTO_SSH_KEY struct ssh_key k = { NULL, NULL };
        struct err why = ERR_INIT;
        if (ssh_key_ensure(dir, cases[i][0], &k, &why) == 0)
            fail_msg("%s was believed", cases[i][0]);
        if (!strstr(why.msg, cases[i][1]) || !strstr(why.msg, cases[i][0]))
            fail_msg("%s: %s", cases[i][0], why.msg);
        if (i != 8) /* a file too large is no matter of rights */
            assert_int_equal(why.code, ERR_AUTH);
        assert_null(strstr(why.msg, "BEGIN"));
    }
}

static void matching(void **state)
{
    AUTO_SSH_KEY struct ssh_key k = { NULL, NULL };
    AUTO_SBUF struct sbuf blob = SBUF_INIT(1024);
    char sum[64];

    (void)state;
    MUST(ssh_key_generate(&k, e));
    const char *b64 = strchr(k.public, ' ') + 1;
    MUST(base64_decode(&blob, b64, strlen(b64), e));
    MUST(ssh_key_fingerprint(k.public, sum, e));
    AUTO_FREE char *comment = xasprintf("%s somebody@somewhere\n", k.public);
    AUTO_FREE char *padded = xasprintf("%s=", sum);
    AUTO_FREE char *type = xasprintf("ssh-ed25519 %s", b64);
    AUTO_FREE char *short_sum = xstrndup(sum, strlen(sum) - 1);
    AUTO_FREE char *altered = xstrdup(sum);
    altered[20] = altered[20] == 'A' ? 'B' : 'A';

    const struct {
        const char *want;
        int same;
    } cases[] = {
        { k.public, 1 }, { comment, 1 }, { sum, 1 },       { padded, 1 }, { type, 0 }, { short_sum, 0 },
        { altered, 0 },  { "", 0 },      { "SHA256:", 0 }, { b64, 0 },    { "*", 0 },  { "ecdsa-sha2-nistp256 ", 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (ssh_key_matches(cases[i].want, blob.data, blob.len) != cases[i].same)
            fail_msg("'%s' must give %d", cases[i].want, cases[i].same);
    blob.data[blob.len - 1] ^= 1;
    assert_int_equal(ssh_key_matches(k.public, blob.data, blob.len), 0);
    assert_int_equal(ssh_key_matches(sum, blob.data, blob.len), 0);
    assert_int_equal(ssh_key_matches(sum, blob.data, 0), 0);
}

/* A published pair: the fingerprints that GitHub states for its host key. */
static void known_fingerprint(void **state)
{
    char sum[64];

    (void)state;
    MUST(ssh_key_fingerprint("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", sum,
                             e));
    assert_string_equal(sum, "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
}

static void lines_that_are_not_keys(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-ed25519 AAAA",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    };
    char sum[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct err why = ERR_INIT;
        if (ssh_key_fingerprint(lines[i], sum, &why) == 0)
            fail_msg("'%s' was taken for a key", lines[i]);
        assert_int_equal(why.code, ERR_SPEC);
    }
}

/* Private keys come from people: no text may do more than be refused. */
static void damaged_private_keys(void **state)
{
    AUTO_FREE char *path = fsx_join(dir, "whole");
    struct proc_opts o = { .timeout_ms = 20000 };
    size_t refused = 0;

    (void)state;
    MUST(proc_run((const char *const[]){ "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL }, &o, e));
    AUTO_FREE char *pem = read_file(dir, "whole");
    MUST(key_text_check_private(pem, e));
    for (size_t cut = 0; cut < strlen(pem) - 30; cut++) {
        AUTO_FREE char *part = xstrndup(pem, cut);
        struct err why = ERR_INIT;
        refused += key_text_check_private(part, &why) < 0;
    }
    assert_int_equal(refused, strlen(pem) - 30);
    for (size_t i = 36; i < 200; i++) {
        AUTO_FREE char *other = xstrdup(pem);
        struct err why = ERR_INIT;
        other[i] = other[i] == '/' ? '+' : '/';
        (void)!key_text_check_private(other, &why);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ssh_keygen_agrees),           cmocka_unit_test(keys_differ_and_stay),
        cmocka_unit_test(files_that_are_not_believed), cmocka_unit_test(matching),
        cmocka_unit_test(known_fingerprint),           cmocka_unit_test(lines_that_are_not_keys),
        cmocka_unit_test(damaged_private_keys),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
