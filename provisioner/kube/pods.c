#include "kube/pods.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "host/cause.h"
#include "kube/kubectl.h"
#include "ssh/ssh.h"
#include <stdio.h>
#include <string.h>

/* Waiting reasons of a container (kubelet, pkg/kubelet/container and images) that time does not heal. A crash is
 * judged from the second restart on: a first one may be a database that was not up yet. */
struct waiting_row {
    const char *reason;
    int restarts;   /* failed from this restart count on */
    int patience_s; /* and when it lasts: a Secret that comes a moment later mends it */
    const char *text;
};

static const struct waiting_row waiting_rows[] = {
    { "ImagePullBackOff", 0, 0, "its image cannot be pulled" },
    { "InvalidImageName", 0, 0, "its image name is not valid" },
    { "ErrImageNeverPull", 0, 0, "its image is not on the node" },
    { "ImageInspectError", 0, 0, "its image cannot be read" },
    { "CreateContainerConfigError", 0, 30, "its configuration is incomplete" },
    { "CrashLoopBackOff", 2, 0, "it crashes again and again" },
    { "RunContainerError", 2, 0, "its container cannot be started" },
};

static const json_t *condition(const json_t *pod, const char *type)
{
    size_t i;
    json_t *c;

    json_array_foreach (jsonx_get(pod, "status.conditions"), i, c)
        if (strcmp(jsonx_str(c, "type"), type) == 0)
            return c;
    return NULL;
}

/* Unbound claims are bound within seconds by the provisioner; anything else needs a person. */
static enum pod_verdict judge_scheduling(const json_t *pod, char why[static 256])
{
    const json_t *c = condition(pod, "PodScheduled");
    const char *msg = jsonx_str(c, "message");

    if (!c || strcmp(jsonx_str(c, "status"), "False") != 0)
        return POD_READY;
    (void)snprintf(why, 256, "cannot be scheduled: %s", msg);
    if (strcmp(jsonx_str(c, "reason"), "Unschedulable") != 0 || strcasestr(msg, "persistentvolumeclaim") ||
        strstr(msg, "not-ready") || strstr(msg, "no nodes available"))
        return POD_COMING;
    return POD_FAILED;
}

static enum pod_verdict judge_container(const json_t *status, char why[static 256], int *ret_patience_s)
{
    const char *reason = jsonx_str(status, "state.waiting.reason");
    const char *message = jsonx_str(status, "state.waiting.message");
    int64_t restarts = jsonx_int(status, "restartCount", 0);

    for (size_t i = 0; i < ARRAY_LEN(waiting_rows); i++) {
        const struct waiting_row *row = &waiting_rows[i];
        if (strcmp(row->reason, reason) == 0 && restarts >= row->restarts) {
            (void)snprintf(why, 256, "%s (%s): %s", row->text, reason, message);
            *ret_patience_s = row->patience_s;
            return POD_FAILED;
        }
    }
    if (jsonx_bool(status, "ready", false))
        return POD_READY;
    if (*reason)
        (void)snprintf(why, 256, "%s %s", reason, message);
    else if (jsonx_get(status, "state.terminated"))
        (void)snprintf(why, 256, "container '%s' ended: %s", jsonx_str(status, "name"),
                       jsonx_str(status, "state.terminated.reason"));
    else
        (void)snprintf(why, 256, "container '%s' runs, not ready yet", jsonx_str(status, "name"));
    return POD_COMING;
}

enum pod_verdict pod_judge(const json_t *pod, char why[static 256], int *ret_patience_s)
{
    static const char *const lists[] = { "status.initContainerStatuses", "status.containerStatuses" };
    enum pod_verdict verdict = judge_scheduling(pod, why);

    size_t i;
    json_t *c;

    *ret_patience_s = 0;
    if (verdict != POD_READY)
        return verdict;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        json_array_foreach (jsonx_get(pod, lists[l]), i, c) {
            char text[256] = "";
            int patience_s = 0;
            enum pod_verdict v =
                l == 0 && jsonx_get(c, "state.terminated") ? POD_READY : judge_container(c, text, &patience_s);
            /* Of several that failed, the one that needs no patience speaks. */
            if (v > verdict || (v == POD_FAILED && patience_s < *ret_patience_s)) {
                verdict = v;
                *ret_patience_s = patience_s;
                memcpy(why, text, sizeof(text));
            }
        }
    }
    const json_t *ready = condition(pod, "Ready");
    if (verdict == POD_READY && strcmp(jsonx_str(ready, "status"), "True") != 0) {
        (void)snprintf(why, 256, "%s", *jsonx_str(ready, "message") ? jsonx_str(ready, "message") : "is being created");
        return POD_COMING;
    }
    return verdict;
}

/* The end of the pod's log, of the container that crashed before when there is one. */
static void last_log(struct run *r, const char *pod, struct ssh_result *res)
{
    struct err lost = ERR_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "kubectl logs" };

    for (int previous = 1; previous >= 0; previous--) {
        const char *const argv[] = {
            KUBECTL, "-n", NAMESPACE, "logs", pod, "--all-containers", "--tail=40", previous ? "--previous" : NULL,
            NULL,
        };
        sbuf_reset(&res->out);
        if (ssh_run(r->ssh, argv, &o, res, &lost) < 0)
            return;
        sbuf_trim(&res->out);
        if (res->status == 0 && res->out.len)
            return;
    }
}

static int failed(struct run *r, const char *name, const char *why, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result log = SSH_RESULT_INIT;

    last_log(r, name, &log);
    const char *cause = cause_find(log.out.data);
    const char *line = cause_last_line(log.out.data);
    if (cause) {
        (void)err_set(e, ERR_REMOTE, "pod '%s': %s; %s", name, cause, why);
        return -1;
    }
    return err_set(e, ERR_REMOTE, "pod '%s': %s%s%.300s", name, why, *line ? "; its last words: " : "", line);
}

/* Has this kind of failure lasted long enough to count? */
static bool lasting(struct run *r, int patience_s)
{
    int64_t now = r->clock->mono_ms(r->clock);

    if (!r->pod_trouble_ms)
        r->pod_trouble_ms = now;
    return now - r->pod_trouble_ms >= patience_s * 1000LL;
}

int pods_probe(struct run *r, const char *selector, char why[static 256], struct err *e)
{
    AUTO_JSON json_t *list = NULL;
    size_t i, ready = 0, coming = 0;
    bool trouble = false;
    json_t *pod;

    if (kubectl_list(r, "Pod", selector, &list, e) < 0) {
        if (e->code != ERR_REMOTE)
            return -1;
        /* An API server that is busy for a moment is not the pods' failure. */
        (void)snprintf(why, 256, "%.250s", e->msg);
        err_clear(e);
        return 0;
    }
    const json_t *items = json_object_get(list, "items");
    (void)snprintf(why, 256, "no pod '%s' yet", selector);
    json_array_foreach (items, i, pod) {
        char text[256] = "";
        const char *name = jsonx_str(pod, "metadata.name");
        if (jsonx_get(pod, "metadata.deletionTimestamp"))
            continue; /* on its way out; its successor counts */
        int patience_s = 0;
        enum pod_verdict v = pod_judge(pod, text, &patience_s);
        trouble = trouble || v == POD_FAILED;
        if (v == POD_FAILED && lasting(r, patience_s))
            return failed(r, name, text, e);
        if (v == POD_READY) {
            ready++;
        } else {
            coming++;
            (void)snprintf(why, 256, "pod '%.60s' %.180s", name, text);
        }
    }
    if (!trouble)
        r->pod_trouble_ms = 0;
    return ready > 0 && coming == 0;
}
