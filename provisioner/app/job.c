#include "app/job.h"
#include "app/pod_env.h"
#include "app/prefect_api.h"
#include "app/server_ready.h"
#include "core/base64.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/template.h"
#include "core/util.h"
#include "core/wait.h"
#include "host/cause.h"
#include "host/node.h"
#include "kube/kubectl.h"
#include "kube/pods.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include <stdio.h>
#include <string.h>

#define MARK          "----slipway-answer----"
#define MAX_JOB_INPUT ((size_t)4 << 20)

struct job {
    struct run *run;
    const struct python_job *of;
    char name[64];
    bool failed;
};

static char *base64(const char *text)
{
    AUTO_SBUF struct sbuf b = SBUF_INIT(MAX_JOB_INPUT * 2);

    base64_encode(&b, text, strlen(text));
    return sbuf_take(&b);
}

/* Prefect's own is the one that bootstrap gave the pool: the node has it, and flows run in it. A lock that has changed
 * since, or an artifacts directory that is not named any more, has no say. */
static int find_image(struct job *j, char ret[static 1024], struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *pool = NULL;
    const char *name = j->run->spec->prefect.work_pools[0].name;
    AUTO_FREE char *path = xasprintf("/work_pools/%s", name);

    (void)snprintf(ret, 1024, "%s", j->of->image ? j->of->image : "");
    if (*ret)
        return server_takes_image(j->run, ret, e);
    if (prefect_api_open(j->run, &api, e) < 0 || prefect_api_ok(api, "GET", path, NULL, &pool, e) < 0)
        return -1;
    (void)snprintf(ret, 1024, "%s", jsonx_str(pool, "base_job_template.variables.properties.image.default"));
    if (*ret)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "work pool '%s' names no image", name);
    return err_hint(e, "`slipway bootstrap` puts it right");
}

static int make(struct job *j, struct err *e)
{
    struct run *r = j->run;
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_JOB_INPUT * 3);
    char image[1024];
    AUTO_SECRET char *input = base64(j->of->input);
    AUTO_FREE char *program = base64(template_get(j->of->program));
    AUTO_FREE char *deadline = xasprintf("%lld", (long long)(j->of->timeout_ms / 1000));
    AUTO_JSON json_t *env_json = pod_env(r);
    AUTO_FREE char *env = jsonx_text(env_json, 0);

    if (find_image(j, image, e) < 0)
        return -1;
    const struct template_var vars[] = {
        { "name", j->name, TEMPLATE_JSON },
        { "program_name", j->of->name, TEMPLATE_JSON },
        { "namespace", NAMESPACE, TEMPLATE_JSON },
        { "program", program, TEMPLATE_JSON },
        { "input", input, TEMPLATE_JSON },
        { "deadline_s", deadline, TEMPLATE_RAW },
        { "image", image, TEMPLATE_JSON },
        { "mark", MARK, TEMPLATE_RAW },
        { "env", env, TEMPLATE_RAW },
        { "flows", NODE_DIR "/flows", TEMPLATE_JSON },
    };
    int rc = template_file(&text, "templates/python-job.yaml", vars, ARRAY_LEN(vars), e);
    if (rc == 0)
        rc = sbuf_check(&text, "the Job", e);
    if (rc == 0)
        rc = kubectl_apply(r, text.data, "the Job", e);
    secret_wipe(text.data, text.len);
    return rc;
}

static int ended(void *ctx, char why[static 256], struct err *e)
{
    struct job *j = ctx;
    AUTO_JSON json_t *object = NULL;
    AUTO_FREE char *selector = xasprintf("slipway/job=%s", j->name);
    const char *const args[] = { "-n", NAMESPACE, "get", "job", j->name, "-o", "json", NULL };

    if (kubectl(j->run, args, NULL, &object, e) < 0)
        return -1;
    j->failed = jsonx_int(object, "status.failed", 0) > 0;
    if (j->failed || jsonx_int(object, "status.succeeded", 0) > 0)
        return 1;
    return pods_probe(j->run, selector, why, e) < 0 ? -1 : 0;
}

static int read_log(struct job *j, struct sbuf *out, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *what = xasprintf("job/%s", j->name);
    const char *const argv[] = { KUBECTL, "-n", NAMESPACE, "logs", what, "--tail=-1", NULL };
    const struct ssh_opts o = { .sudo = true, .what = "reading the Job's log" };

    if (ssh_run(j->run->ssh, argv, &o, &res, e) < 0 || sbuf_check(&res.out, "the Job's log", e) < 0)
        return -1;
    char *mark = strstr(res.out.data, "\n" MARK "\n");
    if (mark) {
        sbuf_addstr(out, mark + strlen("\n" MARK "\n"));
        *mark = '\0';
    }
    ui_debug(j->run->ui, "%s", res.out.data);
    if (!j->failed && mark)
        return 0;
    return err_set(e, ERR_REMOTE, "'%s' failed in its Job: %.600s", j->of->name, cause_last_line(res.out.data));
}

static int remove_labelled(struct run *r, const char *label, const char *value, struct err *e)
{
    AUTO_FREE char *selector = xasprintf("slipway/%s=%s", label, value);
    const char *const args[] = {
        "-n", NAMESPACE, "delete", "jobs,secrets", "-l", selector, "--ignore-not-found", "--wait=false", NULL
    };

    return kubectl(r, args, NULL, NULL, e);
}

static void remove_job(struct job *j)
{
    struct err lost = ERR_INIT;

    if (remove_labelled(j->run, "job", j->name, &lost) < 0)
        ui_warn(j->run->ui, "%s", lost.msg);
}

int job_python(struct run *r, const struct python_job *job, struct sbuf *out, struct err *e)
{
    struct job j = { .run = r, .of = job };
    AUTO_FREE char *what = xasprintf("%s in its Job", job->name);
    const struct wait w = { what, r->clock->mono_ms(r->clock) + job->timeout_ms, 500 };
    char id[37];

    rng_uuid(id);
    (void)snprintf(j.name, sizeof(j.name), "slipway-%.20s-%.8s", job->name, id);
    /* One whose operator went away in the middle goes on by itself. */
    int rc = remove_labelled(r, "program", job->name, e);
    if (rc == 0)
        rc = make(&j, e);
    if (rc == 0)
        rc = wait_for(&w, r->clock, r->ui, ended, &j, e);
    if (rc == 0)
        rc = read_log(&j, out, e);
    remove_job(&j);
    return rc;
}
