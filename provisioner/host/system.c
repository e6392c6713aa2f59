#include "host/system.h"
#include "cloud/provider.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "core/wait.h"
#include "host/node.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

static int facts_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    const struct node_need *need = s->arg;

    *ret = STEP_DONE;
    r->installed = journal_mark(r->journal, need->installed_by) != JOURNAL_NONE;
    return node_read(r, need, e);
}

static int facts_apply(struct run *r, const struct step *s, struct err *e)
{
    return node_read(r, s->arg, e);
}

/* K3s alone asks for 2 GiB; a "2 GiB" machine reports a little less. The disk holds K3s, the images unpacked, and room
 * for the database to start. */
static const struct node_need need_k3s = { "K3s and Prefect", "k3s/install", 1800, 6144 };
/* Server 500 MiB, worker 200, database 150; packages, wheels and the venv 900 MiB. */
static const struct node_need need_systemd = { "Prefect", "venv/install", 900, 2048 };

const struct step facts_k3s_steps[] = { { "system/facts", PHASE_SYSTEM, facts_check, facts_apply, NULL, &need_k3s } };
const size_t facts_k3s_n_steps = ARRAY_LEN(facts_k3s_steps);

const struct step facts_systemd_steps[] = {
    { "system/facts", PHASE_SYSTEM, facts_check, facts_apply, NULL, &need_systemd },
};
const size_t facts_systemd_n_steps = ARRAY_LEN(facts_systemd_steps);

/* cloud-init 22.4 (Debian 12) ends with 1 for any error; 23.4 and later with 2 for one it recovered from. */
static int cloud_init_done(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ctx;
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_JSON json_t *status = NULL;
    const char *const argv[] = { "cloud-init", "status", "--format", "json", NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true };

    if (ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    status = jsonx_parse(res.out.data, res.out.len, "the answer of cloud-init status", e);
    if (!status)
        return -1;
    const char *state = jsonx_str(status, "status");
    (void)snprintf(why, 256, "cloud-init is '%.40s' in stage '%.40s'", state, jsonx_str(status, "stage"));
    if (strcmp(state, "running") == 0 || strcmp(state, "not run") == 0 || strcmp(state, "not started") == 0)
        return 0;
    if (res.status == 0)
        return 1;
    AUTO_FREE char *errors = jsonx_text(json_object_get(status, "errors"), 0);
    if (res.status == 2) {
        ui_warn(r->ui, "cloud-init finished with errors that it recovered from: %.400s", errors);
        return 1;
    }
    return err_set(e, ERR_REMOTE, "cloud-init failed on the machine: %.600s", errors);
}

static int cloud_init_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)e;
    *ret = !r->provider->ops->own_machine || journal_mark(r->journal, s->name) == JOURNAL_DONE ? STEP_DONE : STEP_TODO;
    return 0;
}

static int cloud_init_apply(struct run *r, const struct step *s, struct err *e)
{
    const struct wait w = { "cloud-init finished", phases_deadline_ms(r->phases, PHASE_SYSTEM, r->spec->timeouts),
                            500 };

    (void)s;
    return wait_for(&w, r->clock, r->ui, cloud_init_done, r, e);
}

const struct step cloud_init_steps[] = {
    { "system/cloud-init", PHASE_SYSTEM, cloud_init_check, cloud_init_apply, NULL, NULL },
};
const size_t cloud_init_n_steps = ARRAY_LEN(cloud_init_steps);
