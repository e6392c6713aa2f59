#include "spec/check_aws.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include <arpa/inet.h>
#include <ctype.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

struct network {
    uint32_t address, mask; /* host byte order */
    int prefix;
};

/* "10.42.0.0/16" to the end of the text or a comma. */
static bool read_network(const char *text, struct network *ret)
{
    AUTO_FREE char *address = xstrndup(text, strcspn(text, "/"));
    const char *prefix = text + strlen(address);
    struct in_addr a;
    char *end;

    if (*prefix++ != '/' || !isdigit((unsigned char)*prefix) || inet_pton(AF_INET, address, &a) != 1)
        return false;
    long bits = strtol(prefix, &end, 10);
    if (end - prefix > 2 || (*end && *end != ',') || bits > 32)
        return false;
    ret->prefix = (int)bits;
    ret->mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
    ret->address = ntohl(a.s_addr);
    return true;
}

static bool overlap(const struct network *a, const struct network *b)
{
    uint32_t mask = a->mask & b->mask;

    return (a->address & mask) == (b->address & mask);
}

static bool is_private(const struct network *n)
{
    static const struct network ranges[] = { { 0x0a000000, 0xff000000, 8 },
                                             { 0xac100000, 0xfff00000, 12 },
                                             { 0xc0a80000, 0xffff0000, 16 } };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (n->prefix >= ranges[i].prefix && overlap(n, &ranges[i]))
            return true;
    }
    return false;
}

/* Only such texts are repeated in messages: anything else may be a key that was put in the wrong place. */
static bool is_made_of(const char *text, const char *characters)
{
    size_t n = strspn(text, characters);

    return n <= 40 && !text[n];
}

/* How long is the name of a region at the start, "eu-central-1"; 0: there is none. */
static size_t region_len(const char *text)
{
    const char *dash = strrchr(text, '-');

    if (!dash || dash == strchr(text, '-') || !isdigit((unsigned char)dash[1]) || !is_made_of(text, LETTERS DIGITS "-"))
        return 0;
    return (size_t)(dash - text) + 1 + strspn(dash + 1, "0123456789");
}

char *check_aws_region(const char *text, const char *dir, struct err *e)
{
    size_t n = region_len(text);

    (void)dir;
    if (n && islower((unsigned char)text[n]) && !text[n + 1])
        return check_no(e, "is '%s', which is a zone; write region: %.*s and, if it must be that zone, zones: [%s]",
                        text, (int)n, text, text);
    return xstrdup(text);
}

char *check_aws_zone(const char *text, const char *dir, struct err *e)
{
    const char *id = strstr(text, "-az");
    size_t n = region_len(text);

    (void)dir;
    if (id && isdigit((unsigned char)id[3]) && is_made_of(text, LETTERS DIGITS "-"))
        return check_no(e, "is '%s', the id of a zone; write the zone's name in your account, such as eu-central-1a",
                        text);
    if (n && !text[n])
        return check_no(e, "is '%s', which is a region; add the letter of a zone, such as %sa", text, text);
    return xstrdup(text);
}

char *check_aws_cidr(const char *text, const char *dir, struct err *e)
{
    struct network n;

    (void)dir;
    if (strchr(text, ':') && is_made_of(text, DIGITS "abcdefABCDEF:./"))
        return check_no(e, "is '%s', but the network is an IPv4 one; write for example 10.77.0.0/16", text);
    if (is_made_of(text, DIGITS ".") && strchr(text, '.'))
        return check_no(e, "is '%s', without a prefix length; write for example 10.77.0.0/16", text);
    if (!read_network(text, &n) || strchr(text, ','))
        return xstrdup(text); /* the pattern refuses it */
    if (n.prefix < 16 || n.prefix > 24)
        return check_no(e,
                        "is %s, but EC2 has no network larger than /16, and slipway makes none smaller than /24; "
                        "write for example 10.77.0.0/16",
                        text);
    if (!is_private(&n))
        return check_no(e,
                        "is %s, which is not private: the machine could not reach those who have these addresses; "
                        "take one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
                        text);
    if (n.address & ~n.mask) {
        const struct in_addr first = { .s_addr = htonl(n.address & n.mask) };
        char shown[INET_ADDRSTRLEN] = "";
        (void)inet_ntop(AF_INET, &first, shown, sizeof(shown));
        return check_no(e, "is %s, with bits set past the prefix; write %s/%d", text, shown, n.prefix);
    }
    return xstrdup(text);
}

/* Each accepted zone with its place in the list as it is written. */
static void check_zones(const struct whole *w)
{
    const struct yt_node *list = whole_node(w, "provider.aws.zones", YT_LIST);
    const struct svec *zones = &w->s->aws.zones;
    const char *region = w->s->aws.region;

    for (size_t i = 0, seen = 0; list && i < list->n && seen < zones->len; i++) {
        const char *zone = zones->items[seen];
        AUTO_FREE char *path = xasprintf("provider.aws.zones[%zu]", i);
        size_t same = 0;
        if (list->items[i]->kind != YT_SCALAR || strcmp(list->items[i]->text, zone) != 0)
            continue; /* was refused */
        while (same < seen && strcmp(zones->items[same], zone) != 0)
            same++;
        const char *first = zones->items[0];
        if (same < seen)
            whole_say(w, path, "is '%s', which stands in the list already; remove it", zone);
        else if (region && (strncmp(zone, region, strlen(region)) != 0 || strlen(zone) != strlen(region) + 1))
            whole_say(w, path, "is '%s', which is not in region %s; name a zone such as %sa", zone, region, region);
        else if (!region && (strlen(zone) != strlen(first) || strncmp(zone, first, strlen(first) - 1) != 0))
            whole_say(w, path, "is '%s', in another region than '%s'; a machine is made in one region", zone, first);
        seen++;
    }
}

/* Who may try to log in. A shared group has rules of its own. */
static void check_ssh_from(const struct whole *w)
{
    if (!w->s->aws.security_group)
        whole_warn_of_everywhere(w);
    else if (whole_given(w, "access.ssh_from"))
        whole_warn(w, "access.ssh_from",
                   "is not applied: the rules of 'provider.aws.security_group' are used as they are");
}

static void check_shared(const struct whole *w)
{
    static const char *const own[] = { "provider.aws.cidr", "provider.aws.zones" };
    bool subnet = whole_given(w, "provider.aws.subnet"), group = whole_given(w, "provider.aws.security_group");

    for (size_t i = 0; subnet && i < ARRAY_LEN(own); i++) {
        if (whole_given(w, own[i]))
            whole_say(w, own[i],
                      "is for a network of its own, and 'provider.aws.subnet' names one that exists; remove it");
    }
    if (group && !subnet)
        whole_say(w, "provider.aws.security_group",
                  "goes only with 'subnet': a group belongs to one network, and this "
                  "spec makes a new one; add the subnet or remove the group");
}

/* Networks inside the machine: what they hide could not be reached from it, its name server among them. */
static void check_inner(const struct whole *w)
{
    const json_t *config = w->s->k3s.config;
    bool k3s = strcmp(w->s->runtime, "k3s") == 0;

    const struct {
        const char *set, *cidr, *what;
    } inner[] = {
        { jsonx_str(config, "cluster-cidr"), "10.42.0.0/16", "pods" },
        { jsonx_str(config, "service-cidr"), "10.43.0.0/16", "services" },
    };
    struct network own, other;

    if (!w->runtime_known || !k3s || w->s->aws.subnet || !w->s->aws.cidr || !read_network(w->s->aws.cidr, &own))
        return;
    for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
        const char *cidr = *inner[i].set ? inner[i].set : inner[i].cidr;
        if (read_network(cidr, &other) && overlap(&own, &other))
            whole_say(w, "provider.aws.cidr", "is %s, which overlaps the network of K3s' %s, %s; take another one",
                      w->s->aws.cidr, inner[i].what, cidr);
    }
}

void check_aws(const struct whole *w)
{
    check_zones(w);
    check_shared(w);
    check_inner(w);
    check_ssh_from(w);
}
