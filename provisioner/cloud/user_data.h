/* The parts of user data that the tests and contact.c need; the contract is in provider.h. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include "step/run.h"

struct spec;
struct ssh_key;

int user_data_render(const struct spec *spec, const struct ssh_key *host, const char *login_public, struct sbuf *out,
                     struct err *e) NODISCARD;
/* Public half of the injected host key, from the frozen file; NULL when there is none. Caller frees. */
char *user_data_host_key(const struct run *r);
