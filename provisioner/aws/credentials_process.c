#include "aws/credentials_source.h"
#include "aws/words.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include <string.h>

enum { PROCESS_MS = 120000, OUTPUT_MAX = 256 << 10, COMPLAINT_MAX = 600 };

/* Through env(1), because proc_run has a PATH of its own and the program may be in the user's. It gets the whole
 * environment: the programs people name here read AWS_PROFILE and the like. */
static int run(const struct aws_look *l, const struct svec *words, const char *what, struct sbuf *out, struct err *e)
{
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_SBUF struct sbuf complaint = SBUF_INIT(64 << 10);
    const char *path = aws_env("PATH");
    int status = 0;
    struct proc_opts o = { .env = (const char *const *)(uintptr_t)environ,
                           .out = out,
                           .err = &complaint,
                           .timeout_ms = PROCESS_MS,
                           .any_status = true,
                           .status = &status,
                           .clock = l->o->clock };

    svec_add(&argv, "env");
    if (path)
        svec_addf(&argv, "PATH=%s", path);
    for (size_t i = 0; i < words->len; i++)
        svec_add(&argv, words->items[i]);
    if (proc_run(svec_argv(&argv), &o, e) < 0)
        return err_wrap(e, "%s", what);
    sbuf_trim(&complaint);
    const char *tail = complaint.data + (complaint.len > COMPLAINT_MAX ? complaint.len - COMPLAINT_MAX : 0);
    if (status)
        return err_set(e, ERR_AUTH, "%s ended with status %d%s%s", what, status, *tail ? ": " : "", tail);
    if (*tail)
        ui_info(l->o->ui, "%s: %s", what, tail);
    return sbuf_check(out, what, e);
}

int aws_source_process(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    const char *line = aws_look_value(l, "credential_process");
    AUTO_FREE char *what = xasprintf("credential_process of profile '%s'", l->profile);
    AUTO_SVEC struct svec words = SVEC_INIT;
    AUTO_SBUF struct sbuf out = SBUF_INIT(OUTPUT_MAX);

    if (!line)
        return 0;
    if (aws_words_split(&words, line) < 0 || words.len == 0)
        return err_set(e, ERR_AUTH, "%s: a quote is left open, or it names no program", what);
    if (run(l, &words, what, &out, e) < 0)
        return -1;
    AUTO_JSON json_t *object = json_loadb(out.data, out.len, 0, NULL);
    if (!json_is_object(object))
        return err_set(e, ERR_AUTH, "%s: what it printed is not a JSON object", what);
    const json_t *version = json_object_get(object, "Version");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return err_set(e, ERR_AUTH, "%s: what it printed is not of \"Version\": 1", what);
    return aws_found_json(l, ret, what, object, "SessionToken", e);
}
