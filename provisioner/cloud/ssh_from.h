/* From where SSH is allowed: access.ssh_from with "auto" made into the address of this host as the world sees it. */
#pragma once
#include "core/err.h"
#include "core/svec.h"
#include "step/run.h"
#include <stdbool.h>

/* This host's public address, asked from checkip.amazonaws.com (SLIPWAY_ADDRESS_URL instead). ERR_NET with the remedy
 * to write a CIDR. */
int ssh_from_own_address(const struct run *r, char ret[static 64], struct err *e) NODISCARD;
/* CIDR ranges, canonical ("203.0.113.4/32", host bits cleared), without repeats. Asks for the own address only when the
 * spec says "auto". */
int ssh_from_resolve(const struct run *r, struct svec *ret, struct err *e) NODISCARD;
/* Is `address` in `cidr`? False when one of them cannot be read. */
bool ssh_from_holds(const char *cidr, const char *address);
