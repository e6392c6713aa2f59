#include "host/node.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "ssh/ssh.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fact_type { FACT_TEXT, FACT_INT, FACT_BOOL };

struct fact {
    const char *name;
    enum fact_type type;
    size_t offset, size;
};

#define FACT(field, type)                                                                \
    {                                                                                    \
#        field, type, offsetof(struct node, field), sizeof(((struct node *)NULL)->field) \
    }

static const struct fact facts[] = {
    FACT(hostname, FACT_TEXT), FACT(arch, FACT_TEXT),      FACT(os, FACT_TEXT),
    FACT(vcpus, FACT_INT),     FACT(mem_mib, FACT_INT),    FACT(disk_free_mib, FACT_INT),
    FACT(systemd, FACT_BOOL),  FACT(overlayfs, FACT_BOOL), FACT(cap_sys_resource, FACT_BOOL),
};

static void set_fact(struct node *n, const char *name, size_t len, const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        char *field = (char *)n + facts[i].offset;
        if (strlen(facts[i].name) != len || memcmp(facts[i].name, name, len) != 0)
            continue;
        if (facts[i].type == FACT_TEXT)
            (void)snprintf(field, facts[i].size, "%s", value);
        else if (facts[i].type == FACT_INT)
            *(int64_t *)(void *)field = strtoll(value, NULL, 10);
        else
            *(bool *)field = strcmp(value, "1") == 0;
    }
}

static int check(const struct node *n, const struct node_need *need, bool installed, struct err *e)
{
    if (strcmp(n->arch, "amd64") != 0 && strcmp(n->arch, "arm64") != 0)
        return err_set(e, ERR_REMOTE, "the machine's architecture '%s' is not supported (amd64, arm64)", n->arch);
    if (!n->systemd)
        return err_set(e, ERR_REMOTE, "the machine does not run systemd");
    if (n->mem_mib < need->mem_mib) {
        (void)err_set(e, ERR_REMOTE, "the machine has %lld MiB of memory, %s want %lld", (long long)n->mem_mib,
                      need->what, (long long)need->mem_mib);
        return err_hint(e, "take a larger machine.size");
    }
    if (!installed && n->disk_free_mib < need->disk_mib) {
        (void)err_set(e, ERR_REMOTE, "the machine's disk has %lld MiB free under /var/lib, the installation needs %lld",
                      (long long)n->disk_free_mib, (long long)need->disk_mib);
        return err_hint(e, "raise machine.disk_gib, or free space on the machine");
    }
    return 0;
}

int node_read(struct run *r, const struct node_need *need, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .what = "reading the facts of the machine" };
    char *save = NULL;

    if (ssh_script(r->ssh, template_get("templates/node-facts.sh"), NULL, &o, &res, e) < 0)
        return -1;
    struct node *n = xcalloc(1, sizeof(*n));
    for (char *line = strtok_r(res.out.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *equals = strchr(line, '=');
        if (equals)
            set_fact(n, line, (size_t)(equals - line), equals + 1);
    }
    node_free(r->node);
    r->node = n;
    return check(n, need, r->installed, e);
}

void node_free(struct node *n)
{
    free(n);
}

/* Measured shares of a small node: K3s 1.6 GiB, server and database 1.7, worker and system 1.1; 256 MiB a run. */
int64_t node_concurrency(const struct node *n)
{
    int64_t by_memory = (n->mem_mib - 4500) / 256;
    int64_t by_cpu = n->vcpus * 10;
    int64_t fit = by_memory < by_cpu ? by_memory : by_cpu;

    return fit < 2 ? 2 : fit;
}

int64_t node_max_pods(const struct node *n)
{
    int64_t pods = node_concurrency(n) + 30; /* system pods, finished Jobs that wait for their TTL */

    if (pods < 60)
        return 60;
    return pods > 240 ? 240 : pods; /* the node's /24 pod network ends there */
}
