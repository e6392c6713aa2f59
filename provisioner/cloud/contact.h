/* The way in: which key the machine must show, and the connection in r->ssh.
 *
 * HOST_TRUST_INJECTED: the first connection demands the key that went in by cloud-init. Over it the machine makes host
 * keys of its own; the new one is in the journal before sshd shows it, so after a crash one of two known keys is always
 * right. Once the machine has proven the new key it is pinned in DIR/known_host and the injected key is wiped on both
 * sides. From then on only the pinned key counts.
 * HOST_TRUST_SPEC: the spec's key, always. */
#pragma once
#include "core/err.h"
#include "ssh/key.h"
#include "step/engine.h"
#include "step/run.h"

/* Wait for the machine in stages until r->ssh is open. Changes nothing, here or there. */
int contact_open(struct run *r, struct err *e) NODISCARD;
void contact_close(struct run *r);
/* machine/host-key: connects in each run; acts once, when the injected key must be replaced. */
extern const struct step contact_steps[];
extern const size_t contact_n_steps;

/* The key that slipway logs in with; `public` is NULL for a file that the spec names. */
int contact_login_key(struct run *r, struct ssh_key *ret, struct err *e) NODISCARD;
/* Forget the pinned key, when the machine it belongs to is gone. */
int contact_forget(struct run *r, struct err *e) NODISCARD;
