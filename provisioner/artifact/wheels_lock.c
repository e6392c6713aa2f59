#include "artifact/wheels_lock.h"
#include "artifact/pins.h"
#include "artifact/wheel_name.h"
#include "artifact/wheels.h"
#include "artifact/wheels_index.h"
#include "artifact/wheels_pins.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/sbuf.h"
#include "core/template.h"
#include "core/util.h"
#include "net/http.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define PYPI "https://pypi.org/simple"

enum { PIP_TIMEOUT_MS = 1200000 };

/* What a group is asked for with, and what must be importable then. */
struct group_row {
    const char *name;
    const char *roots; /* by comma, NULL: Prefect in its version */
    const char *imports;
};

// clang-format off
static const struct group_row group_table[] = {
    { "prefect", NULL,                               "prefect.server.api.server, prefect.workers.process" },
    { "docker",  "prefect-docker",                   "prefect_docker.worker" },
    { "aws",     "prefect-aws",                      "prefect_aws.deployments.steps" },
    { "gcp",     "prefect-gcp,google-cloud-storage", "prefect_gcp.deployments.steps" },
    { "azure",   "prefect-azure,azure-storage-blob", "prefect_azure.deployments.steps" },
    { NULL, NULL, NULL },
};

// clang-format on

struct resolving {
    const char *prefect, *dir;
    const char *groups[WHEELS_GROUPS_MAX];
    char *python; /* of the venv */
    struct svec env;
    struct sbuf complaint; /* stderr of the last child */
    const char *index;
    int minor;
    struct artifacts *now;
    struct clock *clock;
    struct ui *ui;
};

static bool wanted(const struct resolving *r, const struct group_row *row)
{
    for (const char *const *g = r->groups; *g; g++)
        if (strcmp(*g, row->name) == 0)
            return true;
    return false;
}

/* The last sentence that pip marked as an error, else the last line (of a traceback), instead of all that was printed.
 */
static int last_error(const struct resolving *r, struct err *e)
{
    static const char mark[] = "ERROR: ";
    const char *at = NULL, *line = strrchr(r->complaint.data, '\n');

    if (e->code != ERR_REMOTE || !r->complaint.len)
        return -1;
    for (const char *p = r->complaint.data; (p = strstr(p, mark)); p++)
        at = p + strlen(mark);
    if (!at)
        at = line ? line + 1 : r->complaint.data;
    AUTO_FREE char *text = xstrndup(at, strcspn(at, "\n"));
    return err_set(e, ERR_REMOTE, "%.600s", text);
}

static int run(struct resolving *r, const char *const argv[], const char *input, struct sbuf *out, struct err *e)
{
    const struct proc_opts o = {
        .input = input,
        .env = svec_argv(&r->env),
        .out = out,
        .err = &r->complaint,
        .timeout_ms = PIP_TIMEOUT_MS,
        .clock = r->clock,
    };

    sbuf_reset(&r->complaint);
    return proc_run(argv, &o, e);
}

static void build_env(struct resolving *r)
{
    const char *cert = getenv("PIP_CERT"), *constraint = getenv("PIP_CONSTRAINT");

    if (!cert || !cert[0])
        cert = getenv("SSL_CERT_FILE");
    /* One index for pip and for us, whatever the user's configuration of pip says. */
    svec_add(&r->env, "PIP_CONFIG_FILE=/dev/null");
    svec_addf(&r->env, "PIP_INDEX_URL=%s", r->index);
    svec_add(&r->env, "PIP_NO_INPUT=1");
    svec_add(&r->env, "PIP_DISABLE_PIP_VERSION_CHECK=1");
    if (cert && cert[0])
        svec_addf(&r->env, "PIP_CERT=%s", cert);
    if (constraint && constraint[0])
        svec_addf(&r->env, "PIP_CONSTRAINT=%s", constraint);
}

static int no_python(const struct resolving *r, const char *why, struct err *e)
{
    (void)err_set(e, ERR_SPEC, "Prefect %s is not built into slipway, and %s", r->prefect, why);
    return err_hint(e,
                    "install python3-venv (Python 3.%d to 3.%d) on this host, or set prefect.version to %s, which "
                    "needs no Python here",
                    WHEELS_PYTHON_MIN, WHEELS_PYTHON_MAX, pins_prefect);
}

static int make_venv(struct resolving *r, struct err *e)
{
    AUTO_FREE char *venv = fsx_join(r->dir, "venv");
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
    char why[512];

    ui_note(r->ui, "a venv for pip");
    if (run(r, (const char *const[]){ "python3", "-m", "venv", venv, NULL }, NULL, NULL, e) < 0) {
        if (e->code == ERR_CANCELED)
            return -1;
        (void)snprintf(why, sizeof(why),
                       e->sys ? "this host has no python3 to resolve it with"
                              : "python3 of this host makes no venv to resolve it in");
        return no_python(r, why, e);
    }
    r->python = fsx_join(venv, "bin/python");
    if (run(r, (const char *const[]){ r->python, "-c", "import sys; print(sys.version_info[1])", NULL }, NULL, &out,
            e) < 0)
        return err_wrap(e, "the venv");
    if (sscanf(out.data, "%d", &r->minor) != 1 || r->minor < WHEELS_PYTHON_MIN || r->minor > WHEELS_PYTHON_MAX) {
        sbuf_trim(&out);
        (void)snprintf(why, sizeof(why), "python3 of this host is 3.%.20s", out.data);
        return no_python(r, why, e);
    }
    return 0;
}

/* The versions of the built-in set, which are known to work together, as constraints for pip. */
static int write_constraints(const char *path, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *known = xcalloc(1, sizeof(*known));
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20);
    char name[128], version[64];

    if (wheels_pins_add(pins_prefect, known, e) < 0)
        return -1;
    for (size_t i = 0; i < known->n_files; i++)
        if (wheel_parse(known->files[i].file, name, version) && strncmp(name, "prefect", 7) != 0)
            sbuf_addf(&text, "%s==%s\n", name, version);
    return fsx_replace(path, text.data, text.len, 0600, e);
}

/* {"GROUP": {"NAME": "VERSION"}} by pip; new reference, NULL on error. */
static json_t *ask_pip(struct resolving *r, const char *constraints, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);

    svec_add(&argv, r->python);
    svec_add(&argv, "-");
    svec_add(&argv, constraints);
    for (const struct group_row *g = group_table; g->name; g++) {
        if (wanted(r, g) && g->roots)
            svec_addf(&argv, "%s=%s", g->name, g->roots);
        else if (wanted(r, g))
            svec_addf(&argv, "%s=prefect==%s", g->name, r->prefect);
    }
    if (run(r, svec_argv(&argv), template_get("templates/lock-wheels.py"), &out, e) < 0) {
        (void)last_error(r, e);
        return NULL;
    }
    return jsonx_parse(out.data, out.len, "pip's answer", e);
}

static json_t *resolve(struct resolving *r, struct err *e)
{
    AUTO_FREE char *constraints = fsx_join(r->dir, "constraints.txt");
    const char *own = getenv("PIP_CONSTRAINT");

    ui_note(r->ui, "pip resolves Prefect %s", r->prefect);
    if (!own || !own[0]) {
        if (write_constraints(constraints, e) < 0)
            return NULL;
        json_t *found = ask_pip(r, constraints, e);
        if (found || e->code != ERR_REMOTE)
            return found;
        ui_info(r->ui, "Prefect %s does not go with the versions that slipway knows to work together; resolving anew",
                r->prefect);
        ui_debug(r->ui, "%s", e->msg);
        err_clear(e);
    }
    return ask_pip(r, "", e);
}

static int add_rows(struct resolving *r, const json_t *found, struct err *e)
{
    struct http *http = http_new(r->clock);
    const char *name;
    json_t *version;
    int rc = 0;

    for (const char *const *g = r->groups; *g; g++) {
        json_object_foreach (json_object_get(found, *g), name, version) {
            ui_note(r->ui, "%s %s", name, json_string_value(version));
            if (rc == 0 && json_is_string(version))
                rc = wheels_index_add(http, r->clock, r->index, *g, name, json_string_value(version), r->now, e);
        }
    }
    http_free(http);
    return rc;
}

static int write_files(const struct artifact_file *const *files, size_t n, const struct svec *paths, const char *links,
                       const char *requirements, struct err *e)
{
    AUTO_FREE char *text = wheels_requirements(files, n);

    if (fsx_mkdirs(links, 0700, e) < 0 || fsx_replace(requirements, text, strlen(text), 0600, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *to = fsx_join(links, files[i]->file);
        if (symlink(paths->items[i], to) < 0)
            return err_sys(e, ERR_INTERNAL, "link '%s'", to);
    }
    return 0;
}

static int import_all(struct resolving *r, struct err *e)
{
    AUTO_SBUF struct sbuf code = SBUF_INIT(2048);

    for (const struct group_row *g = group_table; g->name; g++)
        if (wanted(r, g))
            sbuf_addf(&code, "import %s\n", g->imports);
    svec_addf(&r->env, "PREFECT_HOME=%s/prefect", r->dir);
    return run(r, (const char *const[]){ r->python, "-I", "-c", code.data, NULL }, NULL, NULL, e);
}

static int no_good(const struct resolving *r, const char *what, struct err *e)
{
    if (e->code != ERR_REMOTE)
        return -1;
    (void)last_error(r, e);
    (void)err_wrap(e, "the wheels that pip chose for Prefect %s %s", r->prefect, what);
    return err_hint(e,
                    "name versions that work in a constraints file, set PIP_CONSTRAINT to its path and run `slipway "
                    "lock` again; or set prefect.version to %s",
                    pins_prefect);
}

/* A set may import and still not work: SQLAlchemy 2.1 with Prefect 3.8.3 makes no scheduled runs. The proof uses
 * Prefect's insides, so one that falls over says nothing about a Prefect that has moved them. */
static int let_schedule(struct resolving *r, struct err *e)
{
    ui_note(r->ui, "the scheduler of Prefect %s", r->prefect);
    if (run(r, (const char *const[]){ r->python, "-", NULL }, template_get("templates/prove-prefect.py"), NULL, e) == 0)
        return 0;
    if (e->code != ERR_REMOTE || !strstr(r->complaint.data, "Traceback"))
        return no_good(r, "do not work", e);
    (void)last_error(r, e);
    ui_warn(r->ui, "Prefect %s: its scheduler could not be tried (%s); watch the first scheduled run", r->prefect,
            e->msg);
    err_clear(e);
    return 0;
}

/* Install exactly what a machine like this host would get, and import it. */
static int prove(struct resolving *r, struct err *e)
{
    AUTO_FREE const struct artifact_file **files = NULL;
    AUTO_FREE char *links = fsx_join(r->dir, "links"), *requirements = fsx_join(r->dir, "requirements.txt");
    AUTO_SVEC struct svec paths = SVEC_INIT;
    struct utsname u;
    size_t n;

    const char *arch = uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "amd64";
    const char *const install[] = { r->python,       "-m",         "pip",
                                    "install",       "--quiet",    "--no-index",
                                    "--find-links",  links,        "--require-hashes",
                                    "--requirement", requirements, NULL };
    if (wheels_select(r->now, r->groups, arch, r->minor, &files, &n, e) < 0 ||
        wheels_fetch(r->now, files, n, r->clock, r->ui, &paths, e) < 0 ||
        write_files(files, n, &paths, links, requirements, e) < 0)
        return -1;
    ui_note(r->ui, "pip installs %zu wheels", n);
    if (run(r, install, NULL, NULL, e) < 0) {
        (void)last_error(r, e);
        return err_wrap(e, "install the resolved wheels of Prefect %s", r->prefect);
    }
    ui_note(r->ui, "importing Prefect %s", r->prefect);
    if (import_all(r, e) < 0)
        return no_good(r, "do not start", e);
    if (let_schedule(r, e) < 0)
        return -1;
    ui_info(r->ui, "Prefect %s: %zu wheels installed with their hashes and imported by Python 3.%d", r->prefect, n,
            r->minor);
    return 0;
}

static int resolve_all(struct resolving *r, struct err *e)
{
    if (make_venv(r, e) < 0)
        return -1;
    AUTO_JSON json_t *found = resolve(r, e);
    if (!found)
        return err_wrap(e, "resolve Prefect %s with pip", r->prefect);
    return add_rows(r, found, e) < 0 ? -1 : prove(r, e);
}

int wheels_lock(const struct spec *s, const char *prefect, struct artifacts *ret, const char *scratch,
                struct clock *clock, struct ui *ui, struct err *e)
{
    AUTO_FREE char *dir = xasprintf("%s/wheels.XXXXXX", scratch);
    const char *index = getenv("PIP_INDEX_URL");
    struct err ignored = ERR_INIT;

    if (wheels_pinned(prefect))
        return wheels_pins_add(prefect, ret, e);
    if (fsx_mkdirs(scratch, 0700, e) < 0)
        return -1;
    if (!mkdtemp(dir))
        return err_sys(e, ERR_INTERNAL, "make '%s'", dir);
    struct resolving r = {
        .prefect = prefect,
        .dir = dir,
        .env = SVEC_INIT,
        .complaint = SBUF_INIT(1 << 20),
        .index = index && index[0] ? index : PYPI,
        .now = ret,
        .clock = clock,
        .ui = ui,
    };
    wheels_groups(s, r.groups);
    build_env(&r);
    int rc = resolve_all(&r, e);
    (void)!fsx_remove_tree(dir, &ignored);
    free(r.python);
    svec_done(&r.env);
    sbuf_done(&r.complaint);
    return rc;
}
