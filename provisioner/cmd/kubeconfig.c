#include "cmd/common.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include <stdio.h>
#include <string.h>

#define API_PORT 6443

struct tunnel {
    struct app *app;
    struct session *session;
    json_t *config;
    char *path;
    pid_t child; /* of `-- COMMAND`, or -1 */
    struct err err;
};

/* K3s calls everything "default"; contexts of several deployments must not collide. */
static void rename_entries(json_t *config, const char *name)
{
    static const char *const lists[] = { "clusters", "users", "contexts" };
    json_t *context = jsonx_get(config, "contexts.0.context");

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        json_object_set_new(json_array_get(json_object_get(config, lists[i]), 0), "name", json_string(name));
    json_object_set_new(context, "cluster", json_string(name));
    json_object_set_new(context, "user", json_string(name));
    json_object_set_new(config, "current-context", json_string(name));
}

static int write_config(struct tunnel *t, int port, struct err *e)
{
    AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d", port);

    json_object_set_new(jsonx_get(t->config, "clusters.0.cluster"), "server", json_string(url));
    AUTO_SECRET char *text = jsonx_text(t->config, 2);
    return fsx_replace(t->path, text, strlen(text), 0600, e);
}

static void ready(void *ctx, int port)
{
    struct tunnel *t = ctx;
    AUTO_FREE char *env = xasprintf("KUBECONFIG=%s", t->path);
    const char *const extra[] = { env, NULL };

    if (write_config(t, port, &t->err) < 0)
        return;
    if (t->app->tail) {
        if (proc_spawn((const char *const *)t->app->tail, extra, &t->child, &t->err) < 0)
            t->child = -1;
        return;
    }
    if (t->app->json) {
        json_t *doc = json_pack("{s:s, s:i}", "kubeconfig", t->path, "port", port);
        if (app_print_json(doc, &t->err) < 0)
            return;
    } else {
        printf("export %s\n", env);
        (void)fflush(stdout);
    }
    ui_info(t->app->ui, "the tunnel stays open until Ctrl-C");
}

static bool until(void *ctx)
{
    struct tunnel *t = ctx;

    return t->err.code != ERR_NONE || (t->child > 0 && proc_ended(t->child, &t->app->exit_status));
}

int cmd_kubeconfig(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    AUTO_JSON json_t *config = NULL;
    const char *const args[] = { "config", "view", "--raw", "-o", "json", NULL };
    int port = 0, used = 0;

    if (common_port(app, &port, e) < 0 || common_connect(app, &s, e) < 0 || kubectl(&s.run, args, NULL, &config, e) < 0)
        return -1;
    rename_entries(config, s.spec->name);
    AUTO_FREE char *path = app->opt[OPT_OUT] ? xstrdup(app->opt[OPT_OUT]) : fsx_join(s.dir, "kubeconfig");
    struct tunnel t = { app, &s, config, path, -1, ERR_INIT };
    int rc = ssh_forward(s.run.ssh, port, "127.0.0.1", API_PORT, &used, ready, until, &t, e);
    if (t.err.code != ERR_NONE) {
        *e = t.err;
        return -1;
    }
    /* Ctrl-C is how this command ends when it holds the tunnel. */
    return rc < 0 && e->code == ERR_CANCELED && !app->tail ? 0 : rc;
}
