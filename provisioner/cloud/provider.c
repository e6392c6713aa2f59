#include "cloud/provider.h"

void provider_removed(struct run *r, const char *kind, const char *name)
{
    if (r->removed)
        json_array_append_new(r->removed, json_pack("{s:s, s:s}", "kind", kind, "name", name));
}
