#include <stdio.h>

#include "core/util.h"
#include "core/wait.h"
#include "ssh/ssh_internal.h"
#include "ssh/ssh_open.h"

/* TCP_MS is short: a packet to a host that is not up yet is lost, and the kernel would repeat it later and later. */
enum { EVERY_MS = 250, TCP_MS = 1500, ATTEMPT_MS = 15000, REFUSALS_MS = 30000 };

struct waiting {
    struct ssh **ret;
    const struct ssh_target *target;
    struct clock *clock;
    int64_t deadline_ms, refused_since_ms;
    enum ssh_stage stage;
    int (*running)(void *ctx, char why[static 256], struct err *e);
    void *ctx;
};

static int probe(void *arg, char why[static 256], struct err *e)
{
    struct waiting *w = arg;
    struct err failed = ERR_INIT;

    why[0] = '\0';
    if (w->running && w->running(w->ctx, why, e) < 0)
        return -1;
    int64_t now = w->clock->mono_ms(w->clock), left = w->deadline_ms - now;
    if (ssh_open_within(w->ret, w->target, w->clock, TCP_MS, left < ATTEMPT_MS ? left : ATTEMPT_MS, &w->stage,
                        &failed) == 0)
        return 1;
    if (w->stage != SSH_AUTH || failed.code != ERR_AUTH)
        w->refused_since_ms = 0;
    else if (!w->refused_since_ms)
        w->refused_since_ms = now;
    if (!failed.retryable || (w->refused_since_ms && now - w->refused_since_ms >= REFUSALS_MS)) {
        *e = failed;
        return -1;
    }
    (void)snprintf(why, 256, "%s: %.200s", ssh_stage_name(w->stage), failed.msg);
    return 0;
}

int ssh_wait(struct ssh **ret, const struct ssh_target *t, struct clock *clock, struct ui *ui, int64_t deadline_ms,
             int (*running)(void *ctx, char why[static 256], struct err *e), void *ctx, struct err *e)
{
    char name[320];
    struct waiting w = { ret, t, clock, deadline_ms, 0, SSH_TCP, running, ctx };
    struct wait wait = { name, deadline_ms, EVERY_MS };

    (void)snprintf(name, sizeof(name), "SSH to %s@%s:%d", t->user, t->host, t->port);
    *ret = NULL;
    return wait_for(&wait, clock, ui, probe, &w, e);
}
