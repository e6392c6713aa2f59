#include "flow/doctor.h"
#include "app/server_address.h"
#include "cloud/provider.h"
#include "cmd/common.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

static int connect_machine(void *ctx, struct err *e)
{
    struct session *s = ctx;
    char why[256] = "";
    int up = s->run.provider->ops->running(&s->run, s->run.provider, why, e);

    if (up < 0)
        return -1;
    if (up == 0)
        return err_set(e, ERR_REMOTE, "the machine does not run: %s", why);
    return session_connect(s, e);
}

/* A server that exists, or a cloud's account, can be asked before there is a machine. */
static int open_session(struct app *app, struct session *s, struct err *e)
{
    if (common_session(app, SESSION_PLAN, s, e) < 0)
        return -1;
    if (s->run.journal || !server_is_ours(s->spec) || s->run.provider->ops->doctor)
        return 0;
    (void)err_set(e, ERR_USAGE, "there is no deployment '%s' in '%s'", s->spec->name, s->dir);
    return err_hint(e, "`slipway bootstrap` makes it; `slipway list` shows what there is");
}

static int examine_provider(struct session *s, json_t *rows, bool *ret_ok, struct err *e)
{
    const struct provider_ops *ops = s->run.provider->ops;
    size_t i;
    json_t *row;

    if (ops->doctor && ops->doctor(&s->run, s->run.provider, rows, e) < 0)
        return -1;
    json_array_foreach (rows, i, row)
        if (strcmp(jsonx_str(row, "status"), "fail") == 0)
            *ret_ok = false;
    return 0;
}

static void print_rows(const json_t *rows)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        const char *status = jsonx_str(row, "status"), *remedy = jsonx_str(row, "remedy");
        printf("%-13s %-5s %s%s%s\n", jsonx_str(row, "check"), strcmp(status, "fail") == 0 ? "FAIL" : status,
               jsonx_str(row, "detail"), *remedy ? " -> " : "", remedy);
    }
}

int cmd_doctor(struct app *app, struct err *e)
{
    AUTO_SESSION struct session s = { 0 };
    __attribute__((cleanup(doctor_done))) struct doctor d = { .fix = app->opt[OPT_FIX] };
    __attribute__((cleanup(doctor_result_done))) struct doctor_result r = { 0 };
    AUTO_JSON json_t *account = json_array();
    bool account_ok = true;

    if (open_session(app, &s, e) < 0)
        return -1;
    d.run = &s.run;
    d.machine = s.run.journal;
    d.connect = connect_machine;
    d.ctx = &s;
    if (examine_provider(&s, account, &account_ok, e) < 0)
        return -1;
    if ((s.run.journal || !server_is_ours(s.spec)) && doctor_examine(&d, &r, e) < 0)
        return -1;
    if (!r.checks) {
        r.checks = json_array();
        r.ok = true;
    }
    json_array_extend(account, r.checks);
    r.ok = r.ok && account_ok;
    app->exit_status = r.refused ? err_exit_status(ERR_AUTH) : r.ok ? 0 : err_exit_status(ERR_REMOTE);
    if (app->json)
        return app_print_json(json_pack("{s:s, s:b, s:O}", "name", s.spec->name, "ok", r.ok, "checks", account), e);
    print_rows(account);
    return 0;
}
