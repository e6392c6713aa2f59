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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
