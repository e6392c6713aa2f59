// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "cloud/local.h"
#include "cloud/local_net.h"
#include "core/mem.h"
#include "core/util.h"
#include <arpa/inet.h>
#include <string.h>

static const char *missing;

static bool all_but_missing(const char *tool)
{
    return !missing || strcmp(tool, missing) != 0;
}

static void driver_choice(void **state)
{
    static const struct {
        const char *name, *want, *missing;
        bool root;
        const char *driver; /* NULL: an error that holds `text`, with `hint` */
        const char *text, *hint;
    } cases[] = {
        { "root gets nspawn", "auto", NULL, true, "nspawn", NULL, NULL },
        { "a user gets qemu", "auto", NULL, false, "qemu", NULL, NULL },
        { "root without nspawn gets qemu", "auto", "systemd-nspawn", true, "qemu", NULL, NULL },
        { "nspawn by name", "nspawn", NULL, true, "nspawn", NULL, NULL },
        { "qemu by name as root", "qemu", NULL, true, "qemu", NULL, NULL },
        { "nspawn needs root", "nspawn", NULL, false, NULL, "needs root", "qemu" },
        { "missing package is named", "nspawn", "systemd-nspawn", true, NULL, "'systemd-nspawn'",
          "apt-get install systemd-container" },
        { "nspawn is there, another tool is not", "auto", "mmdebstrap", true, NULL, "'mmdebstrap'",
          "apt-get install mmdebstrap" },
        { "one package for two tools", "qemu", "debugfs", false, NULL, "'debugfs'", "apt-get install e2fsprogs" },
        { "unknown driver", "docker", NULL, true, NULL, "'docker' is not known", "auto, nspawn or qemu" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        missing = cases[i].missing;
        const struct local_driver *d = local_driver_choose(cases[i].want, cases[i].root, all_but_missing, &e);
        const char *got = d ? d->name : "(error)";
        const char *want = cases[i].driver ? cases[i].driver : "(error)";
        if (strcmp(got, want) != 0)
            fail_msg("%s: got %s (%s)", cases[i].name, got, e.msg);
        const char *text = cases[i].text, *hint = cases[i].hint;
        if (!d && text && hint && (!strstr(e.msg, text) || !strstr(e.hint, hint)))
            fail_msg("%s: said '%s', hint '%s'", cases[i].name, e.msg, e.hint);
    }
}

static void sizes(void **state)
{
    static const struct {
        const char *size;
        int host_vcpus;
        long available_mib;
        int vcpus, mem_mib; /* 0: refused */
    } cases[] = {
        { "auto", 2, 24000, 2, 8192 }, { "auto", 16, 4000, 4, 3000 }, { "2x4", 1, 1000, 2, 4096 },
        { "1x1", 8, 8000, 1, 1024 },   { "2x", 2, 8000, 0, 0 },       { "x2", 2, 8000, 0, 0 },
        { "0x2", 2, 8000, 0, 0 },      { "2x0", 2, 8000, 0, 0 },      { "2x4GiB", 2, 8000, 0, 0 },
        { "t3.large", 2, 8000, 0, 0 }, { "-2x4", 2, 8000, 0, 0 },     { "", 2, 8000, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct local_size got = { 0, 0 };
        struct err e = ERR_INIT;
        int rc = local_size_of(cases[i].size, cases[i].host_vcpus, cases[i].available_mib, &got, &e);
        if ((rc == 0) != (cases[i].vcpus != 0) || got.vcpus != cases[i].vcpus || got.mem_mib != cases[i].mem_mib)
            fail_msg("'%s': got %d, %d vCPUs, %d MiB (%s)", cases[i].size, rc, got.vcpus, got.mem_mib, e.msg);
        if (rc < 0 && (e.code != ERR_SPEC || !*e.hint))
            fail_msg("'%s': code %d, hint '%s'", cases[i].size, e.code, e.hint);
    }
}

static void routes(void **state)
{
    static const char text[] = "default via 192.0.2.1 dev eth0 \n"
                               "192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 \n"
                               "10.8.0.1 dev tun0 \n"
                               "blackhole 10.99.0.0/16 \n"
                               "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 \n"
                               "broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.2";
    static const struct local_prefix want[] = {
        { 0xc0000200, 24 }, { 0x0a080001, 32 }, { 0x0a630000, 16 }, { 0x7f000000, 8 }, { 0xc00002ff, 32 },
    };
    struct local_prefix got[16];

    (void)state;
    size_t n = local_routes_parse(text, got, ARRAY_LEN(got));
    assert_int_equal(n, ARRAY_LEN(want));
    for (size_t i = 0; i < n; i++)
        if (got[i].addr != want[i].addr || got[i].len != want[i].len)
            fail_msg("route %zu: got %08x/%d, want %08x/%d", i, got[i].addr, got[i].len, want[i].addr, want[i].len);
    assert_int_equal(local_routes_parse(text, got, 2), 2);
    assert_int_equal(local_routes_parse("", got, 2), 0);
}

static uint32_t ip4(const char *text)
{
    struct in_addr a;

    assert_int_equal(inet_pton(AF_INET, text, &a), 1);
    return ntohl(a.s_addr);
}

static void subnets(void **state)
{
    static const struct {
        const char *name;
        uint32_t seed;
        const char *taken;
        const char *want; /* NULL: none free */
    } cases[] = {
        { "first of the range", 0, "", "10.213.0.0" },
        { "seed chooses the place", 3, "", "10.213.0.12" },
        { "seed wraps around", 16384 + 1, "", "10.213.0.4" },
        { "a neighbour's /30 is passed over", 0, "10.213.0.0/30 dev swa\n", "10.213.0.4" },
        { "an address in it too", 0, "local 10.213.0.2 dev swa\n10.213.0.4/30 dev swb\n", "10.213.0.8" },
        { "end of the range wraps", 16383, "10.213.255.252/30 dev swa\n", "10.213.0.0" },
        { "a VPN takes 10/8", 0, "10.0.0.0/8 dev tun0\n", "172.30.64.0" },
        { "and Docker takes 172.16/12", 0, "10.0.0.0/8 dev tun0\n172.16.0.0/12 dev br0\n", "192.168.213.0" },
        { "a default route takes nothing", 0, "default via 10.213.0.1 dev eth0\n", "10.213.0.0" },
        { "all taken", 0, "10.0.0.0/8 dev a\n172.16.0.0/12 dev b\n192.168.0.0/16 dev c\n", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct local_prefix taken[8];
        char text[16];
        size_t n = local_routes_parse(cases[i].taken, taken, ARRAY_LEN(taken));
        uint32_t got = local_subnet_choose(cases[i].seed, taken, n);
        local_addr_text(got, text);
        if (got != (cases[i].want ? ip4(cases[i].want) : 0))
            fail_msg("%s: got %s, want %s", cases[i].name, text, cases[i].want ? cases[i].want : "none");
    }
}

static bool has(const struct svec *v, const char *word)
{
    for (size_t i = 0; i < v->len; i++)
        if (strcmp(v->items[i], word) == 0)
            return true;
    return false;
}

static bool has_pair(const struct svec *v, const char *option, const char *value)
{
    for (size_t i = 0; i + 1 < v->len; i++)
        if (strcmp(v->items[i], option) == 0 && strcmp(v->items[i + 1], value) == 0)
            return true;
    return false;
}

static void nspawn_arguments(void **state)
{
    static const struct local l = { .id = "sw-demo-0123abcd", .link = "sw0123abcd" };
    AUTO_SVEC struct svec bare = SVEC_INIT, full = SVEC_INIT;

    (void)state;
    local_nspawn_argv(&l, "/d/root", NULL, true, &bare);
    local_nspawn_argv(&l, "/d/root", "/a b", false, &full);
    assert_true(has(&bare, "--machine=sw-demo-0123abcd"));
    assert_true(has(&bare, "--network-namespace-path=/run/netns/sw-demo-0123abcd"));
    assert_true(has(&bare, "--directory=/d/root"));
    assert_true(has(&bare, "--register=no"));
    /* On a systemd host the machine gets a scope of its own; elsewhere it must not ask for one. */
    assert_false(has(&bare, "--keep-unit"));
    assert_true(has(&full, "--keep-unit"));
    assert_true(has(&full, "--bind-ro=/a b:/mnt/slipway"));
    assert_false(has(&bare, "--bind-ro=/a b:/mnt/slipway"));
}

static void qemu_arguments(void **state)
{
    static char disk[] = "/d/a,b/disk.raw", image[] = "/c/qemu.ext4";
    static const struct local l = { .id = "sw-demo-0123abcd", .disk = disk, .image = image };
    static const struct local_size size = { 2, 3000 };
    AUTO_SVEC struct svec kvm = SVEC_INIT, tcg = SVEC_INIT;

    (void)state;
    local_qemu_argv(&l, "kvm", &size, 2222, &kvm);
    local_qemu_argv(&l, "tcg", &size, 2222, &tcg);
    assert_true(has_pair(&kvm, "-name", "guest=sw-demo-0123abcd"));
    assert_true(has_pair(&kvm, "-accel", "kvm"));
    assert_true(has_pair(&kvm, "-cpu", "host"));
    assert_true(has_pair(&tcg, "-accel", "tcg,thread=multi"));
    assert_true(has_pair(&tcg, "-cpu", "max"));
    assert_true(has_pair(&kvm, "-smp", "2"));
    assert_true(has_pair(&kvm, "-m", "3000"));
    assert_true(has_pair(&kvm, "-kernel", "/c/qemu.ext4.kernel"));
    assert_true(has_pair(&kvm, "-netdev", "user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:2222-:22"));
    /* A comma in a path must not become an option. */
    assert_true(
        has_pair(&kvm, "-drive", "if=none,id=disk,format=raw,discard=unmap,cache=writeback,file=/d/a,,b/disk.raw"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_choice),    cmocka_unit_test(sizes),
        cmocka_unit_test(routes),           cmocka_unit_test(subnets),
        cmocka_unit_test(nspawn_arguments), cmocka_unit_test(qemu_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
