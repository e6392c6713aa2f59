#include "kube/k3s.h"
#include "artifact/artifact.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "host/node.h"
#include "host/place.h"
#include "kube/k3s_probe.h"
#include "kube/kubectl.h"
#include "kube/view.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K3S_UNIT   "/etc/systemd/system/k3s.service"
#define K3S_CONFIG "/etc/rancher/k3s/config.yaml"
#define IMAGES_DIR "/var/lib/rancher/k3s/agent/images"

/* What containerd needs where CAP_SYS_RESOURCE is missing, by K3s version: containerd 2 reads more files from a
 * directory, the older ones take a template for the whole file. */
struct containerd_row {
    int minor; /* from this Kubernetes minor version on */
    const char *template, *path;
};

static const struct containerd_row containerd_rows[] = {
    { 33, "templates/containerd-restricted-v3.toml",
      "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/10-slipway.toml" },
    { 0, "templates/containerd-restricted-v2.toml", "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl" },
};

static const struct containerd_row *containerd_row(const char *version)
{
    const char *dot = strchr(version, '.'); /* v1.34.2+k3s1 */
    int minor = dot ? (int)strtol(dot + 1, NULL, 10) : 0;
    size_t i = 0;

    while (minor < containerd_rows[i].minor)
        i++;
    return &containerd_rows[i];
}

static void merge_config(json_t *ours, const json_t *theirs)
{
    const char *key;
    json_t *v;

    json_object_foreach ((json_t *)(uintptr_t)theirs, key, v) {
        json_t *have = json_object_get(ours, key);
        size_t n = strlen(key);
        if (json_is_array(have) && json_is_array(v) && n > 4 && strcmp(key + n - 4, "-arg") == 0)
            json_array_extend(have, v);
        else
            json_object_set(ours, key, v);
    }
}

json_t *k3s_config(const struct run *r)
{
    json_t *c =
        json_pack("{s:s, s:b, s:s, s:[sss], s:[o], s:[]}", "write-kubeconfig-mode", "0600", "secrets-encryption", 1,
                  "node-name", r->spec->name, "disable", "traefik", "servicelb", "metrics-server", "kubelet-arg",
                  json_sprintf("max-pods=%lld", (long long)node_max_pods(r->node)), "kube-proxy-arg");

    if (!r->node->overlayfs)
        json_object_set_new(c, "snapshotter", json_string("native"));
    if (!r->node->cap_sys_resource)
        json_array_append_new(json_object_get(c, "kube-proxy-arg"), json_string("conntrack-max-per-core=0"));
    if (json_array_size(json_object_get(c, "kube-proxy-arg")) == 0)
        json_object_del(c, "kube-proxy-arg");
    merge_config(c, r->spec->k3s.config);
    return c;
}

static int run_root(struct run *r, const char *const argv[], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true };

    return ssh_run(r->ssh, argv, &o, &res, e);
}

/* A K3s that somebody else put there is not ours to change. */
static int refuse_foreign(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true };
    static const char script[] = "if [ -e /usr/local/bin/k3s ] || [ -e /etc/systemd/system/k3s.service ]; then\n"
                                 "  [ \"$(cat /etc/rancher/k3s/slipway-owner 2>/dev/null)\" = \"$1\" ] || exit 3\n"
                                 "fi\n[ ! -e /etc/slipway/owner ] || exit 4\nexit 0\n";
    const char *const args[] = { r->spec->name, NULL };

    if (ssh_script(r->ssh, script, args, &o, &res, e) < 0)
        return -1;
    if (res.status == 0)
        return 0;
    if (res.status == 4)
        return err_set(e, ERR_CONFLICT, "the machine already runs a Prefect without Kubernetes (/etc/slipway/owner)");
    (void)err_set(e, ERR_CONFLICT, "the machine already has a K3s that deployment '%s' did not install", r->spec->name);
    return err_hint(e, "remove it there, or use another machine; slipway changes nothing that it did not make");
}

static int put_text(struct run *r, const char *path, const char *mode, const char *text, struct err *e)
{
    const struct ssh_file f = { path, mode, "root:root", NULL };

    return ssh_put_text(r->ssh, &f, text, strlen(text), e);
}

static int put_config(struct run *r, struct err *e)
{
    AUTO_JSON json_t *config = k3s_config(r);
    AUTO_FREE char *text = jsonx_text(config, 2);
    const struct containerd_row *row = containerd_row(r->artifacts->k3s);

    if (put_text(r, "/etc/rancher/k3s/slipway-owner", "0600", r->spec->name, e) < 0 ||
        put_text(r, K3S_CONFIG, "0600", text, e) < 0 ||
        put_text(r, K3S_UNIT, "0644", template_get("templates/k3s.service"), e) < 0)
        return -1;
    if (r->node->cap_sys_resource)
        return 0;
    return put_text(r, row->path, "0600", template_get(row->template), e);
}

static int place_images(struct run *r, struct err *e)
{
    const struct artifact_file *f = NULL;

    while ((f = artifacts_file(r->artifacts, "k3s-images", r->node->arch, f))) {
        AUTO_FREE char *there = xasprintf(IMAGES_DIR "/%s", f->file);
        if (place_file(r, f, there, "0644", e) < 0)
            return -1;
    }
    return 0;
}

/* Everything that the install depends on, as one digest: a change of spec or lock shows. */
static void install_digest(const struct run *r, char ret[static HASH_HEX])
{
    const struct artifact_file *f = artifacts_file(r->artifacts, "k3s", r->node->arch, NULL);
    AUTO_JSON json_t *config = k3s_config(r);
    AUTO_FREE char *text = jsonx_text(config, 0);
    AUTO_FREE char *all = xasprintf("%s %s %s", f ? f->sha256 : "", text, template_get("templates/k3s.service"));

    hash_sha256_hex(all, strlen(all), ret);
}

static int install_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    const struct artifact_file *f = artifacts_file(r->artifacts, "k3s", r->node->arch, NULL);
    char want[HASH_HEX];

    if (!f)
        return err_set(e, ERR_SPEC, "the lock has no K3s for %s", r->node->arch);
    install_digest(r, want);
    *ret = STEP_TODO;
    if (journal_mark(r->journal, s->name) != JOURNAL_DONE || strcmp(journal_str(r->journal, "k3s.digest"), want) != 0)
        return 0;
    int rc = view_usable(r, e);
    if (rc > 0)
        rc = strcmp(view_k3s_sha256(r), f->sha256) == 0;
    else if (rc == 0)
        rc = place_check(r, K3S_BINARY, f->sha256, e);
    if (rc > 0)
        *ret = STEP_DONE;
    return rc < 0 ? -1 : 0;
}

static int install_apply(struct run *r, const struct step *s, struct err *e)
{
    static const char *const reload[] = { "systemctl", "daemon-reload", NULL };
    static const char *const stop[] = { "systemctl", "stop", "k3s.service", NULL };
    static const char *const enable[] = { "systemctl", "enable", "--quiet", "k3s.service", NULL };
    /* Restarts are counted over the unit's life; those of a configuration that was mended must not condemn this one. */
    static const char *const forget[] = { "systemctl", "reset-failed", "k3s.service", NULL };
    static const char *const start[] = { "systemctl", "restart", "--no-block", "k3s.service", NULL };
    const struct artifact_file *f = artifacts_file(r->artifacts, "k3s", r->node->arch, NULL);
    char digest[HASH_HEX];

    (void)s;
    if (refuse_foreign(r, e) < 0)
        return -1;
    /* The configuration goes first: it carries the owner mark by which a half-made install is known as ours. */
    if (put_config(r, e) < 0 || place_file(r, f, K3S_BINARY, "0755", e) < 0 || place_images(r, e) < 0)
        return -1;
    if (run_root(r, reload, e) < 0 || run_root(r, enable, e) < 0 || run_root(r, stop, e) < 0 ||
        run_root(r, forget, e) < 0 || run_root(r, start, e) < 0)
        return -1;
    install_digest(r, digest);
    return journal_set(r->journal, "k3s.digest", json_string(digest), e);
}

/* A K3s that somebody stopped is started, not waited for. */
static int ensure_started(struct run *r, struct err *e)
{
    static const char *const start[] = { "systemctl", "start", "--no-block", "k3s.service", NULL };

    return run_root(r, start, e);
}

static int wait_k3s(struct run *r, const char *name, wait_probe *probe, int64_t every_ms, struct err *e)
{
    const struct wait w = { name, phases_deadline_ms(r->phases, PHASE_K3S, r->spec->timeouts), every_ms };

    return wait_for(&w, r->clock, r->ui, probe, r, e);
}

int k3s_wait_containerd(struct run *r, struct err *e)
{
    if (ensure_started(r, e) < 0)
        return -1;
    return wait_k3s(r, "containerd on the machine", k3s_probe_containerd, 250, e);
}

static int ready_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    int usable = view_usable(r, e);

    /* Without a fresh view somebody acted or the cluster does not answer: then it is waited for. */
    (void)s;
    *ret = usable > 0 && view_node_ready(r) ? STEP_DONE : STEP_TODO;
    return usable < 0 ? -1 : 0;
}

static int ready_apply(struct run *r, const struct step *s, struct err *e)
{
    (void)s;
    if (ensure_started(r, e) < 0)
        return -1;
    return wait_k3s(r, "K3s node Ready", k3s_probe_ready, 500, e);
}

/* Remove K3s and all that slipway put on a machine that is not ours. Names what is left. */
static int k3s_remove(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .timeout_ms = 180000, .what = "removing K3s" };
    const char *const args[] = { r->spec->name, NULL };

    if (ssh_script(r->ssh, template_get("templates/k3s-remove.sh"), args, &o, &res, e) < 0)
        return -1;
    sbuf_trim(&res.err);
    if (res.status != 0)
        return err_set(e, ERR_LEFTOVER, "K3s was not removed completely: %.600s", res.err.data);
    return 0;
}

static int install_undo(struct run *r, const struct step *s, struct err *e)
{
    (void)s;
    return k3s_remove(r, e);
}

const struct step k3s_install_steps[] = {
    { "k3s/install", PHASE_K3S, install_check, install_apply, install_undo, NULL },
};
const size_t k3s_install_n_steps = ARRAY_LEN(k3s_install_steps);

const struct step k3s_ready_steps[] = {
    { "k3s/ready", PHASE_K3S, ready_check, ready_apply, NULL, NULL },
};
const size_t k3s_ready_n_steps = ARRAY_LEN(k3s_ready_steps);
