#include "kube/view.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view {
    char k3s_sha256[65];
    char *images;    /* ctr images ls */
    json_t *objects; /* {"items": [...]} */
};

static const char script[] = "export HOME=" NODE_DIR "\n"
                             "sha256sum /usr/local/bin/k3s | cut -c1-64 || exit 1\n"
                             "k3s ctr -n k8s.io images ls || exit 1\n"
                             "echo ---\n"
                             "exec k3s kubectl --request-timeout=10s -n prefect get "
                             "namespaces,nodes,secrets,services,statefulsets,pods -o json\n";

void view_free(struct view *v)
{
    if (!v)
        return;
    json_decref(v->objects);
    free(v->images);
    free(v);
}

static struct view *parse(const char *text)
{
    const char *images = strchr(text, '\n');
    const char *json = images ? strstr(images, "\n---\n") : NULL;
    struct err lost = ERR_INIT;

    if (!json)
        return NULL;
    json_t *objects = jsonx_parse(json + 5, strlen(json + 5), "the cluster's objects", &lost);
    if (!objects)
        return NULL;
    struct view *v = xcalloc(1, sizeof(*v));
    (void)snprintf(v->k3s_sha256, sizeof(v->k3s_sha256), "%.*s", (int)(images - text), text);
    v->images = xstrndup(images, (size_t)(json - images) + 1);
    v->objects = objects;
    return v;
}

int view_usable(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "looking at the cluster" };

    if (r->changed || journal_mark(r->journal, "k3s/ready") != JOURNAL_DONE)
        return 0;
    if (r->view)
        return 1;
    if (ssh_script(r->ssh, script, NULL, &o, &res, e) < 0)
        return -1;
    /* A cluster that does not answer is the business of the steps that follow. */
    r->view = res.status == 0 && !res.out.overflow ? parse(res.out.data) : NULL;
    return r->view != NULL;
}

const json_t *view_object(const struct run *r, const char *kind, const char *name)
{
    size_t i;
    json_t *o;

    json_array_foreach (json_object_get(r->view->objects, "items"), i, o)
        if (strcmp(jsonx_str(o, "kind"), kind) == 0 && strcmp(jsonx_str(o, "metadata.name"), name) == 0)
            return o;
    return NULL;
}

static bool labels_match(const json_t *labels, const char *selector)
{
    while (*selector) {
        size_t n = strcspn(selector, ","), key = strcspn(selector, "=");
        AUTO_FREE char *name = xstrndup(selector, key);
        const char *have = json_string_value(json_object_get(labels, name));
        if (!have || strlen(have) != n - key - 1 || strncmp(have, selector + key + 1, n - key - 1) != 0)
            return false;
        selector += n + (selector[n] == ',');
    }
    return true;
}

json_t *view_list(const struct run *r, const char *kind, const char *selector)
{
    json_t *items = json_array(), *o;
    size_t i;

    json_array_foreach (json_object_get(r->view->objects, "items"), i, o)
        if (strcmp(jsonx_str(o, "kind"), kind) == 0 && labels_match(jsonx_get(o, "metadata.labels"), selector))
            json_array_append(items, o);
    return json_pack("{s:o}", "items", items);
}

const char *view_k3s_sha256(const struct run *r)
{
    return r->view->k3s_sha256;
}

bool view_node_ready(const struct run *r)
{
    AUTO_JSON json_t *nodes = view_list(r, "Node", "");
    size_t i;
    json_t *c;

    json_array_foreach (jsonx_get(nodes, "items.0.status.conditions"), i, c)
        if (strcmp(jsonx_str(c, "type"), "Ready") == 0)
            return strcmp(jsonx_str(c, "status"), "True") == 0;
    return false;
}

void view_parse_image(const char *listing, const char *name, char ret[static 72])
{
    size_t n = strlen(name);

    ret[0] = '\0';
    for (const char *line = listing; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) != 0 || line[n] != ' ')
            continue;
        const char *digest = strstr(line + n, "sha256:");
        const char *end = strchr(line, '\n');
        if (digest && (!end || digest < end))
            (void)snprintf(ret, 72, "%.71s", digest);
        return;
    }
}

void view_image_digest(const struct run *r, const char *name, char ret[static 72])
{
    view_parse_image(r->view->images, name, ret);
}
