#include "artifact/wheels.h"
#include "artifact/wheel_name.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include <string.h>

static const char prefix[] = "wheel-";

/* The best wheel of a package so far. */
struct pick {
    char name[128];
    const struct artifact_file *best; /* NULL: none fits */
    const char *version;
    int rank;
};

bool wheels_needed(const struct spec *s)
{
    return s->runtime && strcmp(s->runtime, "systemd") == 0;
}

static bool source_is(const struct spec *s, const char *type)
{
    bool found = s->flows.source.type && strcmp(s->flows.source.type, type) == 0;

    for (size_t i = 0; !found && i < s->flows.n_deployments; i++) {
        const char *own = s->flows.deployments[i].source.type;
        found = own && strcmp(own, type) == 0;
    }
    return found;
}

static bool pool_is(const struct spec *s, const char *type)
{
    for (size_t i = 0; i < s->prefect.n_work_pools; i++)
        if (strcmp(s->prefect.work_pools[i].type, type) == 0)
            return true;
    return false;
}

void wheels_groups(const struct spec *s, const char *ret[static WHEELS_GROUPS_MAX])
{
    bool any = s->flows.from != NULL; /* a prefect.yaml may pull from anywhere */
    size_t n = 0;

    ret[n++] = "prefect";
    if (pool_is(s, "docker"))
        ret[n++] = "docker";
    if (any || source_is(s, "s3"))
        ret[n++] = "aws";
    if (any || source_is(s, "gcs"))
        ret[n++] = "gcp";
    if (any || source_is(s, "azure"))
        ret[n++] = "azure";
    ret[n] = NULL;
}

static bool in_group(const struct artifact_file *f, const char *group)
{
    return strncmp(f->name, prefix, strlen(prefix)) == 0 && strcmp(f->name + strlen(prefix), group) == 0;
}

static bool in_groups(const struct artifact_file *f, const char *const *groups)
{
    for (; *groups; groups++)
        if (in_group(f, *groups))
            return true;
    return false;
}

static const char *source_of(const struct artifacts *a)
{
    return a->lock_path ? a->lock_path : "the table built into slipway";
}

static int no_group(const struct artifacts *a, const char *group, struct err *e)
{
    (void)err_set(e, ERR_SPEC, "%s has no Python wheels of group '%s'", source_of(a), group);
    if (a->dir)
        return err_hint(e, "`slipway artifacts pull --out %s` with this spec brings them", a->dir);
    return err_hint(e, "`slipway lock` with this spec (runtime systemd) resolves them");
}

static int no_wheel(const struct artifacts *a, const struct pick *p, const char *arch, int minor, struct err *e)
{
    (void)err_set(e, ERR_SPEC, "%s has no wheel of '%s' %s for Python 3.%d on %s", source_of(a), p->name, p->version,
                  minor, arch);
    if (minor < WHEELS_PYTHON_MIN || minor > WHEELS_PYTHON_MAX)
        return err_hint(e, "wheels are pinned for Python 3.%d to 3.%d: use a machine whose python3 is one of them",
                        WHEELS_PYTHON_MIN, WHEELS_PYTHON_MAX);
    if (a->dir)
        return err_hint(e, "`slipway artifacts pull --arch %s --out %s` adds that architecture", arch, a->dir);
    return err_hint(e, "`slipway lock` resolves the wheels anew");
}

/* The row into its package's pick, which is made when there is none. */
static int consider(struct pick *picks, size_t *n, const struct artifact_file *f, const char *arch, int minor,
                    struct err *e)
{
    char name[128], version[64];
    size_t i = 0;

    if (!wheel_parse(f->file, name, version))
        return err_set(e, ERR_SPEC, "'%s' is not the name of a wheel", f->file);
    while (i < *n && strcmp(picks[i].name, name) != 0)
        i++;
    struct pick *p = &picks[i];
    if (i == *n) {
        memcpy(p->name, name, sizeof(p->name));
        p->version = f->version;
        (*n)++;
    }
    if (strcmp(p->version, f->version) != 0)
        return err_set(e, ERR_SPEC, "there are wheels of two versions of '%s': %s and %s", name, p->version,
                       f->version);
    int rank = wheel_rank(f->file, minor, arch);
    if (rank >= 0 && (!p->best || rank < p->rank)) {
        p->best = f;
        p->rank = rank;
    }
    return 0;
}

static int by_name(const void *x, const void *y)
{
    const struct pick *a = x, *b = y;

    return strcmp(a->name, b->name);
}

static int hand_out(const struct artifacts *a, struct pick *picks, size_t n, const char *arch, int minor,
                    const struct artifact_file ***ret, struct err *e)
{
    qsort(picks, n, sizeof(*picks), by_name);
    for (size_t i = 0; i < n; i++)
        if (!picks[i].best)
            return no_wheel(a, &picks[i], arch, minor, e);
    *ret = xcalloc(n, sizeof(const struct artifact_file *));
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = picks[i].best;
    return 0;
}

int wheels_select(const struct artifacts *a, const char *const *groups, const char *arch, int python_minor,
                  const struct artifact_file ***ret, size_t *ret_n, struct err *e)
{
    AUTO_FREE struct pick *picks = xcalloc(a->n_files + 1, sizeof(*picks));
    size_t n = 0;

    for (const char *const *g = groups; *g; g++) {
        size_t i = 0;
        while (i < a->n_files && !in_group(&a->files[i], *g))
            i++;
        if (i == a->n_files)
            return no_group(a, *g, e);
    }
    for (size_t i = 0; i < a->n_files; i++)
        if (in_groups(&a->files[i], groups) && consider(picks, &n, &a->files[i], arch, python_minor, e) < 0)
            return err_wrap(e, "%s", source_of(a));
    if (hand_out(a, picks, n, arch, python_minor, ret, e) < 0)
        return -1;
    *ret_n = n;
    return 0;
}

/* The rows of one group for one Python into `ret`, which has room for all. */
static int add_chosen(const struct artifacts *a, const char *group, const char *arch, int minor,
                      const struct artifact_file **ret, size_t *ret_n, struct err *e)
{
    const char *const one[] = { group, NULL };
    AUTO_FREE const struct artifact_file **chosen = NULL;
    size_t n = 0;

    if (wheels_select(a, one, arch, minor, &chosen, &n, e) < 0)
        return -1;
    for (size_t i = 0; chosen && i < n; i++) {
        size_t k = 0;
        while (k < *ret_n && ret[k] != chosen[i])
            k++;
        if (k == *ret_n)
            ret[(*ret_n)++] = chosen[i];
    }
    return 0;
}

int wheels_of_arch(const struct artifacts *a, const char *arch, const struct artifact_file ***ret, size_t *ret_n,
                   struct err *e)
{
    static const char *const groups[] = { "prefect", "docker", "aws", "gcp", "azure" };
    AUTO_FREE const struct artifact_file **rows = xcalloc(a->n_files + 1, sizeof(const struct artifact_file *));
    size_t n = 0;

    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        size_t before = n;
        bool there = g == 0; /* without group prefect there is nothing to install */
        struct err last = ERR_INIT;
        for (size_t i = 0; !there && i < a->n_files; i++)
            there = in_group(&a->files[i], groups[g]);
        for (int minor = WHEELS_PYTHON_MIN; there && minor <= WHEELS_PYTHON_MAX; minor++)
            if (add_chosen(a, groups[g], arch, minor, rows, &n, &last) < 0 && last.code != ERR_SPEC)
                break;
        if (there && n == before) {
            *e = last;
            return -1;
        }
    }
    *ret = TAKE_PTR(rows);
    *ret_n = n;
    return 0;
}

char *wheels_requirements(const struct artifact_file *const *files, size_t n)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    char name[128], version[64];

    for (size_t i = 0; i < n; i++)
        if (wheel_parse(files[i]->file, name, version))
            sbuf_addf(&out, "%s==%s --hash=sha256:%s\n", name, files[i]->version, files[i]->sha256);
    return sbuf_take(&out);
}
