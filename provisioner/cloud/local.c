#include "cloud/local.h"
#include "cloud/contact.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

/* Facts in the journal. */
#define FACT_DRIVER  "local.driver"
#define FACT_PROCESS "local.process"

const struct local_driver *const local_drivers[] = { &local_nspawn, &local_qemu, NULL };

void local_row(json_t *rows, const char *kind, const char *name)
{
    json_array_append_new(rows, json_pack("{s:s, s:s}", "kind", kind, "name", name));
}

/* The directory may not exist yet (plan): what exists of it is made canonical, so that one deployment has one id. */
static char *absolute(const char *dir)
{
    char *full = realpath(dir, NULL);

    if (full)
        return full;
    AUTO_FREE char *parent = fsx_dirname(dir);
    AUTO_FREE char *above = strcmp(parent, dir) != 0 ? absolute(parent) : xstrdup(dir);
    const char *base = strrchr(dir, '/');
    return fsx_join(strcmp(above, "/") == 0 ? "" : above, base ? base + 1 : dir);
}

static void fill_names(struct local *l, const struct run *r)
{
    char hex[HASH_HEX];

    l->dir = absolute(r->dir);
    hash_sha256_hex(l->dir, strlen(l->dir), hex);
    (void)snprintf(l->id, sizeof(l->id), "sw-%.20s-%.8s", r->spec->name, hex);
    (void)snprintf(l->link, sizeof(l->link), "sw%.8s", hex);
    l->disk = fsx_join(l->dir, "disk.raw");
    l->console = fsx_join(l->dir, "console.log");
}

static void local_close(struct provider *p)
{
    struct local *l = local_of(p);

    free(l->dir);
    free(l->disk);
    free(l->console);
    free(l->image);
    free(l->flavour);
    svec_done(&l->packages);
    free(l);
}

/* A machine keeps the driver that made it, whatever `auto` would say today. */
static int local_open(struct provider **ret, struct run *r, struct err *e)
{
    struct local *l = xcalloc(1, sizeof(*l));
    const char *made = r->journal ? journal_str(r->journal, FACT_DRIVER) : "";

    l->driver = local_driver_choose(*made ? made : r->spec->local.driver, geteuid() == 0, proc_have, e);
    if (!l->driver) {
        free(l);
        return -1;
    }
    fill_names(l, r);
    l->base.ops = l->driver->ops;
    l->flavour = xasprintf("%s-%s", l->driver->name, r->spec->runtime);
    for (size_t i = 0; i < r->packages.len; i++)
        svec_add(&l->packages, r->packages.items[i]);
    l->image = local_image_path(l);
    *ret = &l->base;
    return 0;
}

static void local_exposure(const struct run *r, struct sbuf *out)
{
    (void)r;
    sbuf_addstr(out, "this host only");
}

static int local_plan(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    const struct local *l = local_of(p);
    struct local_size size = { 0 };

    if (local_size_here(r->spec, &size, e) < 0)
        return -1;
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "kind", "image", "name", r->spec->machine.image, "detail",
                                          fsx_exists(l->image) ? "cached" : "made by mmdebstrap"));
    json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "kind", "disk", "name", l->disk, "detail",
                                          json_sprintf("%lld GiB, sparse", (long long)r->spec->machine.disk_gib)));
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "kind", "network", "name", l->id, "detail",
                                          l->driver->root ? "network namespace, link, NAT" : "user network"));
    json_array_append_new(
        rows,
        json_pack("{s:s, s:s, s:o}", "kind", "machine", "name", l->id, "detail",
                  l->driver->root ? json_sprintf("%s, shares CPUs and memory with this host", l->driver->name)
                                  : json_sprintf("%s, %d vCPUs, %d MiB", l->driver->name, size.vcpus, size.mem_mib)));
    return 0;
}

/* A disk that exists needs its image no more: a new recipe is for the next machine. */
static int image_find(struct run *r, struct provider *p, struct err *e)
{
    const struct local *l = local_of(p);

    (void)r, (void)e;
    return fsx_exists(l->image) || fsx_exists(l->disk);
}

static int image_create(struct run *r, struct provider *p, struct err *e)
{
    return local_image_build(r, local_of(p), e);
}

static int disk_find(struct run *r, struct provider *p, struct err *e)
{
    (void)r, (void)e;
    return fsx_exists(local_of(p)->disk);
}

static int disk_create(struct run *r, struct provider *p, struct err *e)
{
    struct local *l = local_of(p);

    if (journal_set(r->journal, FACT_DRIVER, json_string(l->driver->name), e) < 0)
        return -1;
    return local_disk_create(r, l, e);
}

static int disk_destroy(struct run *r, struct provider *p, struct err *e)
{
    bool there = fsx_exists(local_of(p)->disk);

    if (local_disk_destroy(r, local_of(p), e) < 0 || user_data_wipe(r, e) < 0 || contact_forget(r, e) < 0)
        return -1;
    if (there)
        provider_removed(r, "disk", local_of(p)->disk);
    return journal_set(r->journal, FACT_DRIVER, json_null(), e);
}

static int network_find(struct run *r, struct provider *p, struct err *e)
{
    return local_of(p)->driver->net_find(r, local_of(p), e);
}

static int network_create(struct run *r, struct provider *p, struct err *e)
{
    return local_of(p)->driver->net_create(r, local_of(p), e);
}

/* Could this driver have made something here? Without the journal the one in the spec need not be the one that did. */
static bool possible(const struct local_driver *d)
{
    return (!d->root || geteuid() == 0) && proc_have(d->tools[0].tool);
}

static int network_destroy(struct run *r, struct provider *p, struct err *e)
{
    for (const struct local_driver *const *d = local_drivers; *d; d++)
        if (possible(*d) && (*d)->net_destroy(r, local_of(p), e) < 0)
            return -1;
    return 0;
}

static int machine_find(struct run *r, struct provider *p, struct err *e)
{
    pid_t one;

    (void)r, (void)e;
    return local_processes(local_of(p), &one, 1) > 0;
}

static int machine_create(struct run *r, struct provider *p, struct err *e)
{
    struct local *l = local_of(p);
    pid_t pid = -1;

    /* A start that was cut off may have left a part of it. */
    if (local_kill(r, l, e) < 0 || l->driver->release(r, l, e) < 0 || l->driver->start(r, l, &pid, e) < 0 ||
        local_await_start(r, l, pid, e) < 0)
        return err_wrap(e, "machine '%s'", l->id);
    return journal_set(r->journal, FACT_PROCESS,
                       json_pack("{s:i, s:I}", "pid", (int)pid, "start", (json_int_t)proc_start_time(pid)), e);
}

static int machine_destroy(struct run *r, struct provider *p, struct err *e)
{
    struct local *l = local_of(p);
    pid_t one;

    if (local_processes(l, &one, 1) > 0)
        provider_removed(r, "machine", l->id);
    if (local_kill(r, l, e) < 0)
        return err_wrap(e, "machine '%s'", l->id);
    for (const struct local_driver *const *d = local_drivers; *d; d++)
        if (possible(*d) && (*d)->release(r, l, e) < 0)
            return err_wrap(e, "machine '%s'", l->id);
    return journal_set(r->journal, FACT_PROCESS, json_null(), e);
}

static const struct resource_kind kinds[] = {
    { "image", image_find, image_create, NULL }, /* a cache for all deployments: stays */
    { "disk", disk_find, disk_create, disk_destroy },
    { "network", network_find, network_create, network_destroy },
    { "machine", machine_find, machine_create, machine_destroy },
};

static int local_endpoint(struct run *r, struct provider *p, struct endpoint *ret, struct err *e)
{
    return local_of(p)->driver->endpoint(r, local_of(p), ret, e);
}

static int local_console(struct run *r, struct provider *p, struct sbuf *out, struct err *e)
{
    const struct local *l = local_of(p);
    AUTO_FILE FILE *f = fopen(l->console, "re");
    char buf[4096];
    size_t n;

    (void)r;
    if (!f)
        return errno == ENOENT ? 0 : err_sys(e, ERR_INTERNAL, "open '%s'", l->console);
    /* The newest part is what explains a failure. */
    if (fseek(f, -(long)(out->max - 1), SEEK_END) < 0)
        rewind(f);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        sbuf_add(out, buf, n);
    out->overflow = false;
    return 0;
}

static int local_running(struct run *r, struct provider *p, char why[static 256], struct err *e)
{
    struct local *l = local_of(p);
    AUTO_SBUF struct sbuf text = SBUF_INIT(2048);
    struct err ignored = ERR_INIT;
    pid_t one;

    why[0] = '\0';
    if (local_processes(l, &one, 1) > 0)
        return 1;
    (void)local_console(r, p, &text, &ignored);
    sbuf_trim(&text);
    const char *tail = text.len > 600 ? text.data + text.len - 600 : text.data;
    (void)err_set(e, ERR_REMOTE, "machine '%s' is not running%s%s", l->id, *tail ? "; its console ends: " : "", tail);
    return err_hint(e, "its console is '%s'; `slipway bootstrap` starts it again", l->console);
}

/* Decided when the machine was started: only the directory of the spec is there. */
static int local_shared_dir(struct run *r, struct provider *p, const char *dir, char ret[static 256], struct err *e)
{
    AUTO_FREE char *want = realpath(dir, NULL);
    AUTO_FREE char *there = r->spec->artifacts.dir ? realpath(r->spec->artifacts.dir, NULL) : NULL;
    const char *bound = journal_str(r->journal, "local.share");

    (void)p, (void)e;
    if (!want || !there || strcmp(want, there) != 0 || strcmp(want, bound) != 0)
        return 0;
    (void)snprintf(ret, 256, "%s", LOCAL_SHARE);
    return 1;
}

static int local_sweep(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    struct local *l = local_of(p);
    pid_t pids[16];
    size_t n = local_processes(l, pids, ARRAY_LEN(pids));

    for (size_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%d", (int)pids[i]);
        local_row(rows, "process", name);
    }
    if (fsx_exists(l->disk))
        local_row(rows, "disk", l->disk);
    for (const struct local_driver *const *d = local_drivers; *d; d++)
        if (possible(*d) && (*d)->net_sweep(r, l, rows, e) < 0)
            return -1;
    return 0;
}

#define LOCAL_OPS(share)                                                                                             \
    .name = "local", .summary = "a machine on this host (systemd-nspawn as root, else QEMU)",                        \
    .trust = HOST_TRUST_INJECTED, .own_machine = true, .same_network = true, .exposure = local_exposure,             \
    .kinds = kinds, .n_kinds = ARRAY_LEN(kinds), .open = local_open, .plan = local_plan, .endpoint = local_endpoint, \
    .running = local_running, .console = local_console, .shared_dir = (share), .sweep = local_sweep,                 \
    .close = local_close

const struct provider_ops local_ops = { LOCAL_OPS(local_shared_dir) };
const struct provider_ops local_unshared_ops = { LOCAL_OPS(NULL) };

int local_size_of(const char *size, int host_vcpus, long available_mib, struct local_size *ret, struct err *e)
{
    int vcpus = 0, gib = 0, used = 0;

    if (strcmp(size, "auto") == 0) {
        long mem = available_mib * 3 / 4;
        *ret = (struct local_size){ host_vcpus < 4 ? host_vcpus : 4, (int)(mem < 8192 ? mem : 8192) };
        return 0;
    }
    if (sscanf(size, "%3dx%4d%n", &vcpus, &gib, &used) != 2 || size[used] || vcpus < 1 || gib < 1) {
        (void)err_set(e, ERR_SPEC, "machine.size '%s' is not a size of a local machine", size);
        return err_hint(e, "write auto, or <vcpus>x<GiB> such as 2x4");
    }
    *ret = (struct local_size){ vcpus, gib * 1024 };
    return 0;
}

static long available_mib(void)
{
    AUTO_FILE FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    long kib = 0;

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "MemAvailable: %ld kB", &kib) == 1)
            break;
    return kib / 1024;
}

int local_size_here(const struct spec *s, struct local_size *ret, struct err *e)
{
    return local_size_of(s->machine.size, get_nprocs(), available_mib(), ret, e);
}

static const struct local_tool *missing_tool(const struct local_driver *d, bool (*have)(const char *tool))
{
    for (const struct local_tool *t = d->tools; t->tool; t++)
        if (!have(t->tool))
            return t;
    return NULL;
}

static const struct local_driver *usable(const struct local_driver *d, bool root, bool (*have)(const char *tool),
                                         struct err *e)
{
    const struct local_tool *t = missing_tool(d, have);
    AUTO_SBUF struct sbuf packages = SBUF_INIT(256);

    if (d->root && !root) {
        (void)err_set(e, ERR_AUTH, "driver '%s' needs root", d->name);
        (void)err_hint(e, "run slipway as root, or choose provider.local.driver: qemu");
        return NULL;
    }
    if (!t)
        return d;
    (void)err_set(e, ERR_USAGE, "driver '%s' needs '%s', which is not installed", d->name, t->tool);
    for (t = d->tools; t->tool; t++)
        if (!have(t->tool) && !strstr(packages.data, t->package))
            sbuf_addf(&packages, " %s", t->package);
    (void)err_hint(e, "apt-get install%s", packages.data);
    return NULL;
}

const struct local_driver *local_driver_choose(const char *want, bool root, bool (*have)(const char *tool),
                                               struct err *e)
{
    bool any = strcmp(want, "auto") == 0;

    for (const struct local_driver *const *at = local_drivers; *at; at++) {
        const struct local_driver *d = *at;
        /* `auto` passes over what cannot run here, unless nothing else comes. */
        if (any && at[1] && ((d->root && !root) || !have(d->tools[0].tool)))
            continue;
        if (any || strcmp(want, d->name) == 0)
            return usable(d, root, have, e);
    }
    (void)err_set(e, ERR_SPEC, "provider.local.driver '%s' is not known", want);
    (void)err_hint(e, "auto, nspawn or qemu");
    return NULL;
}
