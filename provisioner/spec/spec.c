#include "spec/spec.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/problems.h"
#include "spec/read.h"
#include "spec/yaml_tree.h"
#include <errno.h>

void spec_pools_free(struct spec *s)
{
    for (size_t i = 0; i < s->prefect.n_work_pools; i++) {
        free(s->prefect.work_pools[i].name);
        free(s->prefect.work_pools[i].type);
    }
    free(s->prefect.work_pools);
    s->prefect.work_pools = NULL;
    s->prefect.n_work_pools = 0;
}

void spec_free(struct spec *s)
{
    if (!s)
        return;
    spec_pools_free(s);
    char *strings[] = { s->path,          s->name,         s->provider,
                        s->local.driver,  s->ssh.host,     s->ssh.user,
                        s->ssh.host_key,  s->ssh.identity, s->machine.size,
                        s->machine.image, s->access.ui,    s->runtime,
                        s->k3s.version,   s->helm.version, s->prefect.version,
                        s->artifacts.dir, s->on_failure,   s->prefect.server.database.image };
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free(strings[i]);
    svec_done(&s->machine.trust);
    svec_done(&s->access.ssh_from);
    svec_done(&s->artifacts.mirrors);
    json_decref(s->k3s.config);
    json_decref(s->prefect.server.resources);
    json_decref(s->prefect.server.values);
    json_decref(s->prefect.worker.values);
    json_decref(s->timeouts);
    free(s);
}

static int parse(const char *path, const char *text, size_t len, struct spec **ret, struct spec_problems *p,
                 struct err *e)
{
    AUTO_SPEC struct spec *s = xcalloc(1, sizeof(*s));
    AUTO_YT struct yt_node *root = yt_parse(text, len, p);

    s->path = xstrdup(path);
    if (root)
        read_spec(root, s, p);
    if (p->n) {
        problems_sort(p);
        return problems_err(p, path, e);
    }
    *ret = TAKE_PTR(s);
    return 0;
}

int spec_parse(const char *path, const char *text, size_t len, struct spec **ret, struct err *e)
{
    AUTO_PROBLEMS struct spec_problems p = { 0 };

    return parse(path, text, len, ret, &p, e);
}

int spec_load_problems(const char *path, struct spec **ret, struct spec_problems *problems, struct err *e)
{
    AUTO_SBUF struct sbuf text =
        SBUF_INIT(YT_MAX_BYTES + 1); /* one more, so that the parser sees that it is too long */

    if (fsx_read(path, &text, e) < 0 && !text.overflow) {
        int sys = e->sys;
        (void)err_set(e, ERR_SPEC, "%s: cannot be read: %s", path, strerror(sys));
        e->sys = sys;
        return sys == ENOENT ? err_hint(e, "'slipway init' writes a spec to start from; -f names another file") : -1;
    }
    err_clear(e);
    return parse(path, text.data, text.len, ret, problems, e);
}

int spec_load(const char *path, struct spec **ret, struct err *e)
{
    AUTO_PROBLEMS struct spec_problems p = { 0 };

    return spec_load_problems(path, ret, &p, e);
}
