#include "aws/doctor_rows.h"
#include "aws/inventory.h"
#include "aws/subnet.h"
#include "cloud/ssh_from.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUTES_MAX = 1 << 20, SSH_PORT = 22 };

bool doctor_overlap(const char *cidr, const char *other)
{
    char a[64], b[64];

    (void)snprintf(a, sizeof(a), "%.*s", (int)strcspn(cidr, "/"), cidr);
    (void)snprintf(b, sizeof(b), "%.*s", (int)strcspn(other, "/"), other);
    return ssh_from_holds(cidr, b) || ssh_from_holds(other, a);
}

/* One line of /proc/net/route: addresses are hexadecimal, the bytes as they stand in memory. */
static void one_route(const char *cidr, const char *line, struct sbuf *out)
{
    char device[32], net[INET_ADDRSTRLEN], text[64];
    struct in_addr address;
    unsigned destination, mask;

    if (sscanf(line, "%31s %8x %*x %*x %*d %*d %*d %8x", device, &destination, &mask) != 3 || mask == 0)
        return;
    address.s_addr = destination;
    if (!inet_ntop(AF_INET, &address, net, sizeof(net)))
        return;
    (void)snprintf(text, sizeof(text), "%s/%d", net, __builtin_popcount(mask));
    if (doctor_overlap(cidr, text))
        sbuf_addf(out, "%s%s (%s)", out->len ? ", " : "", text, device);
}

void doctor_routes_inside(const char *cidr, const char *routes, struct sbuf *out)
{
    for (const char *line = routes; line && *line; line = strchr(line, '\n'), line += line != NULL)
        one_route(cidr, line, out);
}

/* Networks inside the machine, which would hide the subnet's name server from it. */
static const char *inner_clash(const struct spec *s, const char *cidr)
{
    static const struct {
        const char *key, *otherwise;
    } inner[] = { { "cluster-cidr", "10.42.0.0/16" }, { "service-cidr", "10.43.0.0/16" } };

    for (size_t i = 0; strcmp(s->runtime, "k3s") == 0 && i < ARRAY_LEN(inner); i++) {
        const char *set = jsonx_str(s->k3s.config, inner[i].key);
        if (doctor_overlap(cidr, *set ? set : inner[i].otherwise))
            return inner[i].key;
    }
    return NULL;
}

int doctor_network(struct run *r, struct aws *a, json_t *rows, struct err *e)
{
    AUTO_SBUF struct sbuf routes = SBUF_INIT(ROUTES_MAX), inside = SBUF_INIT(512);
    const char *cidr = r->spec->aws.cidr;
    const json_t *subnet = NULL;

    if (r->spec->aws.subnet) {
        if (aws_subnet_given(r, a, &subnet, e) < 0)
            return doctor_row_error(rows, "network", e);
        cidr = jsonx_str(subnet, "cidrBlock");
    }
    const char *clash = inner_clash(r->spec, cidr);
    if (clash) {
        doctor_row(rows, "network", "fail", "set k3s.config to other networks, or take another network in provider.aws",
                   "%s overlaps %s of K3s inside the machine", cidr, clash);
        return 0;
    }
    if (fsx_read("/proc/net/route", &routes, e) < 0)
        err_clear(e);
    doctor_routes_inside(cidr, routes.data, &inside);
    /* The machine is reached at its public address, so this keeps nothing from working. */
    if (inside.len)
        doctor_row(rows, "network", "ok", "", "%s; this host routes %s elsewhere: no VPN from here into it", cidr,
                   inside.data);
    else
        doctor_row(rows, "network", "ok", "", "%s, free of clashes", cidr);
    return 0;
}

static bool lets_in(const json_t *permission, const char *own)
{
    const char *protocol = jsonx_str(permission, "ipProtocol");
    long from = strtol(jsonx_str(permission, "fromPort"), NULL, 10),
         to = strtol(jsonx_str(permission, "toPort"), NULL, 10);
    bool port = strcmp(protocol, "-1") == 0 || (strcmp(protocol, "tcp") == 0 && from <= SSH_PORT && to >= SSH_PORT);
    size_t i;
    json_t *range;

    json_array_foreach (json_object_get(permission, "ipRanges"), i, range)
        if (port && ssh_from_holds(jsonx_str(range, "cidrIp"), own))
            return true;
    json_array_foreach (json_object_get(permission, "ipv6Ranges"), i, range)
        if (port && ssh_from_holds(jsonx_str(range, "cidrIpv6"), own))
            return true;
    return false;
}

/* What the group lets in decides, whatever the spec says. */
static int group_row(struct aws *a, const char *id, const char *own, const char *remedy, json_t *rows, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *groups = NULL;
    bool in = false;
    size_t i;
    json_t *permission;

    aws_query_add(&q, "GroupId.1", id);
    if (aws_call_all(a->client, "DescribeSecurityGroups", &q, "securityGroupInfo", &groups, e) < 0)
        return doctor_row_error(rows, "ssh", e);
    json_array_foreach (jsonx_get(groups, "0.ipPermissions"), i, permission)
        in = in || lets_in(permission, own);
    doctor_row(rows, "ssh", in ? "ok" : "fail", in ? "" : remedy, "security group '%s' %s %s", id,
               in ? "lets in this host," : "does not let in this host,", own);
    return 0;
}

int doctor_ssh(struct run *r, struct aws *a, json_t *rows, struct err *e)
{
    const struct svec *from = &r->spec->access.ssh_from;
    char own[64];
    bool in = false;

    if (ssh_from_own_address(r, own, e) < 0)
        return doctor_row_error(rows, "ssh", e);
    if (r->spec->aws.security_group)
        return group_row(a, r->spec->aws.security_group, own, "add a rule for TCP port 22 to the group", rows, e);
    for (size_t i = 0; i < from->len; i++)
        in = in || strcmp(from->items[i], "auto") == 0 || ssh_from_holds(from->items[i], own);
    if (in && aws_look_once(r, a, AWS_SECURITY_GROUP, e) < 0)
        return doctor_row_error(rows, "ssh", e);
    if (in && aws_object(r, a, AWS_SECURITY_GROUP))
        return group_row(a, aws_id(r, a, AWS_SECURITY_GROUP), own, "`slipway bootstrap` lets it in", rows, e);
    doctor_row(rows, "ssh", in ? "ok" : "fail", in ? "" : "add 'auto' or this address to access.ssh_from",
               "this host, %s, is %s access.ssh_from", own, in ? "inside" : "outside");
    return 0;
}
