#include "systemd/owner.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "looking at whose machine it is" };
    static const char script[] = "[ \"$(cat " SYSTEMD_ETC "/owner 2>/dev/null)\" = \"$1\" ] && "
                                 "id slipway-server && id slipway-worker\n";
    const char *const args[] = { r->spec->name, NULL };

    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE)
        return 0;
    if (ssh_script(r->ssh, script, args, &o, &res, e) < 0)
        return -1;
    *ret = res.status == 0 ? STEP_DONE : STEP_TODO;
    return 0;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "taking the machine" };
    const char *const args[] = { r->spec->name, NULL };

    (void)s;
    if (ssh_script(r->ssh, template_get("templates/systemd-owner.sh"), args, &o, &res, e) < 0)
        return -1;
    sbuf_trim(&res.out);
    sbuf_trim(&res.err);
    if (res.status == 0)
        return 0;
    if (res.status != 3)
        return err_set(e, ERR_REMOTE, "the machine could not be prepared: %.600s", res.err.data);
    (void)err_set(e, ERR_CONFLICT, "the machine already runs the Prefect of deployment '%.60s'", res.out.data);
    return err_hint(e,
                    "tear that one down first, or use another machine; slipway changes nothing that it did not make");
}

static int undo(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = {
        .sudo = true, .any_status = true, .timeout_ms = 300000, .what = "removing Prefect from the machine"
    };
    const char *const args[] = { r->spec->name, NULL };

    (void)s;
    if (ssh_script(r->ssh, template_get("templates/systemd-remove.sh"), args, &o, &res, e) < 0)
        return -1;
    sbuf_trim(&res.err);
    if (res.status != 0)
        return err_set(e, ERR_LEFTOVER, "Prefect was not removed completely: %.600s", res.err.data);
    return 0;
}

const struct step owner_steps[] = {
    { "systemd/owner", PHASE_SYSTEM, check, apply, undo, NULL },
};
const size_t owner_n_steps = ARRAY_LEN(owner_steps);
