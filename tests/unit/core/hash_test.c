/* Published vectors: FIPS 180-4 examples of SHA-256, CRC-32/ISO-HDLC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "scratch.h"

#define LONG_TEXT "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

static const struct {
    const char *text;
    size_t times;
    const char *sha256;
} rows[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { LONG_TEXT, 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void sha256(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "file");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t n = strlen(rows[i].text), len = n * rows[i].times;
        AUTO_FREE char *text = xcalloc(len + 1, 1);
        struct err e = ERR_INIT;
        char whole[HASH_HEX], parts[HASH_HEX], file[HASH_HEX];
        struct hash_sha256 *h = hash_sha256_new();
        for (size_t k = 0; k < rows[i].times; k++) {
            memcpy(text + k * n, rows[i].text, n);
            hash_sha256_add(h, rows[i].text, n);
        }
        hash_sha256_free(h, parts);
        hash_sha256_hex(text, len, whole);
        scratch_write(path, text, len);
        assert_int_equal(hash_sha256_file(path, file, &e), 0);
        assert_string_equal(whole, rows[i].sha256);
        assert_string_equal(parts, rows[i].sha256);
        assert_string_equal(file, rows[i].sha256);
    }
    hash_sha256_free(hash_sha256_new(), NULL);
}

static void file_errors(void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "none");
    struct err e = ERR_INIT;
    char hex[HASH_HEX] = "untouched";

    assert_int_equal(hash_sha256_file(path, hex, &e), -1);
    assert_int_equal(e.sys, ENOENT);
    expect_in(e.msg, path);
    assert_int_equal(hash_sha256_file(*state, hex, &e), -1);
    assert_int_equal(e.sys, EISDIR);
    assert_string_equal(hex, "untouched");
}

static void crc32(void **state)
{
    (void)state;
    assert_int_equal(hash_crc32("", 0), 0);
    assert_int_equal(hash_crc32("a", 1), 0xe8b7be43u);
    assert_int_equal(hash_crc32("123456789", 9), 0xcbf43926u);
    assert_int_equal(hash_crc32("\0\0\0\0", 4), 0x2144df1cu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sha256, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(file_errors, scratch_setup, scratch_teardown),
        cmocka_unit_test(crc32),
    };

    return cmocka_run_group_tests_name("core/hash", tests, NULL, NULL);
}
