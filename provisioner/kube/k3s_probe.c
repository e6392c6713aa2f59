#include "kube/k3s_probe.h"
#include "core/util.h"
#include "host/cause.h"
#include "kube/kubectl.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/run.h"
#include <stdio.h>
#include <string.h>

/* One round trip, cheap while K3s is not up: kubectl is started only when the unit is active and the API listens.
 * Right after a restart the stored node still says Ready while helm finds no kinds: discovery is asked for too. */
static const char ready_script[] =
    "export HOME=" NODE_DIR "\n"
    "k() { /usr/local/bin/k3s kubectl --request-timeout=3s \"$@\" 2>&1; }\n"
    "[ \"$(systemctl show -p NRestarts --value k3s.service)\" -lt 3 ] || { journalctl -q -u k3s.service -n 60 -o cat; "
    "exit 9; }\n"
    "[ -s /etc/rancher/k3s/k3s.yaml ] || { echo 'K3s starts'; exit 1; }\n"
    "out=$(k get --raw /readyz) || { echo \"API: $out\" | tail -n 1; exit 1; }\n"
    "k get --raw /apis/apps/v1 >/dev/null || { echo 'API: apps/v1 is not served yet'; exit 1; }\n"
    "out=$(k wait --for=condition=Ready node \"$1\" --timeout=5s) || { echo \"node: $out\" | tail -n 1; exit 1; }\n"
    "exit 0\n";

static int run_script(struct run *r, const char *script, const char *arg, struct ssh_result *res, struct err *e)
{
    const char *const args[] = { arg, NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true, .timeout_ms = 30000, .what = "asking K3s" };

    return ssh_script(r->ssh, script, args, &o, res, e);
}

int k3s_probe_containerd(void *ctx, char why[static 256], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    static const char script[] =
        "[ \"$(systemctl show -p NRestarts --value k3s.service)\" -lt 3 ] || exit 9\n"
        "[ -S /run/k3s/containerd/containerd.sock ] && timeout 5 /usr/local/bin/k3s ctr version >/dev/null 2>&1\n";

    if (run_script(ctx, script, "", &res, e) < 0)
        return -1;
    if (res.status == 9)
        return k3s_probe_ready(ctx, why, e);
    (void)snprintf(why, 256, "containerd is not up yet");
    return res.status == 0;
}

int k3s_probe_ready(void *ctx, char why[static 256], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    struct run *r = ctx;

    if (run_script(r, ready_script, r->spec->name, &res, e) < 0)
        return -1;
    sbuf_trim(&res.out);
    if (res.status == 9) {
        const char *cause = cause_find(res.out.data);
        if (cause)
            return err_set(e, ERR_REMOTE, "K3s ends again and again: %s", cause);
        return err_set(e, ERR_REMOTE, "K3s ends again and again; its last words: %.400s",
                       cause_last_line(res.out.data));
    }
    (void)snprintf(why, 256, "%.240s", cause_last_line(res.out.data));
    return res.status == 0;
}
