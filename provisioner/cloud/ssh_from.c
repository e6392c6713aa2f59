#include "cloud/ssh_from.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/http.h"
#include "spec/spec.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_URL "https://checkip.amazonaws.com/"

enum { ANSWER_MAX = 256, ASK_MS = 10000 };

struct range {
    int family;
    long bits;
    unsigned char addr[16];
};

static int parse(const char *text, struct range *ret)
{
    const char *slash = strchr(text, '/');
    char host[64];
    size_t n = slash ? (size_t)(slash - text) : strlen(text);

    if (n >= sizeof(host))
        return -1;
    memcpy(host, text, n);
    host[n] = '\0';
    *ret = (struct range){ .family = strchr(host, ':') ? AF_INET6 : AF_INET };
    long all = ret->family == AF_INET6 ? 128 : 32;
    ret->bits = slash ? strtol(slash + 1, NULL, 10) : all;
    return inet_pton(ret->family, host, ret->addr) == 1 && ret->bits >= 0 && ret->bits <= all ? 0 : -1;
}

bool ssh_from_holds(const char *cidr, const char *address)
{
    struct range net, one;

    if (parse(cidr, &net) < 0 || parse(address, &one) < 0 || net.family != one.family)
        return false;
    for (long i = 0; i < net.bits; i++)
        if ((net.addr[i / 8] ^ one.addr[i / 8]) & (0x80 >> (i % 8)))
            return false;
    return true;
}

static void add_range(struct svec *out, const char *text)
{
    struct range r;
    char host[INET6_ADDRSTRLEN];

    if (parse(text, &r) < 0 || !inet_ntop(r.family, r.addr, host, sizeof(host)))
        return;
    AUTO_FREE char *canonical = xasprintf("%s/%ld", host, r.bits);
    for (size_t i = 0; i < out->len; i++)
        if (strcmp(out->items[i], canonical) == 0)
            return;
    svec_add(out, canonical);
}

static int ask(const struct run *r, const char *url, char ret[static 64], struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);
    const struct http_req req = { "GET", url, NULL, NULL, ASK_MS };
    struct http *http = http_new_ca(r->clock, getenv("AWS_CA_BUNDLE"));
    struct range one;
    int rc = http_send(http, &req, &resp, e);

    http_free(http);
    if (rc < 0)
        return -1;
    sbuf_trim(&resp.body);
    if (resp.status != 200 || strchr(resp.body.data, '/') || parse(resp.body.data, &one) < 0)
        return err_set(e, ERR_NET, "'%s' answered HTTP %d, not an address", url, resp.status);
    (void)snprintf(ret, 64, "%.63s", resp.body.data);
    return 0;
}

int ssh_from_own_address(const struct run *r, char ret[static 64], struct err *e)
{
    const char *url = getenv("SLIPWAY_ADDRESS_URL");

    if (ask(r, url && *url ? url : ADDRESS_URL, ret, e) == 0)
        return 0;
    (void)err_wrap(e, "this host's public address");
    return err_hint(e, "write it in access.ssh_from as a CIDR range instead of 'auto'");
}

int ssh_from_resolve(const struct run *r, struct svec *ret, struct err *e)
{
    const struct svec *from = &r->spec->access.ssh_from;

    for (size_t i = 0; i < from->len; i++) {
        char own[64];
        if (strcmp(from->items[i], "auto") != 0) {
            add_range(ret, from->items[i]);
            continue;
        }
        if (ssh_from_own_address(r, own, e) < 0)
            return -1;
        add_range(ret, own);
    }
    return 0;
}
