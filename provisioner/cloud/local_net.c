#include "cloud/local_net.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "core/wait.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NSFS_TYPE 0x6e736673 /* linux/magic.h NSFS_MAGIC */

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Private ranges that few networks use (RFC 1918), in order. */
static const struct local_prefix ranges[] = {
    { IP4(10, 213, 0, 0), 16 },
    { IP4(172, 30, 64, 0), 18 },
    { IP4(192, 168, 213, 0), 24 },
};

/* Networks that live in the machine: K3s's pods and services. */
static const struct local_prefix reserved[] = { { IP4(10, 42, 0, 0), 16 }, { IP4(10, 43, 0, 0), 16 } };

static bool overlaps(uint32_t subnet, const struct local_prefix *p)
{
    int len = p->len < 30 ? p->len : 30;
    uint32_t mask = len == 0 ? 0 : ~UINT32_C(0) << (32 - len);

    return (subnet & mask) == (p->addr & mask);
}

static bool any_overlap(uint32_t subnet, const struct local_prefix *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (overlaps(subnet, &p[i]))
            return true;
    return false;
}

uint32_t local_subnet_choose(uint32_t seed, const struct local_prefix *taken, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        uint32_t count = UINT32_C(1) << (30 - ranges[i].len);
        for (uint32_t k = 0; k < count; k++) {
            uint32_t subnet = ranges[i].addr + ((seed + k) % count) * 4;
            if (!any_overlap(subnet, taken, n) && !any_overlap(subnet, reserved, ARRAY_LEN(reserved)))
                return subnet;
        }
    }
    return 0;
}

/* "10.0.0.0/8", "10.0.0.1" */
static bool parse_prefix(const char *word, size_t len, struct local_prefix *ret)
{
    char text[32], *slash;
    struct in_addr a;

    if (len >= sizeof(text))
        return false;
    memcpy(text, word, len);
    text[len] = '\0';
    slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (inet_pton(AF_INET, text, &a) != 1)
        return false;
    *ret = (struct local_prefix){ ntohl(a.s_addr), slash ? (int)strtol(slash + 1, NULL, 10) : 32 };
    return ret->len > 0 && ret->len <= 32;
}

size_t local_routes_parse(const char *text, struct local_prefix *ret, size_t max)
{
    size_t n = 0;

    /* A line is "[type] destination ...". */
    while (*text && n < max) {
        const char *line = text;
        size_t len = strcspn(text, "\n");
        text += len + (text[len] == '\n');
        for (int word = 0; word < 2; word++) {
            line += strspn(line, " \t");
            size_t w = strcspn(line, " \t\n");
            if (w && parse_prefix(line, w, &ret[n])) {
                n++;
                break;
            }
            line += w;
        }
    }
    return n;
}

void local_addr_text(uint32_t addr, char ret[static 16])
{
    struct in_addr a = { htonl(addr) };

    (void)inet_ntop(AF_INET, &a, ret, 16);
}

uint32_t local_link_addr(const char *link, bool *ret_exists)
{
    struct ifaddrs *all = NULL;
    uint32_t addr = 0;

    *ret_exists = if_nametoindex(link) != 0;
    if (getifaddrs(&all) < 0)
        return 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, link) == 0)
            addr = ntohl(((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr.s_addr);
    freeifaddrs(all);
    return addr;
}

/* Words separated by spaces; %s may not hold any. */
static int ip(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int ip(struct err *e, const char *fmt, ...)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *line = xvasprintf(fmt, ap);
    va_end(ap);
    svec_add(&argv, "ip");
    for (const char *p = line; *p;) {
        size_t n = strcspn(p, " ");
        svec_addf(&argv, "%.*s", (int)n, p);
        p += n + (p[n] == ' ');
    }
    const struct proc_opts o = { .timeout_ms = 10000 };
    return proc_run(svec_argv(&argv), &o, e) < 0 ? err_wrap(e, "%s", line) : 0;
}

static char *ns_path(const struct local *l)
{
    return xasprintf("/run/netns/%s", l->id);
}

static bool ns_mounted(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && fs.f_type == NSFS_TYPE;
}

/* Two runs must neither choose the same /30 nor restore what the other needs. Dropped by close. */
static int host_lock(struct err *e)
{
    if (fsx_mkdirs("/run/slipway", 0700, e) < 0)
        return -1;
    int fd = open("/run/slipway/network.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    (void)err_sys(e, ERR_INTERNAL, "lock '/run/slipway/network.lock'");
    if (fd >= 0)
        close(fd);
    return -1;
}

int local_net_find(struct run *r, struct local *l, struct err *e)
{
    AUTO_FREE char *path = ns_path(l);
    bool exists;

    (void)r;
    if (!ns_mounted(path) || !local_link_addr(l->link, &exists))
        return 0;
    return local_nat_find(l, e);
}

static int choose_addr(const struct local *l, uint32_t *ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20);
    static const char *const argv[] = { "ip", "-4", "route", "show", "table", "all", NULL };
    const struct proc_opts o = { .out = &text, .timeout_ms = 10000 };
    AUTO_FREE struct local_prefix *taken = xcalloc(4096, sizeof(*taken));

    if (proc_run(argv, &o, e) < 0)
        return -1;
    size_t n = local_routes_parse(text.data, taken, 4096);
    *ret = local_subnet_choose(hash_crc32(l->id, strlen(l->id)), taken, n);
    return *ret ? 0 : err_set(e, ERR_CONFLICT, "no free private network for machine '%s'", l->id);
}

static int make_namespace(const struct local *l, struct err *e)
{
    AUTO_FREE char *path = ns_path(l);

    if (ns_mounted(path))
        return 0;
    if (unlink(path) < 0 && errno != ENOENT) /* cut off between the file and its mount */
        return err_sys(e, ERR_INTERNAL, "remove '%s'", path);
    return ip(e, "netns add %s", l->id);
}

static int make_link(const struct local *l, uint32_t *ret, struct err *e)
{
    char host[16], guest[16];
    bool exists;
    uint32_t addr = local_link_addr(l->link, &exists);

    if (!exists && ip(e, "link add %s type veth peer name eth0 netns %s", l->link, l->id) < 0)
        return -1;
    if (!addr) {
        if (choose_addr(l, &addr, e) < 0)
            return -1;
        addr++;
    }
    local_addr_text(addr, host);
    local_addr_text(addr + 1, guest);
    *ret = addr;
    if (ip(e, "addr replace %s/30 dev %s", host, l->link) < 0 || ip(e, "link set %s up", l->link) < 0 ||
        ip(e, "-n %s addr replace %s/30 dev eth0", l->id, guest) < 0 || ip(e, "-n %s link set lo up", l->id) < 0 ||
        ip(e, "-n %s link set eth0 up", l->id) < 0)
        return -1;
    return ip(e, "-n %s route replace default via %s", l->id, host);
}

int local_net_create(struct run *r, struct local *l, struct err *e)
{
    AUTO_CLOSE int lock = host_lock(e);
    uint32_t addr;

    (void)r;
    if (lock < 0 || make_namespace(l, e) < 0 || make_link(l, &addr, e) < 0)
        return lock < 0 ? -1 : err_wrap(e, "network of machine '%s'", l->id);
    return local_nat_remove(l, e) < 0 || local_nat_add(l, addr, e) < 0 ? -1 : local_forward_on(e);
}

int local_net_destroy(struct run *r, struct local *l, struct err *e)
{
    AUTO_CLOSE int lock = host_lock(e);
    AUTO_FREE char *path = ns_path(l);

    if (lock < 0 || local_nat_remove(l, e) < 0)
        return -1;
    if (if_nametoindex(l->link) && ip(e, "link del %s", l->link) < 0)
        return -1;
    if (ns_mounted(path) && ip(e, "netns del %s", l->id) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", path);
    return local_forward_restore(r, e);
}

int local_net_sweep(struct run *r, struct local *l, json_t *rows, struct err *e)
{
    AUTO_FREE char *path = ns_path(l);

    (void)r;
    if (fsx_exists(path))
        local_row(rows, "namespace", path);
    if (if_nametoindex(l->link))
        local_row(rows, "link", l->link);
    return local_nat_sweep(l, rows, e);
}
