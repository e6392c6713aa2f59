/* The failure table of pods, on pod objects as the API server sends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/util.h"
#include "host/cause.h"
#include "kube/pods.h"
#include <string.h>

#define WAITING(reason, restarts)                                                                    \
    "{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"ready\":false,\"restartCount\":" restarts \
    ",\"state\":{\"waiting\":{\"reason\":\"" reason "\",\"message\":\"the message\"}}}],"            \
    "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"},{\"type\":\"Ready\",\"status\":\"False\"}]}}"
#define UNSCHEDULABLE(message)                                                                 \
    "{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":" \
    "\"Unschedulable\",\"message\":\"" message "\"}]}}"

#define INIT_WAITING(reason, restarts)                                                                   \
    "{\"status\":{\"initContainerStatuses\":[{\"name\":\"i\",\"ready\":false,\"restartCount\":" restarts \
    ",\"state\":{\"waiting\":{\"reason\":\"" reason "\",\"message\":\"the message\"}}}],"                \
    "\"containerStatuses\":[{\"name\":\"c\",\"ready\":false,\"restartCount\":0,"                         \
    "\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}}}]}}"

static const struct {
    const char *name, *pod;
    enum pod_verdict want;
    const char *says;
    bool patience;
} cases[] = {
    { "ready",
      "{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"restartCount\":0,\"state\":{\"running\":{}}"
      "}],"
      "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
      POD_READY, "", false },
    { "just made", "{\"status\":{\"phase\":\"Pending\"}}", POD_COMING, "is being created", false },
    { "being created", WAITING("ContainerCreating", "0"), POD_COMING, "ContainerCreating", false },
    { "runs, probe not yet good",
      "{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"ready\":false,\"restartCount\":0,\"state\":{\"running\":{}"
      "}}]}}",
      POD_COMING, "container 'c' runs, not ready yet", false },
    { "first pull error may pass", WAITING("ErrImagePull", "0"), POD_COMING, "ErrImagePull", false },
    { "pull back-off", WAITING("ImagePullBackOff", "0"), POD_FAILED, "image cannot be pulled", false },
    { "bad image name", WAITING("InvalidImageName", "0"), POD_FAILED, "image name is not valid", false },
    { "missing secret", WAITING("CreateContainerConfigError", "0"), POD_FAILED, "configuration is incomplete", true },
    { "one crash may be the database", WAITING("CrashLoopBackOff", "1"), POD_COMING, "CrashLoopBackOff", false },
    { "crash loop", WAITING("CrashLoopBackOff", "2"), POD_FAILED, "crashes again and again", false },
    { "too large for the node", UNSCHEDULABLE("0/1 nodes are available: 1 Insufficient memory."), POD_FAILED,
      "Insufficient memory", false },
    { "claim not made yet",
      UNSCHEDULABLE("0/1 nodes are available: 1 persistentvolumeclaim data-postgres-0 not found."), POD_COMING,
      "persistentvolumeclaim", false },
    { "claim not bound yet", UNSCHEDULABLE("pod has unbound immediate PersistentVolumeClaims."), POD_COMING,
      "PersistentVolumeClaims", false },
    { "node not ready yet", UNSCHEDULABLE("1 node(s) had taint {node.kubernetes.io/not-ready: }"), POD_COMING,
      "not-ready", false },
    { "image not on the node", WAITING("ErrImageNeverPull", "0"), POD_FAILED, "image is not on the node", false },
    { "image unreadable", WAITING("ImageInspectError", "0"), POD_FAILED, "image cannot be read", false },
    { "one failed start", WAITING("RunContainerError", "1"), POD_COMING, "RunContainerError", false },
    { "no start succeeds", WAITING("RunContainerError", "2"), POD_FAILED, "container cannot be started", false },
    { "a reason that nobody knows yet", WAITING("SomethingNew", "9"), POD_COMING, "SomethingNew the message", false },
    { "init container crashes", INIT_WAITING("CrashLoopBackOff", "2"), POD_FAILED, "crashes again and again", false },
    { "init container starts", INIT_WAITING("PodInitializing", "0"), POD_COMING, "PodInitializing", false },
    { "untolerated taint", UNSCHEDULABLE("1 node(s) had untolerated taint {gpu: }"), POD_FAILED, "untolerated taint",
      false },
    { "no node yet", UNSCHEDULABLE("no nodes available to schedule pods"), POD_COMING, "no nodes available", false },
    { "gated",
      "{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"SchedulingGated\"}]}}",
      POD_COMING, "cannot be scheduled", false },
    { "containers ready, pod not",
      "{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"state\":{\"running\":{}}}],"
      "\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"message\":\"gate closed\"}]}}",
      POD_COMING, "gate closed", false },
    { "not a pod at all", "[]", POD_COMING, "is being created", false },
    { "init container that is done",
      "{\"status\":{\"initContainerStatuses\":[{\"name\":\"i\",\"ready\":false,\"state\":{\"terminated\":{\"exitCode\":"
      "0}}}],"
      "\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"state\":{\"running\":{}}}],"
      "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
      POD_READY, "", false },
};

static void judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *pod = json_loads(cases[i].pod, 0, NULL);
        char why[256] = "";
        int patience_s = -1;
        assert_non_null(pod);
        enum pod_verdict got = pod_judge(pod, why, &patience_s);
        if (got != cases[i].want || !strstr(why, cases[i].says) || (patience_s > 0) != cases[i].patience)
            fail_msg("%s: verdict %d (want %d), patience %d s, says \"%s\" (want \"%s\")", cases[i].name, got,
                     cases[i].want, patience_s, why, cases[i].says);
    }
}

static void long_words_are_cut(void **state)
{
    char text[2048], why[256];
    int patience_s;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    AUTO_JSON json_t *pod =
        json_pack("{s:{s:[{s:s, s:b, s:i, s:{s:{s:s, s:s}}}]}}", "status", "containerStatuses", "name", "c", "ready", 0,
                  "restartCount", 9, "state", "waiting", "reason", "CrashLoopBackOff", "message", text);
    assert_int_equal(pod_judge(pod, why, &patience_s), POD_FAILED);
    assert_int_equal(strlen(why), 255);
}

static void causes(void **state)
{
    (void)state;
    assert_non_null(strstr(cause_find("x\nFATAL: password authentication failed for user \"prefect\"\n"), "password"));
    assert_null(cause_find("all is well"));
    assert_string_equal(cause_last_line("one\ntwo"), "two");
    assert_string_equal(cause_last_line(""), "");
    assert_int_equal(strncmp(cause_last_line("one\ntwo\n\n \n"), "two", 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(causes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
