#include "host/evidence.h"
#include "cloud/provider.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "host/cause.h"
#include "ssh/ssh.h"
#include <string.h>

static const struct evidence_row rows[] = {
    { "cloud-init.txt", { "cloud-init", "status", "--long" } },
    { "cloud-init.log", { "tail", "-n", "200", "/var/log/cloud-init-output.log" } },
    { "units.txt", { "systemctl", "--no-pager", "--failed" } },
    { "disk.txt", { "df", "-h" } },
    { "memory.txt", { "free", "-m" } },
    { "processes.txt", { "ps", "-eo", "pid,ppid,stat,rss,etime,comm" } },
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

void evidence_collect(struct run *r, const struct evidence_row *more, const struct err *cause)
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
    for (; r->ssh && !ssh_lost && more->file; more++)
        collect_row(r, dir, more, &ssh_lost);
    ui_warn(r->ui, "evidence: %s", dir);
}
