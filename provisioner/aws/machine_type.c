#include "aws/machine_type.h"
#include "aws/price.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

enum { MEM_MIN_MIB = 1900 };

/* K3s with its PostgreSQL and server in pods wants twice what the units take. */
static const struct {
    const char *runtime, *type;
} automatic[] = { { "k3s", "t3.large" }, { "systemd", "t3.medium" } };

const char *aws_machine_type(const struct run *r)
{
    const char *size = r->spec->machine.size;
    int vcpus = 0, gib = 0, used = 0;

    if (strcmp(size, "auto") == 0) {
        for (size_t i = 0; i < ARRAY_LEN(automatic); i++)
            if (strcmp(r->spec->runtime, automatic[i].runtime) == 0)
                return automatic[i].type;
    }
    if (sscanf(size, "%3dx%4d%n", &vcpus, &gib, &used) == 2 && !size[used]) {
        const char *type = aws_type_for(vcpus, gib, false);
        return type ? type : size;
    }
    return size;
}

int aws_machine_type_look(struct run *r, struct aws *a, struct aws_machine *ret, struct err *e)
{
    const char *type = aws_machine_type(r);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *rows = NULL;

    if (!strchr(type, '.')) {
        (void)err_set(e, ERR_SPEC, "machine.size '%s': no instance type in this version's table is that large", type);
        return err_hint(e, "write the instance type, such as m7i.4xlarge");
    }
    aws_query_add(&q, "InstanceType.1", type);
    if (aws_call_all(a->client, "DescribeInstanceTypes", &q, "instanceTypeSet", &rows, e) < 0)
        return err_wrap(e, "machine.size '%s'", type);
    const json_t *row = json_array_get(rows, 0);
    const char *mem = jsonx_str(row, "memoryInfo.sizeInMiB"), *arch = "";
    size_t i;
    json_t *one;
    json_array_foreach (jsonx_get(row, "processorInfo.supportedArchitectures"), i, one)
        if (strcmp(json_string_value(one), "x86_64") == 0 || strcmp(json_string_value(one), "arm64") == 0)
            arch = json_string_value(one);
    *ret = (struct aws_machine){ .vcpus = (int)strtol(jsonx_str(row, "vCpuInfo.defaultVCpus"), NULL, 10),
                                 .mem_mib = strtoll(mem, NULL, 10) };
    (void)snprintf(ret->arch, sizeof(ret->arch), "%s", arch);
    if (!*arch)
        return err_set(e, ERR_SPEC, "machine.size '%s' is not an instance type of region '%s' that runs Linux", type,
                       aws_client_region(a->client));
    if (ret->mem_mib < MEM_MIN_MIB) {
        (void)err_set(e, ERR_SPEC, "machine.size '%s' has %lld MiB of memory, too little for Prefect", type,
                      (long long)ret->mem_mib);
        return err_hint(e, "t3.medium is enough for runtime systemd, t3.large for k3s");
    }
    return 0;
}
