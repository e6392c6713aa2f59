#include "app/runtime.h"
#include "app/server_address.h"
#include "app/worker_online.h"
#include "artifact/artifact.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "flow/doctor_checks.h"
#include "flow/flow_run_time.h"
#include "net/url.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCKS_DIFFER_S 30
#define DAY_S           86400
#define MIN_FREE_KIB    (1 << 20)
#define MIN_FREE_PART   10 /* one part of so many */

static void say(struct finding *f, const char *text)
{
    size_t n = strlen(f->detail);

    (void)snprintf(f->detail + n, sizeof(f->detail) - n, "%s%s", n ? "; " : "", text);
}

/* From this host, with the key of the spec: what a worker will do, before there is one. */
int doctor_look_elsewhere(struct doctor *d, struct finding *f, struct err *e)
{
    const struct spec *spec = d->run->spec;
    const char *url = spec->prefect.server.url;
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *body = json_pack("{s:i}", "limit", 1);
    int status = 0;

    if (url && !url_is_https(url) && !url_is_loopback(url)) {
        say(f, "plain http, so it is asked only from the machine");
        return 1;
    }
    if (prefect_api_open_elsewhere(d->run, &api, e) < 0 ||
        prefect_api_call(api, "POST", "/work_pools/filter", body, &status, NULL, e) < 0)
        return -1;
    if (status == 404)
        return err_set(e, ERR_REMOTE, url ? "there is no Prefect API at '%s'" : "there is no workspace '%s'",
                       url ? url : spec->prefect.server.cloud.workspace);
    if (status < 200 || status > 299)
        return err_set(e, ERR_REMOTE, "the server answers with HTTP %d", status);
    d->reachable = !d->machine;
    say(f, url ? "answers, credentials accepted" : "answers, key accepted, workspace is there");
    return 1;
}

int doctor_look_machine(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const argv[] = { "date", "-u", "+%Y-%m-%dT%H:%M:%S.%NZ", NULL };
    const struct ssh_opts o = { .timeout_ms = 20000 };
    char text[100];

    if (d->connect(d->ctx, e) < 0)
        return -1;
    if (ssh_run(d->run->ssh, argv, &o, &res, e) < 0)
        return -1;
    d->reachable = true;
    sbuf_trim(&res.out);
    int64_t there = flow_run_time_us(res.out.data);
    if (there < 0)
        return err_set(e, ERR_REMOTE, "the machine's clock reads '%.40s'", res.out.data);
    int64_t ahead = (there - d->run->clock->wall_ms(d->run->clock) * 1000) / 1000000;
    d->now_us = there;
    say(f, "connected, host key as pinned");
    if (llabs(ahead) < CLOCKS_DIFFER_S)
        return 1;
    (void)snprintf(text, sizeof(text), "its clock is %lld s %s this host's", llabs(ahead),
                   ahead > 0 ? "ahead of" : "behind");
    say(f, text);
    return 0;
}

/* A worker may be older than its server, not newer: the server refuses what it does not know. */
static bool older(const char *server, const char *ours)
{
    int a[2] = { 0 }, b[2] = { 0 };

    if (sscanf(server, "%6d.%6d", &a[0], &a[1]) != 2 || sscanf(ours, "%6d.%6d", &b[0], &b[1]) != 2)
        return false;
    return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
}

static int same_version(struct doctor *d, const char *version, struct finding *f, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *locked = NULL;
    bool ours = server_is_ours(d->run->spec);
    char text[200];

    if (artifacts_resolve(d->run->spec, &locked, e) < 0)
        return -1;
    (void)snprintf(text, sizeof(text), "Prefect %.40s answers", version);
    say(f, text);
    bool well = ours ? strcmp(version, locked->prefect) == 0 : !older(version, locked->prefect);
    if (well)
        return 1;
    (void)snprintf(text, sizeof(text), ours ? "the lock says %.40s" : "the worker here is %.40s, newer than its server",
                   locked->prefect);
    say(f, text);
    return 0;
}

static int ask_server(struct doctor *d, struct prefect_api *api, struct finding *f, struct err *e)
{
    AUTO_JSON json_t *version = NULL;
    AUTO_JSON json_t *body = json_pack("{s:i}", "limit", 1);

    if (d->run->spec->prefect.server.cloud.account) { /* has neither of the others */
        if (prefect_api_ok(api, "POST", "/work_pools/filter", body, NULL, e) < 0)
            return -1;
        say(f, "Prefect Cloud answers");
        return 1;
    }
    if (prefect_api_ok(api, "GET", "/ready", NULL, NULL, e) < 0 ||
        prefect_api_ok(api, "GET", "/admin/version", NULL, &version, e) < 0)
        return -1;
    return same_version(d, json_string_value(version) ? json_string_value(version) : "?", f, e);
}

int doctor_look_server(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;

    if ((d->machine ? prefect_api_open(d->run, &api, e) : prefect_api_open_elsewhere(d->run, &api, e)) < 0)
        return -1;
    int rc = ask_server(d, api, f, e);
    if (rc >= 0)
        d->api = TAKE_PTR(api);
    return rc;
}

static int look_at_pool(struct doctor *d, const char *name, char ret[static 256], struct err *e)
{
    AUTO_FREE char *path = xasprintf("/work_pools/%s", name);
    AUTO_JSON json_t *pool = NULL, *workers = NULL;
    int status = 0;

    if (prefect_api_call(d->api, "GET", path, NULL, &status, &pool, e) < 0)
        return -1;
    if (status != 200 && status != 404)
        return err_set(e, ERR_REMOTE, "work pool '%s': HTTP %d", name, status);
    if (status == 200 && worker_list(d->api, name, &workers, e) < 0)
        return -1;
    return doctor_pool_well(name, status == 200 ? pool : NULL, workers, d->now_us, ret);
}

int doctor_look_pools(struct doctor *d, struct finding *f, struct err *e)
{
    const struct spec *spec = d->run->spec;
    struct finding good = { "", "", NULL };
    char text[256];

    for (size_t i = 0; i < spec->prefect.n_work_pools; i++) {
        const char *name = spec->prefect.work_pools[i].name;
        int rc = look_at_pool(d, name, text, e);
        if (rc < 0)
            return -1;
        say(rc ? &good : f, text);
        if (!rc)
            json_array_append_new(f->items, json_pack("{s:s}", "pool", name));
    }
    if (json_array_size(f->items))
        return 0;
    say(f, good.detail);
    return 1;
}

int doctor_look_automations(struct doctor *d, struct finding *f, struct err *e)
{
    const struct spec *spec = d->run->spec;

    const struct {
        int64_t minutes;
        const char *event, *what;
    } wanted[] = {
        { spec->prefect.automations.pending_min, "prefect.flow-run.Pending", "runs that stay PENDING" },
        { spec->prefect.automations.zombie_min, "prefect.flow-run.heartbeat", "RUNNING runs without a heartbeat" },
    };

    AUTO_JSON json_t *body = json_pack("{s:i}", "limit", 200);
    AUTO_JSON json_t *all = NULL;

    if (prefect_api_ok(d->api, "POST", "/automations/filter", body, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (!wanted[i].minutes || doctor_automation(all, wanted[i].event))
            continue;
        json_array_append_new(f->items, json_pack("{s:s}", "event", wanted[i].event));
        AUTO_FREE char *text = xasprintf("nothing watches for %s", wanted[i].what);
        say(f, text);
    }
    if (json_array_size(f->items))
        return 0;
    say(f, "as the spec asks");
    return 1;
}

static bool in_list(const json_t *list, const char *word)
{
    size_t i;
    json_t *one;

    json_array_foreach (list, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), word) == 0)
            return true;
    return false;
}

static bool kept_as_asked(const json_t *settings, const char *what, const char *period, int64_t days, struct finding *f)
{
    const json_t *vacuumed = jsonx_get(settings, "server.services.db_vacuum.enabled");
    const char *text = jsonx_str(settings, period);
    bool vacuum = in_list(vacuumed, what), same = doctor_duration_s(text) == days * DAY_S;
    AUTO_FREE char *detail = xasprintf("%s: %s %.40s, the spec says %lld days", what,
                                       vacuum ? "kept for" : "never vacuumed; set to", text, (long long)days);

    if (days == 0 || (vacuum && same))
        return true;
    say(f, detail);
    return false;
}

/* What the server really runs with: a setting under a wrong name is ignored without a word. */
int doctor_look_retention(struct doctor *d, struct finding *f, struct err *e)
{
    const struct spec *spec = d->run->spec;
    AUTO_JSON json_t *settings = NULL;
    char text[100];

    if (prefect_api_ok(d->api, "GET", "/admin/settings", NULL, &settings, e) < 0)
        return -1;
    bool events =
        kept_as_asked(settings, "events", "server.events.retention_period", spec->prefect.server.events_days, f);
    bool runs = kept_as_asked(settings, "flow_runs", "server.services.db_vacuum.retention_period",
                              spec->prefect.server.runs_days, f);
    if (!events || !runs)
        return 0;
    (void)snprintf(text, sizeof(text), "events are kept for %lld days", (long long)spec->prefect.server.events_days);
    say(f, text);
    return 1;
}

/* Free space where everything lies, and the size of the database: in K3s the volumes, else PostgreSQL's or SQLite's. */
static const char disk_script[] =
    "df -P -k /var/lib | awk 'END { print $2, $4 }'\n"
    "for d in /var/lib/postgresql /var/lib/rancher/k3s/storage /var/lib/slipway/prefect; do\n"
    "    if [ -d \"$d\" ]; then du -sk \"$d\"; fi\n"
    "done 2>/dev/null | awk '{ kib += $1 } END { print kib + 0 }'\n";

int doctor_look_disk(struct doctor *d, struct finding *f, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const args[] = { NULL };
    const struct ssh_opts o = { .sudo = true, .timeout_ms = 60000, .what = "free space" };
    long long total = 0, left = 0, database = 0;
    char text[160];

    if (ssh_script(d->run->ssh, disk_script, args, &o, &res, e) < 0)
        return -1;
    if (sscanf(res.out.data, "%18lld %18lld %18lld", &total, &left, &database) != 3)
        return err_set(e, ERR_REMOTE, "df and du say '%.100s'", res.out.data);
    (void)snprintf(text, sizeof(text), "%.1f of %.1f GiB free; database %lld MiB", (double)left / (1 << 20),
                   (double)total / (1 << 20), database / 1024);
    say(f, text);
    return left >= MIN_FREE_KIB && left >= total / MIN_FREE_PART;
}
