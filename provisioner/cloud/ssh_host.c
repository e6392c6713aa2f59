#include "cloud/ssh_host.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int host_find(struct run *r, struct provider *p, struct err *e)
{
    (void)r, (void)p, (void)e;
    return 1;
}

static const struct resource_kind kinds[] = { { "host", host_find, NULL, NULL } };

static int ssh_host_open(struct provider **ret, struct run *r, struct err *e)
{
    const struct spec *s = r->spec;

    /* libssh2 and our messages would survive it; a host name that reads like an option is never meant. */
    if (s->ssh.host[0] == '-' || s->ssh.user[0] == '-')
        return err_set(e, ERR_SPEC, "provider.ssh: '%s@%s' begins with a dash", s->ssh.user, s->ssh.host);
    if (strlen(s->ssh.host) >= sizeof(((struct endpoint *)0)->host) ||
        strlen(s->ssh.user) >= sizeof(((struct endpoint *)0)->user))
        return err_set(e, ERR_SPEC, "provider.ssh: host or user is too long");
    *ret = xcalloc(1, sizeof(**ret));
    (*ret)->ops = &ssh_host_ops;
    return 0;
}

static void ssh_host_exposure(const struct run *r, struct sbuf *out)
{
    (void)r;
    sbuf_addstr(out, "as the host's own firewall says");
}

static int ssh_host_plan(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    (void)p, (void)e;
    json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "kind", "host", "name", r->spec->ssh.host, "detail",
                                          json_sprintf("existing machine, user '%s', port %d", r->spec->ssh.user,
                                                       (int)r->spec->ssh.port)));
    return 0;
}

static int ssh_host_endpoint(struct run *r, struct provider *p, struct endpoint *ret, struct err *e)
{
    (void)p, (void)e;
    *ret = (struct endpoint){ .port = (int)r->spec->ssh.port };
    (void)snprintf(ret->host, sizeof(ret->host), "%s", r->spec->ssh.host);
    (void)snprintf(ret->user, sizeof(ret->user), "%s", r->spec->ssh.user);
    return 0;
}

static int ssh_host_running(struct run *r, struct provider *p, char why[static 256], struct err *e)
{
    (void)r, (void)p, (void)e;
    why[0] = '\0';
    return 1;
}

static int ssh_host_sweep(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    (void)r, (void)p, (void)rows, (void)e;
    return 0;
}

static void ssh_host_close(struct provider *p)
{
    free(p);
}

const struct provider_ops ssh_host_ops = {
    .name = "ssh",
    .summary = "a machine that is there already, reached by SSH",
    .trust = HOST_TRUST_SPEC,
    .exposure = ssh_host_exposure,
    .kinds = kinds,
    .n_kinds = ARRAY_LEN(kinds),
    .open = ssh_host_open,
    .plan = ssh_host_plan,
    .endpoint = ssh_host_endpoint,
    .running = ssh_host_running,
    .sweep = ssh_host_sweep,
    .close = ssh_host_close,
};
