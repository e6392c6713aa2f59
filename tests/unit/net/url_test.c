#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/util.h"
#include "net/url.h"

static void test_metadata(void **state)
{
    static const struct {
        const char *url;
        bool yes;
    } rows[] = {
        { "http://169.254.169.254/latest/api/token", true },
        { "http://169.254.169.254:80/", true },
        { "http://169.254.170.2/v2/credentials", true },
        { "http://169.254.170.23/v1/credentials", true },
        { "http://[fd00:ec2::254]/latest", true },
        { "http://[fd00:ec2::23]/v1/credentials", true },
        { "http://[fd00:ec2:0:0:0:0:0:254]/latest", true },
        { "http://[FD00:EC2::254]/latest", true },
        { "http://169.254.169.254.evil.org/", false },
        { "http://169.254.169.253/", false },
        { "http://169.254.170.2@evil.org/", false },
        { "http://[fd00:ec2::253]/", false },
        { "http://evil.org/169.254.169.254", false },
        { "http://fd00.example.com/", false },
        { "", false },
        { "169", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (url_is_metadata(rows[i].url) != rows[i].yes)
            fail_msg("'%s' should%s be one", rows[i].url, rows[i].yes ? "" : " not");
}

static void test_parts(void **state)
{
    static const struct {
        const char *url, *authority, *path;
    } rows[] = {
        { "https://sts.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com", "/" },
        { "https://h:443/a/b?q=1#f", "h", "/a/b" },
        { "http://h:443/", "h:443", "/" },
        { "http://h:80/", "h", "/" },
        { "http://user:pw@127.0.0.1:5000/x/", "127.0.0.1:5000", "/x/" },
        { "http://[::1]:8080/%20", "[::1]:8080", "/%20" },
        { "not a url", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char got[256];
        url_authority(rows[i].url, got, sizeof(got));
        assert_string_equal(got, rows[i].authority);
        url_path(rows[i].url, got, sizeof(got));
        assert_string_equal(got, rows[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
