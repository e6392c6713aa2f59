/* Which packages of the distribution a spec wants on its machine. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/sbuf.h"
#include "core/svec.h"
#include "core/util.h"
#include "spec/spec.h"
#include "systemd/packages.h"
#include <string.h>

#define HEAD "apiVersion: slipway/v1\nname: t\nprovider: {local: {}}\nruntime: systemd\n"

static void follow_the_spec(void **state)
{
    static const struct {
        const char *more, *packages;
    } rows[] = {
        { "", "python3-venv git ca-certificates postgresql " },
        { "prefect: {server: {database: sqlite}}\n", "python3-venv git ca-certificates " },
        { "prefect: {server: {url: 'https://p.example.com/api'}}\n", "python3-venv git ca-certificates " },
        { "prefect: {work_pools: [{name: a, type: docker, docker_socket: true}]}\n",
          "python3-venv git ca-certificates postgresql docker.io " },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *text = xasprintf(HEAD "%s", rows[i].more);
        AUTO_SPEC struct spec *spec = NULL;
        AUTO_SVEC struct svec want = SVEC_INIT;
        AUTO_SBUF struct sbuf got = SBUF_INIT(4096);
        struct err e = ERR_INIT;
        if (spec_parse("slipway.yaml", text, strlen(text), &spec, &e) < 0)
            fail_msg("%s", e.msg);
        packages_wanted(spec, &want);
        for (size_t k = 0; k < want.len; k++)
            sbuf_addf(&got, "%s ", want.items[k]);
        assert_string_equal(got.data, rows[i].packages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(follow_the_spec) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
