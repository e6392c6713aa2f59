#include "spec/spec.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/problems.h"
#include "spec/read.h"
#include "spec/yaml_tree.h"
#include <errno.h>

void spec_free(struct spec *s)
{
    if (!s)
        return;
    read_release(s, "");
    free(s->path);
    svec_done(&s->warnings);
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

int spec_load_lenient(const char *path, struct spec **ret, struct err *e)
{
    AUTO_PROBLEMS struct spec_problems p = { .lenient = true };

    return spec_load_problems(path, ret, &p, e);
}
