#include "app/runtime.h"
#include "app/runtime_k3s.h"
#include "app/runtime_systemd.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

static const struct runtime *const runtimes[] = { &runtime_k3s, &runtime_systemd };

const struct runtime *runtime_nth(size_t i)
{
    return i < ARRAY_LEN(runtimes) ? runtimes[i] : NULL;
}

const struct runtime *runtime_of(const struct run *r)
{
    for (size_t i = 0; i < ARRAY_LEN(runtimes); i++)
        if (strcmp(runtimes[i]->name, r->spec->runtime) == 0)
            return runtimes[i];
    return runtimes[0];
}
