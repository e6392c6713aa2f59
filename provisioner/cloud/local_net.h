/* The network of an nspawn machine: a namespace "ID", a link "LINK" into it, a /30, NAT. Also what the tests need. */
#pragma once
#include "cloud/local.h"
#include <stdint.h>

struct local_prefix {
    uint32_t addr; /* host byte order */
    int len;
};

/* Destinations of `ip -4 route show table all`; default routes are left out. Returns how many. */
size_t local_routes_parse(const char *text, struct local_prefix *ret, size_t max);
/* The first free /30, searched from a place that `seed` decides, in private ranges that neither the host's routes nor
 * K3s (10.42.0.0/16, 10.43.0.0/16) use. 0 when all are taken. */
uint32_t local_subnet_choose(uint32_t seed, const struct local_prefix *taken, size_t n);
/* The host's address on our link; 0 when it has none. */
uint32_t local_link_addr(const char *link, bool *ret_exists);
void local_addr_text(uint32_t addr, char ret[static 16]);

/* local_nat.c: whichever of iptables and nft works here. `addr` is the host's address of the /30. */
int local_nat_find(const struct local *l, struct err *e) NODISCARD; /* 1 all rules are there */
int local_nat_add(const struct local *l, uint32_t addr, struct err *e) NODISCARD;
int local_nat_remove(const struct local *l, struct err *e) NODISCARD;
int local_nat_sweep(const struct local *l, json_t *rows, struct err *e) NODISCARD;
/* net.ipv4.ip_forward: switched on when off, and off again when the last of our machines goes and nothing else that
 * forwards is there. The caller holds the host lock. */
int local_forward_on(struct err *e) NODISCARD;
int local_forward_restore(struct run *r, struct err *e) NODISCARD;

int local_net_find(struct run *r, struct local *l, struct err *e) NODISCARD;
int local_net_create(struct run *r, struct local *l, struct err *e) NODISCARD;
int local_net_destroy(struct run *r, struct local *l, struct err *e) NODISCARD;
int local_net_sweep(struct run *r, struct local *l, json_t *rows, struct err *e) NODISCARD;
