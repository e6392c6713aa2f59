/* config.yaml from node facts and the spec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/jsonx.h"
#include "core/util.h"
#include "host/node.h"
#include "kube/k3s.h"
#include "spec/spec.h"
#include <string.h>

static const struct {
    const char *name;
    struct node node;
    const char *user, *want;
} cases[] = {
    { "a full machine",
      { .vcpus = 4, .mem_mib = 16000, .overlayfs = true, .cap_sys_resource = true },
      "{}",
      "{\"disable\":[\"traefik\",\"servicelb\",\"metrics-server\"],\"kubelet-arg\":[\"max-pods=70\"],\"node-name\":"
      "\"flows\",\"secrets-encryption\":true,\"write-kubeconfig-mode\":\"0600\"}" },
    { "a restricted container",
      { .vcpus = 2, .mem_mib = 24000 },
      "{}",
      "{\"disable\":[\"traefik\",\"servicelb\",\"metrics-server\"],\"kube-proxy-arg\":[\"conntrack-max-per-core=0\"],"
      "\"kubelet-arg\":[\"max-pods=60\"],\"node-name\":\"flows\",\"secrets-encryption\":true,\"snapshotter\":"
      "\"native\","
      "\"write-kubeconfig-mode\":\"0600\"}" },
    { "lists of -arg keys are joined, the rest is replaced",
      { .vcpus = 1, .mem_mib = 2000, .overlayfs = true, .cap_sys_resource = true },
      "{\"kubelet-arg\":[\"v=2\"],\"disable\":[\"traefik\"],\"node-label\":[\"a=b\"]}",
      "{\"disable\":[\"traefik\"],\"kubelet-arg\":[\"max-pods=60\",\"v=2\"],\"node-label\":[\"a=b\"],\"node-name\":"
      "\"flows\",\"secrets-encryption\":true,\"write-kubeconfig-mode\":\"0600\"}" },
};

static void configured(void **state)
{
    char name[] = "flows";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct node node = cases[i].node;
        AUTO_JSON json_t *user = json_loads(cases[i].user, 0, NULL);
        struct spec spec = { .name = name, .k3s = { .config = user } };
        struct run run = { .spec = &spec, .node = &node };
        AUTO_JSON json_t *config = k3s_config(&run);
        AUTO_FREE char *text = jsonx_text(config, 0);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s:\n got %s\nwant %s", cases[i].name, text, cases[i].want);
    }
}

/* A pool never gets more runs than memory or processors carry, and never none. */
static void concurrency(void **state)
{
    static const struct {
        int64_t vcpus, mem_mib, want;
    } sizes[] = { { 1, 2000, 2 }, { 2, 8000, 13 }, { 4, 16000, 40 }, { 2, 64000, 20 }, { 64, 256000, 640 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct node n = { .vcpus = sizes[i].vcpus, .mem_mib = sizes[i].mem_mib };
        assert_int_equal(node_concurrency(&n), sizes[i].want);
        assert_in_range(node_max_pods(&n), 60, 240);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(configured), cmocka_unit_test(concurrency) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
