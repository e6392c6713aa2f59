#include "app/run_processes.h"
#include "app/prefect_api.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "ssh/ssh.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int run_script(struct run *r, const char *what, const char *id, struct ssh_result *res, struct err *e)
{
    const char *const args[] = { what, id, NULL };
    const struct ssh_opts o = { .sudo = true, .what = "looking for the flow run's processes" };

    return ssh_script(r->ssh, template_get("templates/run-processes.sh"), args, &o, res, e);
}

int run_processes_carry(struct run *r, const char *id, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;

    return run_script(r, "list", id, &res, e) < 0 ? -1 : res.out.len > 0;
}

int run_processes_remove(struct run *r, const char *id, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;

    return run_script(r, "kill", id, &res, e);
}

static void add_line(struct sbuf *out, const json_t *entry)
{
    const char *message = jsonx_str(entry, "MESSAGE");
    long long us = strtoll(jsonx_str(entry, "__REALTIME_TIMESTAMP"), NULL, 10);
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    char stamp[32];

    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
    sbuf_addf(out, "%s.%06lldZ %s\n", stamp, us % 1000000, message);
}

/* Workers name a run by id, the lines of the run itself by its name. */
static void pick(char *journal, const char *id, const char *name, struct sbuf *out)
{
    char *save = NULL;

    for (char *line = strtok_r(journal, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct err ignored = ERR_INIT;
        if (!strstr(line, id) && !(*name && strstr(line, name)))
            continue;
        AUTO_JSON json_t *entry = jsonx_parse(line, strlen(line), "a line of the journal", &ignored);
        if (entry)
            add_line(out, entry);
    }
}

int run_processes_output(struct run *r, const char *id, struct sbuf *out, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_JSON json_t *run = NULL;
    AUTO_FREE char *path = xasprintf("/flow_runs/%s", id);
    static const char *const argv[] = { "journalctl", "-q",   "-u",   "slipway-prefect-worker@*",
                                        "--no-pager", "-o",   "json", "--output-fields=MESSAGE",
                                        "-n",         "5000", NULL };
    const struct ssh_opts o = { .sudo = true, .what = "reading the workers' journal" };

    if (prefect_api_open(r, &api, e) < 0 || prefect_api_ok(api, "GET", path, NULL, &run, e) < 0 ||
        ssh_run(r->ssh, argv, &o, &res, e) < 0)
        return -1;
    pick(res.out.data, id, jsonx_str(run, "name"), out);
    return 0;
}
