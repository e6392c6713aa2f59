#include "kube/evidence.h"
#include "cloud/provider.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "kube/cause.h"
#include "kube/kubectl.h"
#include "ssh/ssh.h"
#include <string.h>

struct evidence_row {
    const char *file;
    const char *argv[14];
};

/* Secrets' values are never asked for: pods, events and logs only. */
static const struct evidence_row rows[] = {
    { "cloud-init.txt", { "cloud-init", "status", "--long" } },
    { "cloud-init.log", { "tail", "-n", "200", "/var/log/cloud-init-output.log" } },
    { "k3s.log", { "journalctl", "-q", "-u", "k3s.service", "-n", "400", "--no-pager", "-o", "short-iso" } },
    { "units.txt", { "systemctl", "--no-pager", "--failed" } },
    { "disk.txt", { "df", "-h" } },
    { "memory.txt", { "free", "-m" } },
    { "processes.txt", { "ps", "-eo", "pid,ppid,stat,rss,etime,comm" } },
    { "nodes.txt", { KUBECTL, "--request-timeout=5s", "describe", "nodes" } },
    { "pods.txt", { KUBECTL, "--request-timeout=5s", "get", "pods", "-A", "-o", "wide" } },
    { "pods-described.txt", { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "describe", "pods" } },
    { "events.txt", { KUBECTL, "--request-timeout=5s", "get", "events", "-A", "--sort-by=.lastTimestamp" } },
    { "server.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "deploy/prefect-server", "--tail=200" } },
    { "worker.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "deploy/prefect-worker", "--tail=200" } },
    { "postgres.log",
      { KUBECTL, "--request-timeout=5s", "-n", NAMESPACE, "logs", "statefulset/postgres", "--tail=200" } },
    { "helm.txt", { KUBECTL, "-n", NAMESPACE, "get", "secrets", "-l", "owner=helm", "--show-labels" } },
};

static void write_file(struct run *r, const char *dir, const char *name, const char *text)
{
    struct err lost = ERR_INIT;
    AUTO_FREE char *path = fsx_join(dir, name);

    if (fsx_replace(path, text, strlen(text), 0600, &lost) < 0)
        ui_warn(r->ui, "evidence: %s", lost.msg);
}

static void collect_row(struct run *r, const char *dir, const struct evidence_row *row, bool *ssh_lost)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    struct err lost = ERR_INIT;
    const struct ssh_opts o = { .sudo = true, .any_status = true, .timeout_ms = 20000 };

    ui_note(r->ui, "evidence: %s", row->file);
    if (ssh_run(r->ssh, row->argv, &o, &res, &lost) < 0) {
        *ssh_lost = lost.code == ERR_NET;
        sbuf_addf(&res.out, "not collected: %s\n", lost.msg);
    }
    sbuf_add(&res.out, res.err.data, res.err.len);
    write_file(r, dir, row->file, res.out.data);
}

static void collect_console(struct run *r, const char *dir)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(256 << 10);
    struct err lost = ERR_INIT;

    if (!r->provider || !r->provider->ops->console)
        return;
    if (r->provider->ops->console(r, r->provider, &text, &lost) < 0)
        sbuf_addf(&text, "not collected: %s\n", lost.msg);
    write_file(r, dir, "console.txt", text.data);
    if (!r->ssh && text.len)
        ui_warn(r->ui, "console, last line: %s", cause_last_line(text.data));
}

void evidence_collect(struct run *r, const struct err *cause)
{
    char time[21];
    struct err lost = ERR_INIT;
    bool ssh_lost = false;

    clock_iso8601(r->clock->wall_ms(r->clock), time);
    AUTO_FREE char *dir = xasprintf("%s/evidence/%s", r->dir, time);
    if (fsx_mkdirs(dir, 0700, &lost) < 0) {
        ui_warn(r->ui, "evidence: %s", lost.msg);
        return;
    }
    AUTO_FREE char *text = xasprintf("%s: %s\n", err_name(cause->code), cause->msg);
    write_file(r, dir, "error.txt", text);
    collect_console(r, dir);
    for (size_t i = 0; r->ssh && !ssh_lost && i < ARRAY_LEN(rows); i++)
        collect_row(r, dir, &rows[i], &ssh_lost);
    ui_warn(r->ui, "evidence: %s", dir);
}
