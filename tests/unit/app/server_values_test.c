/* Values of the chart that would lose events are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "app/server_values.h"
#include "core/jsonx.h"
#include "core/util.h"
#include <cmocka.h>
#include <string.h>

static const struct {
    const char *values, *named; /* what the message names, or NULL: it fits */
} rows[] = {
    { "{}", NULL },
    { "{\"server\": {\"loggingLevel\": \"INFO\"}}", NULL },
    { "{\"server\": {\"replicaCount\": 1}}", NULL },
    { "{\"server\": {\"replicaCount\": 0}}", NULL },
    { "{\"server\": {\"replicaCount\": 2}}", "server.replicaCount" },
    { "{\"server\": {\"autoscaling\": {\"enabled\": false, \"maxReplicas\": 100}}}", NULL },
    { "{\"server\": {\"autoscaling\": {\"enabled\": true}}}", "server.autoscaling.enabled" },
    { "{\"backgroundServices\": {\"runAsSeparateDeployment\": false}}", NULL },
    { "{\"backgroundServices\": {\"runAsSeparateDeployment\": true}}", "backgroundServices.runAsSeparateDeployment" },
    { "{\"server\": \"text\"}", NULL },
};

static void one_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *values = jsonx_parse(rows[i].values, strlen(rows[i].values), "the row", &e);
        assert_non_null(values);
        int rc = server_values_fit(values, &e);
        if (rc != (rows[i].named ? -1 : 0))
            fail_msg("%s: %d %s", rows[i].values, rc, e.msg);
        if (!rows[i].named)
            continue;
        assert_int_equal(e.code, ERR_SPEC);
        assert_non_null(strstr(e.msg, rows[i].named));
        assert_true(e.hint[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_process) };

    return cmocka_run_group_tests_name("app/server_values", tests, NULL, NULL);
}
