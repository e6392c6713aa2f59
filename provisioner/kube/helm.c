#include "kube/helm.h"
#include "artifact/artifact.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "host/node.h"
#include "host/place.h"
#include "kube/kubectl.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <string.h>

#define HELM_DIR    NODE_DIR "/helm"
#define HELM_BINARY HELM_DIR "/helm"

static int run_root(struct run *r, const char *const argv[], struct ssh_result *res, struct err *e)
{
    const struct ssh_opts o = { .sudo = true, .timeout_ms = 300000, .what = "helm" };

    return ssh_run(r->ssh, argv, &o, res, e);
}

/* The executable comes out of the checked archive each time it is not there; the archive stays as its witness. */
static int ensure_helm(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct artifact_file *f = artifacts_file(r->artifacts, "helm", r->node->arch, NULL);
    AUTO_FREE char *member = xasprintf("linux-%s/helm", r->node->arch);

    if (!f)
        return err_set(e, ERR_SPEC, "the lock has no Helm for %s", r->node->arch);
    AUTO_FREE char *archive = xasprintf(HELM_DIR "/%s", f->file);
    if (place_file(r, f, archive, "0600", e) < 0)
        return -1;
    const char *const untar[] = { "tar",  "-xzf", archive, "-C", HELM_DIR, "--no-same-owner", "--strip-components=1",
                                  member, NULL };
    return run_root(r, untar, &res, e);
}

static int helm(struct run *r, const char *const args[], struct ssh_result *res, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;

    svec_add(&argv, "env");
    svec_add(&argv, "HOME=" HELM_DIR);
    svec_add(&argv, "HELM_CACHE_HOME=" HELM_DIR "/cache");
    svec_add(&argv, "HELM_CONFIG_HOME=" HELM_DIR "/config");
    svec_add(&argv, "HELM_DATA_HOME=" HELM_DIR "/data");
    svec_add(&argv, HELM_BINARY);
    svec_add(&argv, "--kubeconfig=/etc/rancher/k3s/k3s.yaml");
    svec_add(&argv, "--namespace=" NAMESPACE);
    for (; *args; args++)
        svec_add(&argv, *args);
    return run_root(r, svec_argv(&argv), res, e);
}

static void inputs_digest(const struct run *r, const struct helm_release *rel, char ret[static HASH_HEX])
{
    const struct artifact_file *f = artifacts_file(r->artifacts, rel->chart, "any", NULL);
    AUTO_FREE char *user = jsonx_text(rel->override, 0);
    AUTO_FREE char *all = xasprintf("%s\n%s\n%s", f ? f->sha256 : "", rel->values, user);

    hash_sha256_hex(all, strlen(all), ret);
}

/* Status of the release's newest revision ("deployed", "pending-install", ...); "" when there is none. Helm keeps it as
 * labels of Secrets, which is quicker to read than to start Helm. */
static int release_status(struct run *r, const char *name, char ret[static 32], struct err *e)
{
    AUTO_JSON json_t *list = NULL;
    AUTO_FREE char *labels = xasprintf("owner=helm,name=%s", name);
    int64_t newest = 0;
    size_t i;
    json_t *s;

    ret[0] = '\0';
    if (kubectl_list(r, "Secret", labels, &list, e) < 0)
        return -1;
    json_array_foreach (json_object_get(list, "items"), i, s) {
        int64_t revision = strtoll(jsonx_str(s, "metadata.labels.version"), NULL, 10);
        if (revision > newest) {
            newest = revision;
            (void)snprintf(ret, 32, "%.31s", jsonx_str(s, "metadata.labels.status"));
        }
    }
    return 0;
}

int helm_release_check(struct run *r, const struct helm_release *rel, struct err *e)
{
    char want[HASH_HEX], status[32];
    AUTO_FREE char *key = xasprintf("helm.%s", rel->name);

    inputs_digest(r, rel, want);
    if (strcmp(journal_str(r->journal, key), want) != 0)
        return 0;
    if (release_status(r, rel->name, status, e) < 0)
        return -1;
    return strcmp(status, "deployed") == 0;
}

static int repair_pending(struct run *r, const char *name, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    char status[32];
    const char *const uninstall[] = { "uninstall", name, NULL };
    const char *const rollback[] = { "rollback", name, NULL };

    if (release_status(r, name, status, e) < 0)
        return -1;
    if (strcmp(status, "pending-install") == 0)
        return helm(r, uninstall, &res, e);
    if (strncmp(status, "pending-", 8) == 0)
        return helm(r, rollback, &res, e);
    return 0;
}

static int put(struct run *r, const char *path, const char *text, struct err *e)
{
    const struct ssh_file f = { path, "0600", "root:root", NULL };

    return ssh_put_text(r->ssh, &f, text, strlen(text), e);
}

static int upgrade(struct run *r, const struct helm_release *rel, const char *chart, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *ours = xasprintf(HELM_DIR "/%s.yaml", rel->name);
    AUTO_FREE char *user = xasprintf(HELM_DIR "/%s-user.json", rel->name);
    AUTO_FREE char *user_text = rel->override ? jsonx_text(rel->override, 2) : xstrdup("{}");
    const char *const args[] = { "upgrade", "--install", rel->name,         chart, "-f", ours,
                                 "-f",      user,        "--history-max=5", NULL };

    if (put(r, ours, rel->values, e) < 0 || put(r, user, user_text, e) < 0)
        return -1;
    return helm(r, args, &res, e);
}

int helm_release_apply(struct run *r, const struct helm_release *rel, struct err *e)
{
    const struct artifact_file *f = artifacts_file(r->artifacts, rel->chart, "any", NULL);
    AUTO_FREE char *key = xasprintf("helm.%s", rel->name);
    char digest[HASH_HEX];
    int rc = helm_release_check(r, rel, e);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (!f)
        return err_set(e, ERR_SPEC, "the lock has no '%s'", rel->chart);
    AUTO_FREE char *chart = xasprintf(HELM_DIR "/%s", f->file);
    if (ensure_helm(r, e) < 0 || place_file(r, f, chart, "0600", e) < 0 || repair_pending(r, rel->name, e) < 0 ||
        upgrade(r, rel, chart, e) < 0)
        return err_wrap(e, "Helm release '%s'", rel->name);
    inputs_digest(r, rel, digest);
    return journal_set(r->journal, key, json_string(digest), e) < 0 ? -1 : 1;
}

static bool among(const struct svec *v, const char *name)
{
    for (size_t i = 0; i < v->len; i++)
        if (strcmp(v->items[i], name) == 0)
            return true;
    return false;
}

int helm_releases(struct run *r, const char *prefix, struct svec *ret, struct err *e)
{
    AUTO_JSON json_t *list = NULL;
    size_t i;
    json_t *s;

    if (kubectl_list(r, "Secret", "owner=helm", &list, e) < 0)
        return -1;
    json_array_foreach (json_object_get(list, "items"), i, s) {
        const char *name = jsonx_str(s, "metadata.labels.name");
        if (strncmp(name, prefix, strlen(prefix)) == 0 && !among(ret, name))
            svec_add(ret, name);
    }
    return 0;
}

int helm_release_remove(struct run *r, const char *name, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const args[] = { "uninstall", name, "--wait", NULL };
    AUTO_FREE char *key = xasprintf("helm.%s", name);

    if (ensure_helm(r, e) < 0 || helm(r, args, &res, e) < 0)
        return err_wrap(e, "Helm release '%s'", name);
    return journal_set(r->journal, key, json_null(), e);
}
