#include "cloud/local_net.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORWARD_FILE "/proc/sys/net/ipv4/ip_forward"
#define FORWARD_WAS  "/run/slipway/ip_forward" /* there: it was 0 before us; gone after a reboot, as the setting is */

struct nat {
    const char *tool;
    const char *const *probe; /* works here when it ends with 0 */
    int (*add)(const struct local *l, uint32_t addr, struct err *e);
    int (*remove)(const struct local *l, struct err *e);
    int (*count)(const struct local *l, size_t *ret, struct err *e);
    size_t rules;
};

static int run_text(const char *const argv[], const char *input, struct sbuf *out, struct err *e)
{
    const struct proc_opts o = { .input = input, .out = out, .timeout_ms = 30000 };

    return proc_run(argv, &o, e);
}

/* iptables. The link's name is in each rule, so it is the mark by which they are found again. */
static const char *const iptables_probe[] = { "iptables", "-w", "-t", "nat", "-S", "POSTROUTING", NULL };
static const char *const iptables_tables[] = { "nat", "filter" };

static int iptables_add(const struct local *l, uint32_t addr, struct err *e)
{
    char host[16];
    AUTO_FREE char *net = NULL;

    local_addr_text(addr, host);
    net = xasprintf("%s/30", host);
    /* Inserted in front of a host's own FORWARD rules (Docker's and ufw's policy is to drop), last one first. Others
     * reach the machine only with answers: its ports are for this host alone. */
    const char *const rules[][16] = {
        { "iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-s", net, "!", "-o", l->link, "-j", "MASQUERADE" },
        { "iptables", "-w", "-I", "FORWARD", "-i", l->link, "-j", "ACCEPT" },
        { "iptables", "-w", "-I", "FORWARD", "-o", l->link, "-j", "DROP" },
        { "iptables", "-w", "-I", "FORWARD", "-o", l->link, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j",
          "ACCEPT" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (run_text(rules[i], NULL, NULL, e) < 0)
            return -1;
    return 0;
}

/* Does a line of `iptables -S` name the link as a word? */
static bool names_link(const char *line, size_t len, const char *link)
{
    size_t n = strlen(link);

    for (const char *p = line; (p = memmem(p, len - (size_t)(p - line), link, n)); p += n)
        if (p > line && p[-1] == ' ' && (p + n == line + len || p[n] == ' '))
            return true;
    return false;
}

static int delete_rule(const char *table, const char *line, size_t len, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;

    svec_add(&argv, "iptables");
    svec_add(&argv, "-w");
    svec_add(&argv, "-t");
    svec_add(&argv, table);
    svec_add(&argv, "-D");
    for (size_t at = strlen("-A "); at < len;) {
        size_t n = 0;
        while (at + n < len && line[at + n] != ' ')
            n++;
        svec_addf(&argv, "%.*s", (int)n, line + at);
        at += n + 1;
    }
    return run_text(svec_argv(&argv), NULL, NULL, e);
}

static int iptables_each(const struct local *l, bool delete, size_t *count, struct err *e)
{
    *count = 0;
    for (size_t t = 0; t < ARRAY_LEN(iptables_tables); t++) {
        AUTO_SBUF struct sbuf out = SBUF_INIT(8 << 20);
        const char *const argv[] = { "iptables", "-w", "-t", iptables_tables[t], "-S", NULL };
        if (run_text(argv, NULL, &out, e) < 0)
            return -1;
        for (const char *p = out.data; *p;) {
            size_t len = strcspn(p, "\n");
            bool ours = strncmp(p, "-A ", 3) == 0 && names_link(p, len, l->link);
            *count += ours;
            if (ours && delete &&delete_rule(iptables_tables[t], p, len, e) < 0)
                return -1;
            p += len + (p[len] == '\n');
        }
    }
    return 0;
}

static int iptables_remove(const struct local *l, struct err *e)
{
    size_t n;

    return iptables_each(l, true, &n, e);
}

static int iptables_count(const struct local *l, size_t *ret, struct err *e)
{
    return iptables_each(l, false, ret, e);
}

/* nft: one table for each machine, so that removal is one step. */
static const char *const nft_probe[] = { "nft", "list", "tables", NULL };
static const char *const nft_stdin[] = { "nft", "-f", "-", NULL };

static int nft_add(const struct local *l, uint32_t addr, struct err *e)
{
    char host[16];

    local_addr_text(addr - 1, host);
    AUTO_FREE char *text = xasprintf(
        "table ip slipway_%s {\n"
        " chain post { type nat hook postrouting priority 100; ip saddr %s/30 oifname != \"%s\" masquerade; }\n"
        " chain forward { type filter hook forward priority 0; oifname \"%s\" ct state established,related accept; "
        "oifname \"%s\" drop; }\n}\n",
        l->link, host, l->link, l->link, l->link);
    return run_text(nft_stdin, text, NULL, e);
}

static int nft_count(const struct local *l, size_t *ret, struct err *e)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    AUTO_FREE char *line = xasprintf("table ip slipway_%s\n", l->link);

    if (run_text(nft_probe, NULL, &out, e) < 0)
        return -1;
    *ret = strstr(out.data, line) ? 1 : 0;
    return 0;
}

static int nft_remove(const struct local *l, struct err *e)
{
    AUTO_FREE char *table = xasprintf("slipway_%s", l->link);
    size_t n;

    if (nft_count(l, &n, e) < 0)
        return -1;
    const char *const argv[] = { "nft", "delete", "table", "ip", table, NULL };
    return n ? run_text(argv, NULL, NULL, e) : 0;
}

static const struct nat backends[] = {
    { "iptables", iptables_probe, iptables_add, iptables_remove, iptables_count, 4 },
    { "nft", nft_probe, nft_add, nft_remove, nft_count, 1 },
};

static bool works(const struct nat *b)
{
    struct err ignored = ERR_INIT;

    return proc_have(b->tool) && run_text(b->probe, NULL, NULL, &ignored) == 0;
}

static const struct nat *choose(struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++)
        if (works(&backends[i]))
            return &backends[i];
    (void)err_set(e, ERR_USAGE, "neither iptables nor nft works on this host: the machine would have no network");
    (void)err_hint(e, "apt-get install iptables; the kernel needs NAT (nf_nat or ip_tables)");
    return NULL;
}

int local_nat_find(const struct local *l, struct err *e)
{
    const struct nat *b = choose(e);
    size_t n = 0;

    if (!b || b->count(l, &n, e) < 0)
        return -1;
    return n == b->rules;
}

int local_nat_add(const struct local *l, uint32_t addr, struct err *e)
{
    const struct nat *b = choose(e);

    if (!b)
        return -1;
    return b->add(l, addr, e) < 0 ? err_wrap(e, "NAT for machine '%s'", l->id) : 0;
}

/* All of them: the host may have got another tool since. */
int local_nat_remove(const struct local *l, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++)
        if (works(&backends[i]) && backends[i].remove(l, e) < 0)
            return err_wrap(e, "NAT rules of machine '%s'", l->id);
    return 0;
}

int local_nat_sweep(const struct local *l, json_t *rows, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        size_t n = 0;
        if (works(&backends[i]) && backends[i].count(l, &n, e) < 0)
            return -1;
        if (n)
            local_row(rows, "NAT rule", l->link);
    }
    return 0;
}

static int forward_get(char *ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(16);

    if (fsx_read(FORWARD_FILE, &text, e) < 0)
        return -1;
    *ret = text.data[0];
    return 0;
}

static int forward_set(const char *value, struct err *e)
{
    AUTO_CLOSE int fd = open(FORWARD_FILE, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, value, 1) != 1)
        return err_sys(e, ERR_INTERNAL, "write '%s'", FORWARD_FILE);
    return 0;
}

int local_forward_on(struct err *e)
{
    char now = '0';

    if (forward_get(&now, e) < 0)
        return -1;
    if (now != '0')
        return 0;
    return fsx_replace(FORWARD_WAS, "0\n", 2, 0600, e) < 0 ? -1 : forward_set("1", e);
}

/* A bridge or a link pair: containers or virtual machines that were started meanwhile and need forwarding too. Links
 * of our own machines are of this kind as well, so the last one restores. */
static const char *forwarder(char ret[static 64])
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    struct err ignored = ERR_INIT;

    for (size_t i = 0; i < 2; i++) {
        const char *const argv[] = { "ip", "-o", "link", "show", "type", i ? "veth" : "bridge", NULL };
        sbuf_reset(&out);
        if (run_text(argv, NULL, &out, &ignored) == 0 && sscanf(out.data, "%*d: %63[^:@]", ret) == 1)
            return ret;
    }
    return NULL;
}

int local_forward_restore(struct run *r, struct err *e)
{
    char link[64];

    if (!fsx_exists(FORWARD_WAS))
        return 0;
    if (forwarder(link)) {
        ui_debug(r->ui, "net.ipv4.ip_forward stays 1: link '%s' may need it", link);
        return 0;
    }
    if (forward_set("0", e) < 0)
        return -1;
    return unlink(FORWARD_WAS) < 0 ? err_sys(e, ERR_INTERNAL, "remove '%s'", FORWARD_WAS) : 0;
}
