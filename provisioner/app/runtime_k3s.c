#include "app/runtime_k3s.h"
#include "app/credentials.h"
#include "app/database_k3s.h"
#include "app/job.h"
#include "app/pull.h"
#include "app/server_k3s.h"
#include "app/worker_k3s.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/system.h"
#include "kube/images.h"
#include "kube/k3s.h"
#include "kube/kubectl.h"
#include "kube/pods.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

#define PREFECT_PORT 4200

/* Images are imported as soon as containerd answers, while the node is still getting ready; the worker comes after the
 * pool, which needs the server: a worker that finds no server ends. */
static const struct step_table tables[] = {
    { facts_k3s_steps, &facts_k3s_n_steps, SERVER_ANY },
    { k3s_install_steps, &k3s_install_n_steps, SERVER_ANY },
    { image_steps, &image_n_steps, SERVER_ANY },
    { k3s_ready_steps, &k3s_ready_n_steps, SERVER_ANY },
    { credentials_steps, &credentials_n_steps, SERVER_ELSEWHERE },
    { database_k3s_steps, &database_k3s_n_steps, SERVER_OURS },
    { server_k3s_steps, &server_k3s_n_steps, SERVER_OURS },
    { NULL, NULL, SERVER_ANY },
};

static const struct step_table worker_tables[] = {
    { worker_k3s_steps, &worker_k3s_n_steps, SERVER_ANY },
    { NULL, NULL, SERVER_ANY },
};

static const struct runtime_log logs[] = {
    { "server",
      { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app.kubernetes.io/name=prefect-server", "--tail=500" },
      "--follow" },
    { "worker",
      { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app.kubernetes.io/name=prefect-worker", "--tail=500" },
      "--follow" },
    { "database", { KUBECTL, "-n", NAMESPACE, "logs", "-l", "app=postgres", "--tail=500" }, "--follow" },
    { "k3s", { "journalctl", "-u", "k3s.service", "-n", "500", "--no-pager" }, "--follow" },
    { NULL, { NULL }, NULL },
};

static const struct evidence_row evidence[] = {
    { "k3s.log", { "journalctl", "-q", "-u", "k3s.service", "-n", "400", "--no-pager", "-o", "short-iso" } },
    { "nodes.txt", { KUBECTL, "--request-timeout=5s", "describe", "nodes" } },
    { "pods.txt", { KUBECTL, "--request-timeout=5s", "get", "pods", "-A", "-o", "wide" } },
    { "pods-described.txt", { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "describe", "pods" } },
    { "events.txt", { KUBECTL, "--request-timeout=5s", "get", "events", "-A", "--sort-by=.lastTimestamp" } },
    { "server.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "deploy/prefect-server", "--tail=200" } },
    { "worker.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "deploy/prefect-worker", "--tail=200" } },
    { "postgres.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "statefulset/postgres", "--tail=200" } },
    { "helm.txt", { KUBECTL, "-n", NAMESPACE, "get", "secrets", "-l", "owner=helm", "--show-labels" } },
    { NULL, { NULL } },
};

static int server(struct run *r, struct server_address *ret, struct err *e)
{
    AUTO_JSON json_t *svc = NULL;
    AUTO_SECRET char *credentials = NULL;

    if (kubectl_object(r, "Service", "prefect-server", &svc, e) < 0 ||
        kubectl_secret(r, "prefect-auth", "auth-string", &credentials, e) < 0)
        return -1;
    const char *address = jsonx_str(svc, "spec.clusterIP");
    if (!*address)
        return err_set(e, ERR_REMOTE, "service 'prefect-server' has no cluster address");
    ui_secret(r->ui, credentials);
    (void)snprintf(ret->host, sizeof(ret->host), "%s", address);
    ret->port = PREFECT_PORT;
    ret->url = xasprintf("http://%s:%d/api", address, PREFECT_PORT);
    ret->auth = server_basic_auth(credentials);
    return 0;
}

/* A pod's file system goes with it: the packages are installed on the way into each run. */
static int requirements(struct run *r, const struct spec_pool *pool, const char *text, json_t *job_variables,
                        json_t *pull_steps, struct err *e)
{
    (void)r;
    (void)pool;
    (void)job_variables;
    return pull_requirements(text, pull_steps, e);
}

static int of_run(struct run *r, const char *kind, const char *id, json_t **ret, struct err *e)
{
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", id);
    const char *const args[] = { "-n", NAMESPACE, "get", kind, "-l", selector, "-o", "json", NULL };

    return kubectl(r, args, NULL, ret, e);
}

static int carries_run(struct run *r, const char *id, struct err *e)
{
    AUTO_JSON json_t *jobs = NULL;
    size_t i;
    json_t *job;

    if (of_run(r, "jobs", id, &jobs, e) < 0)
        return -1;
    json_array_foreach (json_object_get(jobs, "items"), i, job)
        if (jsonx_int(job, "status.succeeded", 0) + jsonx_int(job, "status.failed", 0) == 0)
            return 1;
    return 0;
}

static int remove_run(struct run *r, const char *id, struct err *e)
{
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", id);
    const char *const args[] = { "-n",     NAMESPACE, "delete", "jobs", "-l", selector, "--cascade=foreground",
                                 "--wait", NULL };

    return kubectl(r, args, NULL, NULL, e);
}

static int run_output(struct run *r, const char *id, struct sbuf *out, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", id);
    const char *const argv[] = { KUBECTL, "-n", NAMESPACE, "logs", "-l", selector, "--tail=-1", "--timestamps", NULL };
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "kubectl logs" };

    if (ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    sbuf_add(out, res.out.data, res.status == 0 ? res.out.len : 0);
    return 0;
}

static int run_trouble(struct run *r, const char *id, char why[static 256], struct err *e)
{
    AUTO_FREE char *selector = xasprintf("prefect.io/flow-run-id=%s", id);

    return pods_probe(r, selector, why, e) < 0 ? -1 : 0;
}

static int run_goes_away(struct run *r, const char *id, struct err *e)
{
    AUTO_JSON json_t *jobs = NULL;
    size_t i;
    json_t *job;

    if (of_run(r, "jobs", id, &jobs, e) < 0)
        return -1;
    json_array_foreach (json_object_get(jobs, "items"), i, job)
        if (jsonx_int(job, "spec.ttlSecondsAfterFinished", -1) < 0)
            return err_set(e, ERR_REMOTE, "Job '%s' has no TTL: finished Jobs would pile up",
                           jsonx_str(job, "metadata.name"));
    return 0;
}

static void identity(const struct run *r, struct sbuf *out)
{
    sbuf_addf(out, "%s %s", journal_str(r->journal, "helm.prefect-server"), journal_str(r->journal, "cluster.uid"));
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        AUTO_FREE char *key = xasprintf("helm.prefect-worker-%s", r->spec->prefect.work_pools[i].name);
        sbuf_addf(out, " %s", journal_str(r->journal, key));
    }
}

/* What ends and comes back looks ready between two ends. */
static int64_t restarts(struct run *r, const char *selector, struct err *e)
{
    AUTO_JSON json_t *pods = NULL;
    size_t i, k;
    json_t *pod, *c;
    int64_t n = 0;

    if (kubectl_list(r, "Pod", selector, &pods, e) < 0)
        return -1;
    json_array_foreach (json_object_get(pods, "items"), i, pod)
        json_array_foreach (jsonx_get(pod, "status.containerStatuses"), k, c)
            n += jsonx_int(c, "restartCount", 0);
    return n;
}

static void part(struct run *r, json_t *rows, const char *name, const char *selector)
{
    char why[256] = "";
    struct err e = ERR_INIT;
    int rc = pods_probe(r, selector, why, &e);

    if (rc > 0) {
        int64_t n = restarts(r, selector, &e);
        AUTO_FREE char *text = n > 0 ? xasprintf("ready; restarts: %lld", (long long)n) : xstrdup("ready");
        json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "part", name, "ok", 1, "detail", text));
        return;
    }
    json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "part", name, "ok", 0, "detail", rc < 0 ? e.msg : why));
}

static void status(struct run *r, json_t *rows)
{
    if (server_is_ours(r->spec)) {
        part(r, rows, "database", "app=postgres");
        part(r, rows, "server", "app.kubernetes.io/name=prefect-server");
    }
    part(r, rows, "worker", "app.kubernetes.io/name=prefect-worker");
}

const struct runtime runtime_k3s = {
    .name = "k3s",
    .tables = tables,
    .worker_tables = worker_tables,
    .logs = logs,
    .evidence = evidence,
    .server = server,
    .password_command = "sudo k3s kubectl -n prefect get secret prefect-auth -o go-template='{{index .data "
                        "\"auth-string\"|base64decode}}'",
    .python = job_python,
    .requirements = requirements,
    .carries_run = carries_run,
    .remove_run = remove_run,
    .run_output = run_output,
    .run_trouble = run_trouble,
    .run_goes_away = run_goes_away,
    .identity = identity,
    .status = status,
};
