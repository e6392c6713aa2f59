#include "spec/whole.h"
#include "core/mem.h"
#include "core/util.h"
#include <inttypes.h>
#include <sys/stat.h>

/* The node of `path`, or the last one on the way to it; `ret_whole` says which. */
static const struct yt_node *node_at(const struct yt_node *root, const char *path, bool *ret_whole)
{
    const struct yt_node *n = root;

    for (*ret_whole = true; *path;) {
        size_t len = strcspn(path, ".[");
        AUTO_FREE char *key = xstrndup(path, len);
        const struct yt_node *next = NULL;
        if (*path == '[') {
            size_t i = strtoul(path + 1, NULL, 10);
            next = n->kind == YT_LIST && i < n->n ? n->items[i] : NULL;
            len = strcspn(path, "]") + 1;
        } else if (len) {
            next = yt_get(n, key);
        }
        path += len;
        path += *path == '.';
        *ret_whole = next != NULL;
        if (!next)
            return n;
        n = next;
    }
    return n;
}

void whole_say(const struct whole *w, const char *path, const char *fmt, ...)
{
    bool found;
    const struct yt_node *n = node_at(w->root, path, &found);
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = xvasprintf(fmt, ap);
    va_end(ap);
    problems_add(w->p, n->line, n->column, path, "'%s' %s", path, text);
}

void whole_warn(const struct whole *w, const char *path, const char *fmt, ...)
{
    bool found;
    const struct yt_node *n = node_at(w->root, path, &found);
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = xvasprintf(fmt, ap);
    va_end(ap);
    svec_addf(&w->s->warnings, "%s:%zu:%zu: '%s' %s", w->s->path, n->line, n->column, path, text);
}

bool whole_given(const struct whole *w, const char *path)
{
    bool found;
    const struct yt_node *n = node_at(w->root, path, &found);

    return found && !(n->kind == YT_SCALAR && yt_classify(n, NULL) == YT_NULL);
}

const struct yt_node *whole_node(const struct whole *w, const char *path, enum yt_kind kind)
{
    bool found;
    const struct yt_node *n = node_at(w->root, path, &found);

    return found && n->kind == kind ? n : NULL;
}

void whole_secret(const struct whole *w, const struct spec_secret *s, const char *path)
{
    AUTO_FREE char *field = xasprintf("%s.file", path);
    struct stat st;

    if (s->file && whole_given(w, field) && stat(s->file, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
        whole_warn(w, field, "names a file that others can read; chmod 600 it");
}

/* Fields that mean nothing without an own server, and would be believed to do something. */
static void check_server(const struct whole *w)
{
    static const char *const own[] = { "database", "resources", "values", "events_days", "runs_days" };
    bool cloud = whole_given(w, "prefect.server.cloud"), url = whole_given(w, "prefect.server.url");

    if (cloud && url)
        whole_say(w, "prefect.server", "names both 'cloud' and 'url'; keep at most one");
    if (!url && whole_given(w, "prefect.server.auth"))
        whole_say(w, "prefect.server.auth", "goes only with 'url'; %s",
                  cloud ? "the cloud takes 'cloud.key'" : "an own server makes its own password");
    for (size_t i = 0; (cloud || url) && i < ARRAY_LEN(own); i++) {
        AUTO_FREE char *path = xasprintf("prefect.server.%s", own[i]);
        if (whole_given(w, path))
            whole_say(w, path, "is for an own server, and with '%s' there is none; remove it", cloud ? "cloud" : "url");
    }
    whole_secret(w, &w->s->prefect.server.cloud.key, "prefect.server.cloud.key");
    whole_secret(w, &w->s->prefect.server.auth, "prefect.server.auth");
    if (url && w->s->prefect.server.url && strncmp(w->s->prefect.server.url, "http:", 5) == 0 &&
        whole_given(w, "prefect.server.auth"))
        whole_warn(w, "prefect.server.url", "is plain http, so the password of 'auth' can be read on the way");
}

static void check_runtime(const struct whole *w)
{
    static const char *const only_k3s[] = { "k3s",
                                            "helm",
                                            "prefect.server.database.image",
                                            "prefect.server.resources",
                                            "prefect.server.values",
                                            "prefect.worker.values" };
    bool k3s = strcmp(w->s->runtime, "k3s") == 0;

    for (size_t i = 0; !k3s && i < ARRAY_LEN(only_k3s); i++) {
        if (whole_given(w, only_k3s[i]))
            whole_say(w, only_k3s[i], "is only for runtime k3s, and 'runtime' is systemd; remove it");
    }
    if (k3s && strcmp(w->s->prefect.server.database.type, "sqlite") == 0)
        whole_say(w, "prefect.server.database.type",
                  "is sqlite, which is only for runtime systemd; write postgres, or runtime: systemd");
}

/* The server renumbers equal priorities, so that a second run would change them again. */
static void check_queues(const struct whole *w, const struct spec_pool *pool, size_t index)
{
    for (size_t i = 0; i < pool->n_queues; i++) {
        struct spec_queue *q = &pool->queues[i];
        q->priority = q->priority ? q->priority : (int64_t)i + 1;
        for (size_t j = 0; j < i; j++) {
            AUTO_FREE char *path = xasprintf("prefect.work_pools[%zu].queues[%zu].priority", index, i);
            if (pool->queues[j].priority != q->priority)
                continue;
            whole_say(w, path, "is %" PRId64 " as in entry %zu; give each queue of a pool its own priority",
                      q->priority, j);
            break;
        }
    }
}

static void check_pool(const struct whole *w, struct spec_pool *pool, size_t i)
{
    bool k3s = strcmp(w->s->runtime, "k3s") == 0;
    AUTO_FREE char *type = xasprintf("prefect.work_pools[%zu].type", i);
    AUTO_FREE char *socket = xasprintf("prefect.work_pools[%zu].docker_socket", i);

    if (!pool->type)
        pool->type = xstrdup(k3s ? "kubernetes" : "process");
    bool docker = strcmp(pool->type, "docker") == 0;
    const struct yt_node *said = whole_node(w, socket, YT_SCALAR);
    bool refused = !said || strcmp(said->text, "false") == 0; /* any other word was reported */
    if (w->runtime_known && k3s != (strcmp(pool->type, "kubernetes") == 0))
        whole_say(w, type, "is %s, which runtime %s does not have; write %s", pool->type, w->s->runtime,
                  k3s ? "kubernetes, or runtime: systemd" : "process or docker, or runtime: k3s");
    else if (docker && !pool->docker_socket && refused)
        whole_say(
            w, type,
            "is docker, whose worker needs Docker's socket, and whoever has that has root on the machine; if that "
            "is meant, write docker_socket: true");
    if (!docker && pool->docker_socket)
        whole_say(w, socket, "is true, but only a pool of type docker uses it, and it is as good as root; remove it");
    check_queues(w, pool, i);
}

void whole_check(const struct yt_node *root, struct spec *s, struct spec_problems *p)
{
    const struct yt_node *runtime = yt_get(root, "runtime");
    bool known = !runtime || (runtime->kind == YT_SCALAR && strcmp(runtime->text, s->runtime) == 0);
    const struct whole w = { root, s, p, known };
    int64_t zombie = s->prefect.automations.zombie_min;

    if (known)
        check_runtime(&w);
    whole_check_machine(&w);
    check_server(&w);
    for (size_t i = 0; i < s->prefect.n_work_pools; i++)
        check_pool(&w, &s->prefect.work_pools[i], i);
    if (zombie > 0 && zombie < 9)
        whole_say(&w, "prefect.automations.zombie_min",
                  "is %" PRId64
                  ", and heartbeats come every 3 minutes, so that healthy runs would be ended; write 0 or at least 9",
                  zombie);
    whole_check_flows(&w);
}
