#include "app/work_pool.h"
#include "app/prefect_api.h"
#include "app/work_queue.h"
#include "artifact/artifact.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/node.h"
#include "kube/images.h"
#include "kube/kubectl.h"
#include "spec/spec.h"
#include <string.h>

/* What a type of pool needs to start a run. */
struct pool_type {
    const char *name, *template;
    int (*render)(struct run *r, const char *template, struct sbuf *out, struct err *e);
};

static int render_kubernetes(struct run *r, const char *template, struct sbuf *out, struct err *e)
{
    AUTO_SBUF struct sbuf image = SBUF_INIT(1024);

    if (image_name(r, "prefect", &image, e) < 0)
        return -1;
    const struct template_var vars[] = {
        { "namespace", NAMESPACE, TEMPLATE_JSON },
        { "image", image.data, TEMPLATE_JSON },
        { "flows", NODE_DIR "/flows", TEMPLATE_JSON },
    };
    return template_file(out, template, vars, ARRAY_LEN(vars), e);
}

static int render_docker(struct run *r, const char *template, struct sbuf *out, struct err *e)
{
    AUTO_FREE char *image = xasprintf("docker.io/prefecthq/prefect:%s-python3.11", r->artifacts->prefect);
    const struct template_var vars[] = { { "image", image, TEMPLATE_JSON } };

    return template_file(out, template, vars, ARRAY_LEN(vars), e);
}

static int render_process(struct run *r, const char *template, struct sbuf *out, struct err *e)
{
    (void)r;
    return template_file(out, template, NULL, 0, e);
}

static const struct pool_type pool_types[] = {
    { "kubernetes", "templates/work-pool-kubernetes.json", render_kubernetes },
    { "process", "templates/work-pool-process.json", render_process },
    { "docker", "templates/work-pool-docker.json", render_docker },
};

/* What the pool shall be: {"base_job_template", "concurrency_limit"}. New reference, NULL on error. */
static json_t *wanted(struct run *r, const struct spec_pool *pool, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(256 << 10);
    int64_t limit = pool->concurrency < 0 ? node_concurrency(r->node) : pool->concurrency;
    const struct pool_type *t = pool_types;

    while (t < pool_types + ARRAY_LEN(pool_types) - 1 && strcmp(t->name, pool->type) != 0)
        t++;
    if (t->render(r, t->template, &text, e) < 0)
        return NULL;
    json_t *job = jsonx_parse(text.data, text.len, t->template, e);
    return job ? json_pack("{s:o, s:I}", "base_job_template", job, "concurrency_limit", (json_int_t)limit) : NULL;
}

/* 1: as wanted; 0: differs; 2: absent. */
static int compare(struct prefect_api *api, const struct spec_pool *pool, const json_t *want, struct err *e)
{
    AUTO_JSON json_t *have = NULL;
    AUTO_FREE char *path = xasprintf("/work_pools/%s", pool->name);
    int found = prefect_api_find(api, path, &have, e);

    if (found <= 0)
        return found < 0 ? -1 : 2;
    if (strcmp(jsonx_str(have, "type"), pool->type) != 0) {
        (void)err_set(e, ERR_CONFLICT,
                      "work pool '%s' is of type '%s', the spec says '%s'; a pool's type cannot change", pool->name,
                      jsonx_str(have, "type"), pool->type);
        return err_hint(e, "give the pool another name in prefect.work_pools, or delete it in the UI");
    }
    return json_equal(json_object_get(have, "base_job_template"), json_object_get(want, "base_job_template")) &&
           json_equal(json_object_get(have, "concurrency_limit"), json_object_get(want, "concurrency_limit"));
}

static int make(struct prefect_api *api, const struct spec_pool *pool, json_t *want, struct err *e)
{
    AUTO_FREE char *path = xasprintf("/work_pools/%s", pool->name);
    int rc = compare(api, pool, want, e);

    if (rc < 0 || rc == 1)
        return rc < 0 ? -1 : 0;
    if (rc == 0)
        return prefect_api_ok(api, "PATCH", path, want, NULL, e);
    json_object_set_new(want, "name", json_string(pool->name));
    json_object_set_new(want, "type", json_string(pool->type));
    return prefect_api_ok(api, "POST", "/work_pools/", want, NULL, e);
}

static int pools_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    *ret = STEP_TODO;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
        AUTO_JSON json_t *want = wanted(r, pool, e);
        int rc = want ? compare(api, pool, want, e) : -1;
        if (rc == 1)
            rc = work_queues_check(api, pool, e);
        if (rc != 1)
            return rc < 0 ? -1 : 0;
    }
    *ret = STEP_DONE;
    return 0;
}

static int pools_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    (void)s;
    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    for (size_t i = 0; i < r->spec->prefect.n_work_pools; i++) {
        const struct spec_pool *pool = &r->spec->prefect.work_pools[i];
        AUTO_JSON json_t *want = wanted(r, pool, e);
        if (!want || make(api, pool, want, e) < 0 || work_queues_apply(api, pool, e) < 0)
            return err_wrap(e, "work pool '%s'", pool->name);
    }
    return 0;
}

const struct step work_pool_steps[] = {
    { "worker/work-pools", PHASE_WORKER, pools_check, pools_apply, NULL, NULL },
};
const size_t work_pool_n_steps = ARRAY_LEN(work_pool_steps);
