/* The provider boundary: what makes the machine. The engine, the journal and everything above know only this.
 * A provider is a registry row: a table of resource kinds with {find, create, destroy}, and the questions below.
 * Everything it needs arrives in `struct run`; it never prints and never ends the process.
 * An absent capability is a NULL pointer, checked by the caller, never a stub that fails late. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include "step/engine.h"
#include "step/run.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where SSH answers, and as whom. */
struct endpoint {
    char host[256];
    int port;
    char user[64];
};

/* How the first connection knows the machine (see ssh/contact.h). */
enum host_trust {
    HOST_TRUST_INJECTED, /* slipway's own bootstrap host key went in by cloud-init; rotated after login */
    HOST_TRUST_SPEC,     /* the spec names the key or its fingerprint; kept */
};

/* One row per kind of object, in creation order; destroyed in reverse. Objects are found by owner tag or by a name
 * that only this deployment can have, never by what a lost state might have said. */
struct resource_kind {
    const char *kind; /* "network", "disk", "machine": step name is "provider/KIND" */
    /* 1 found and usable, 0 absent (or half-made by a crash: create repairs), -1 error. Read-only. */
    int (*find)(struct run *r, struct provider *p, struct err *e);
    /* Make it, or start making it; safe to repeat. Must not wait for boot: `running` does. */
    int (*create)(struct run *r, struct provider *p, struct err *e);
    int (*destroy)(struct run *r, struct provider *p, struct err *e); /* absent is success; waits until gone */
};

struct provider_ops {
    const char *name;    /* the key under `provider:` in the spec */
    const char *summary; /* for help and init */
    enum host_trust trust;
    bool own_machine;  /* the machine is ours: teardown destroys it; false: teardown cleans it (ssh) */
    bool same_network; /* the machine reaches what this host reaches and nothing more */
    const struct resource_kind *kinds;
    size_t n_kinds;
    /* Check the host or account without changing it (tools there, rights, driver choice). Fills p. */
    int (*open)(struct provider **ret, struct run *r, struct err *e);
    /* What bootstrap would make: appends {"kind","name","detail"} rows. Read-only. */
    int (*plan)(struct run *r, struct provider *p, json_t *rows, struct err *e);
    /* Who can reach the machine's SSH port, for `plan`: "this host only". Read-only, without a call to anywhere. */
    void (*exposure)(const struct run *r, struct sbuf *out);
    /* Fixed once the kinds are created. */
    int (*endpoint)(struct run *r, struct provider *p, struct endpoint *ret, struct err *e);
    /* "amd64" or "arm64" once that is settled, else NULL. NULL: as this host. */
    const char *(*arch)(const struct run *r);
    /* Wait probe: 1 runs, 0 not yet (why), -1 ended (e says why, with the console's last lines). */
    int (*running)(struct run *r, struct provider *p, char why[static 256], struct err *e);
    /* The machine's console so far, newest last, up to out->max. NULL: none. */
    int (*console)(struct run *r, struct provider *p, struct sbuf *out, struct err *e);
    /* A directory of this host made readable inside the machine; `ret` is the path there. NULL: not possible, upload.
     */
    int (*shared_dir)(struct run *r, struct provider *p, const char *dir, char ret[static 256], struct err *e);
    /* Everything of this deployment that still exists, found without the journal: {"kind","name"} rows. 1 when what is
     * missing from them may still appear (an account whose view lags behind): look again later. */
    int (*sweep)(struct run *r, struct provider *p, json_t *rows, struct err *e);
    /* The first login was let in, and nothing has been done yet: from now on the machine may hold what cannot be made
     * anew. May be repeated. NULL: of no interest. */
    int (*entered)(struct run *r, struct provider *p, struct err *e);
    /* What bootstrap needs of the host or account, looked at without a change: appends {"check", "status":
     * "ok"|"fail"|"unknown", "detail", "remedy"} rows. Works before there is a machine. NULL: nothing to look at. */
    int (*doctor)(struct run *r, struct provider *p, json_t *rows, struct err *e);
    /* What it costs, an estimate from a table: {"known", "type", "hour_usd", "month_usd", "so_far_usd", "since",
     * "table_date"}; new reference, without a call to anywhere. `since` is "" before there is a machine. NULL: nothing.
     */
    json_t *(*cost)(const struct run *r, struct provider *p);
    /* The rights that bootstrap and teardown need, as the provider's own document; with `trust`, who may take them on
     * (GitHub's "OWNER/REPO"). No call to anywhere. NULL: there is no such thing. */
    int (*policy)(struct run *r, struct provider *p, const char *trust, json_t **ret, struct err *e);
    void (*close)(struct provider *p); /* NULL is allowed */
};

struct provider {
    const struct provider_ops *ops; /* first member of each provider's own struct */
};

/* Say that an object is gone, for the receipt of a teardown. */
void provider_removed(struct run *r, const char *kind, const char *name);

/* The user data for a machine of ours: cloud-init/node.yaml rendered with the injected host key, the user `slipway`
 * and its public key, trusted CA bundles. Frozen: made once per deployment, kept 0600 as DIR/user-data, so that a
 * repeated create sends the same bytes; wiped when the injected key has been replaced. */
int user_data_frozen(struct run *r, struct sbuf *out, struct err *e) NODISCARD;
int user_data_wipe(struct run *r, struct err *e) NODISCARD;
