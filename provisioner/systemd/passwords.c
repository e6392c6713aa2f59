#include "systemd/passwords.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/util.h"
#include "ssh/ssh.h"
#include "systemd/owner.h"
#include <errno.h>
#include <string.h>

#define FILE_THERE   SYSTEMD_ETC "/passwords"
#define PASSWORD_LEN 32

void passwords_done(struct passwords *p)
{
    secret_free(p->ui);
    secret_free(p->database);
    *p = (struct passwords){ 0 };
}

/* Two lines: of the API, of the database. */
static int parse(struct run *r, char *text, struct passwords *ret, struct err *e)
{
    char *second = strchr(text, '\n');
    char *end = second ? strchr(second + 1, '\n') : NULL;

    if (!end)
        return err_set(e, ERR_REMOTE, "'" FILE_THERE "' on the machine is damaged");
    ret->ui = xstrndup(text, (size_t)(second - text));
    ret->database = xstrndup(second + 1, (size_t)(end - second) - 1);
    ui_secret(r->ui, ret->ui);
    ui_secret(r->ui, ret->database);
    return 0;
}

int passwords_read(struct run *r, struct passwords *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    static const char script[] = "[ -e " FILE_THERE " ] || exit 4\nexec cat " FILE_THERE "\n";
    const struct ssh_opts o = { .sudo = true, .any_status = true, .what = "reading the passwords" };

    if (ssh_script(r->ssh, script, NULL, &o, &res, e) < 0)
        return -1;
    if (res.status != 0 && res.status != 4)
        return err_set(e, ERR_REMOTE, "'" FILE_THERE "' on the machine cannot be read: %.200s", res.err.data);
    if (res.status != 0) {
        (void)err_set(e, ERR_REMOTE, "'" FILE_THERE "' is not on the machine: Prefect is not installed there (yet)");
        e->sys = ENOENT;
        return -1;
    }
    int rc = parse(r, res.out.data, ret, e);
    secret_wipe(res.out.data, res.out.len);
    return rc;
}

int passwords_find(struct run *r, struct passwords *ret, struct err *e)
{
    if (passwords_read(r, ret, e) == 0)
        return 1;
    if (e->sys != ENOENT)
        return -1;
    err_clear(e);
    return 0;
}

int passwords_keep(struct run *r, struct passwords *ret, struct err *e)
{
    const struct ssh_file f = { FILE_THERE, "0600", "root:root", NULL };

    int found = passwords_find(r, ret, e);

    if (found != 0)
        return found < 0 ? -1 : 0;
    AUTO_SECRET char *ui = rng_password(PASSWORD_LEN), *database = rng_password(PASSWORD_LEN);
    AUTO_SECRET char *text = xasprintf(PREFECT_USER ":%s\n%s\n", ui, database);
    if (ssh_put_text(r->ssh, &f, text, strlen(text), e) < 0)
        return -1;
    return parse(r, text, ret, e);
}
