#include "app/server_values.h"
#include "core/jsonx.h"
#include "core/util.h"

int server_values_fit(const json_t *values, struct err *e)
{
    static const char *const several[] = {
        "server.replicaCount",
        "server.autoscaling.enabled",
        "backgroundServices.runAsSeparateDeployment",
    };

    for (size_t i = 0; i < ARRAY_LEN(several); i++) {
        const json_t *v = jsonx_get(values, several[i]);
        if (!json_is_true(v) && json_integer_value(v) <= 1)
            continue;
        (void)err_set(e, ERR_SPEC,
                      "prefect.server.values: '%s' asks for more than one server process, which do not hear of each "
                      "other without Redis",
                      several[i]);
        return err_hint(e,
                        "leave it out: on one machine one process, with more in prefect.server.resources, does more");
    }
    return 0;
}
