#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "ssh/ssh_internal.h"

enum { DEFAULT_MS = 60000 };

void ssh_result_done(struct ssh_result *r)
{
    sbuf_done(&r->out);
    sbuf_done(&r->err);
}

static int run(struct ssh *s, const char *const argv[], const struct ssh_opts *o, const char *what,
               struct ssh_result *ret, struct err *e)
{
    struct ssh_exec x = { .argv = argv,
                          .sudo = o->sudo,
                          .any_status = o->any_status,
                          .what = what,
                          .timeout_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_MS,
                          .input = o->input,
                          .input_len = o->input && !o->input_len ? strlen(o->input) : o->input_len };
    struct ssh_result dropped = SSH_RESULT_INIT;

    int rc = ssh_exec(s, &x, ret ? ret : &dropped, e);
    ssh_result_done(&dropped);
    return rc;
}

int ssh_run(struct ssh *s, const char *const argv[], const struct ssh_opts *o, struct ssh_result *ret, struct err *e)
{
    static const struct ssh_opts none = { 0 };

    if (!o)
        o = &none;
    AUTO_FREE char *what = o->what ? xstrdup(o->what) : xasprintf("command '%s'", argv[0]);
    return run(s, argv, o, what, ret, e);
}

int ssh_script(struct ssh *s, const char *script, const char *const args[], const struct ssh_opts *o,
               struct ssh_result *ret, struct err *e)
{
    static const struct ssh_opts none = { 0 };
    struct ssh_opts opts = o ? *o : none;
    AUTO_SVEC struct svec argv = SVEC_INIT;
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20);

    svec_add(&argv, "sh");
    if (opts.input) {
        /* Standard input is taken: the script has to be an argument. */
        svec_add(&argv, "-c");
        svec_add(&argv, script);
        svec_add(&argv, "sh");
    } else {
        /* As one compound command it is read to its end before anything runs: a connection that breaks while the
         * script is on its way runs nothing, and no command in it can eat the rest of it. */
        sbuf_addf(&text, "{\n%s\n} </dev/null\n", script);
        opts.input = text.data;
        opts.input_len = text.len;
        svec_add(&argv, "-s");
        svec_add(&argv, "--");
    }
    for (size_t i = 0; args && args[i]; i++)
        svec_add(&argv, args[i]);
    if (sbuf_check(&text, "the script", e) < 0)
        return -1;
    return run(s, svec_argv(&argv), &opts, opts.what ? opts.what : "script", ret, e);
}
