#include "app/worker_k3s.h"
#include "app/image_ref.h"
#include "app/pod_env.h"
#include "app/ready.h"
#include "app/worker_online.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "kube/helm.h"
#include "kube/images.h"
#include "kube/kubectl.h"
#include "kube/pods.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

#define RELEASE_PREFIX "prefect-worker-"

/* Job labels carry the cluster's identity; the chart's own look-up of it needs rights that Helm may lack. */
static int cluster_uid(struct run *r, char ret[static 64], struct err *e)
{
    AUTO_JSON json_t *ns = NULL;
    const char *const args[] = { "get", "namespace", "kube-system", "-o", "json", NULL };

    (void)snprintf(ret, 64, "%.63s", journal_str(r->journal, "cluster.uid"));
    if (*ret)
        return 0;
    if (kubectl(r, args, NULL, &ns, e) < 0)
        return -1;
    (void)snprintf(ret, 64, "%.63s", jsonx_str(ns, "metadata.uid"));
    return journal_set(r->journal, "cluster.uid", json_string(ret), e);
}

static int with_release(struct run *r, const struct spec_pool *pool,
                        int (*call)(struct run *, const struct helm_release *, struct err *), struct err *e)
{
    AUTO_SBUF struct sbuf image = SBUF_INIT(1024), text = SBUF_INIT(64 << 10);
    AUTO_FREE char *repository = NULL, *tag = NULL;
    AUTO_FREE char *name = xasprintf(RELEASE_PREFIX "%s", pool->name);
    AUTO_FREE char *replicas = xasprintf("%lld", (long long)r->spec->prefect.worker.replicas);
    char uid[64];

    if (image_name(r, "prefect-worker", &image, e) < 0 || cluster_uid(r, uid, e) < 0)
        return -1;
    image_ref_split(image.data, &repository, &tag);
    const struct template_var vars[] = {
        { "name", name, TEMPLATE_JSON },       { "image_repository", repository, TEMPLATE_JSON },
        { "image_tag", tag, TEMPLATE_JSON },   { "work_pool", pool->name, TEMPLATE_JSON },
        { "cluster_uid", uid, TEMPLATE_JSON }, { "replicas", replicas, TEMPLATE_RAW },
    };
    if (template_file(&text, "helm-values/prefect-worker.yaml", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    AUTO_JSON json_t *values = pod_worker_values(r);
    json_object_update_recursive(values, r->spec->prefect.worker.values);
    const struct helm_release rel = { name, "chart-prefect-worker", text.data, values };
    return call(r, &rel, e);
}

static int release_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    (void)s;
    *ret = STEP_TODO;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        int rc = with_release(r, &r->spec->prefect.work_pools[i], helm_release_check, e);
        if (rc != 1)
            return rc < 0 ? -1 : 0;
    }
    *ret = STEP_DONE;
    return 0;
}

static int release_apply(struct run *r, const struct step *s, struct err *e)
{
    (void)s;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++)
        if (with_release(r, &r->spec->prefect.work_pools[i], helm_release_apply, e) < 0)
            return -1;
    return 0;
}

static bool in_spec(const struct run *r, const char *pool)
{
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++)
        if (strcmp(r->spec->prefect.work_pools[i].name, pool) == 0)
            return true;
    return false;
}

/* Releases of pools that left the spec, into `ret`. The pool itself stays with its history. */
static int retired(struct run *r, struct svec *ret, struct err *e)
{
    AUTO_SVEC struct svec all = SVEC_INIT;

    if (helm_releases(r, RELEASE_PREFIX, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all.len; i++)
        if (!in_spec(r, all.items[i] + strlen(RELEASE_PREFIX)))
            svec_add(ret, all.items[i]);
    return 0;
}

static int retired_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SVEC struct svec names = SVEC_INIT;

    (void)s;
    if (retired(r, &names, e) < 0)
        return -1;
    *ret = names.len ? STEP_TODO : STEP_DONE;
    return 0;
}

static int retired_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SVEC struct svec names = SVEC_INIT;

    (void)s;
    if (retired(r, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.len; i++)
        if (helm_release_remove(r, names.items[i], e) < 0)
            return -1;
    return 0;
}

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ctx;
    int rc = pods_probe(r, "app.kubernetes.io/name=prefect-worker", why, e);

    return rc <= 0 ? rc : workers_online(r, r->spec->prefect.worker.replicas, why, e);
}

static int online_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    return ready_check(r, s, probe, ret, e);
}

static int online_apply(struct run *r, const struct step *s, struct err *e)
{
    return ready_wait(r, s, probe, "Prefect worker ONLINE", e);
}

const struct step worker_k3s_steps[] = {
    { "worker/release", PHASE_WORKER, release_check, release_apply, NULL, NULL },
    { "worker/retired", PHASE_WORKER, retired_check, retired_apply, NULL, NULL },
    { "worker/online", PHASE_WORKER, online_check, online_apply, NULL, NULL },
};
const size_t worker_k3s_n_steps = ARRAY_LEN(worker_k3s_steps);
