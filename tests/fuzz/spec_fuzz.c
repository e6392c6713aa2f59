/* Any bytes are either a spec with everything that is required, or a list of problems with their places. */
#include "core/util.h"
#include "spec/spec.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char path[] = "/nowhere/f";
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    if (spec_parse(path, (const char *)data, size, &s, &e) < 0) {
        demand(!s && e.code == ERR_SPEC && strncmp(e.msg, "/nowhere/f:", 11) == 0);
        json_t *text = json_string(e.msg); /* NULL when it is not UTF-8 */
        demand(text != NULL);
        json_decref(text);
        return 0;
    }
    demand(s && s->name && s->provider && s->prefect.n_work_pools >= 1 && s->prefect.work_pools[0].name);
    demand(s->machine.disk_gib >= 8 && s->access.ssh_from.len >= 1 && json_is_object(s->k3s.config));
    return 0;
}
