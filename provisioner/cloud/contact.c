#include "cloud/contact.h"
#include "cloud/provider.h"
#include "cloud/user_data.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include "step/state.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fact: the key that sshd will show, written before it does. */
#define NEXT_KEY "host_key.next"

enum { KEY_LINE_MAX = 4096, PEM_MAX = 64 << 10, BRIEF_MS = 30000 };

static char *pin_path(const struct run *r)
{
    return fsx_join(r->dir, "known_host");
}

/* The pinned key line: 1 there, 0 not pinned yet, -1. */
static int pinned(const struct run *r, char ret[static KEY_LINE_MAX], struct err *e)
{
    AUTO_FREE char *path = pin_path(r);
    AUTO_SBUF struct sbuf text = SBUF_INIT(KEY_LINE_MAX - 1);

    if (!fsx_exists(path))
        return 0;
    if (fsx_read(path, &text, e) < 0)
        return -1;
    sbuf_trim(&text);
    (void)snprintf(ret, KEY_LINE_MAX, "%s", text.data);
    return 1;
}

static int read_identity(const char *path, struct ssh_key *ret, struct err *e)
{
    AUTO_SBUF struct sbuf pem = SBUF_INIT(PEM_MAX);
    struct stat st;

    if (stat(path, &st) < 0) {
        (void)err_sys(e, ERR_AUTH, "ssh identity '%s'", path);
        return err_hint(e, "provider.ssh.identity names a private key file; without it slipway's own key is used");
    }
    if (st.st_mode & 077)
        return err_set(e, ERR_AUTH, "ssh identity '%s' may be read by others (mode %04o)", path,
                       (unsigned)st.st_mode & 07777);
    if (fsx_read(path, &pem, e) < 0)
        return -1;
    *ret = (struct ssh_key){ sbuf_take(&pem), NULL };
    return 0;
}

int contact_login_key(struct run *r, struct ssh_key *ret, struct err *e)
{
    bool spec_trust = r->provider->ops->trust == HOST_TRUST_SPEC;
    AUTO_FREE char *home = state_home();

    if (spec_trust && r->spec->ssh.identity)
        return read_identity(r->spec->ssh.identity, ret, e);
    return ssh_key_ensure(spec_trust ? home : r->dir, "id_ecdsa", ret, e);
}

struct asked {
    struct run *run;
};

static int running(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ((struct asked *)ctx)->run;

    return r->provider->ops->running(r, r->provider, why, e);
}

static int connect_with(struct run *r, const char *host_key, struct err *e)
{
    struct endpoint ep;
    AUTO_SSH_KEY struct ssh_key login = { NULL, NULL };
    struct asked ctx = { r };

    if (r->provider->ops->endpoint(r, r->provider, &ep, e) < 0 || contact_login_key(r, &login, e) < 0)
        return -1;
    const struct ssh_target t = { ep.host, ep.port, ep.user, host_key, login.pem };
    int64_t deadline = phases_deadline_ms(r->phases, PHASE_SSH, r->spec->timeouts);
    int64_t brief = r->clock->mono_ms(r->clock) + BRIEF_MS;
    if (ssh_wait(&r->ssh, &t, r->clock, r->ui, r->brief && brief < deadline ? brief : deadline, running, &ctx, e) == 0)
        return 0;
    if (e->code == ERR_TIMEOUT && r->provider->ops->own_machine && !r->provider->ops->same_network && !*e->hint)
        return err_hint(e, "nothing answers a host that access.ssh_from leaves out: `slipway doctor` compares, and "
                           "`slipway bootstrap` lets in a public address of 'auto' that has changed");
    return -1;
}

/* Before the pin there are at most two right keys: the one that sshd was about to show, and the injected one. */
static int connect_first(struct run *r, struct err *e)
{
    AUTO_FREE char *injected = user_data_host_key(r);
    const char *next = r->journal ? journal_str(r->journal, NEXT_KEY) : "";

    if (*next) {
        int rc = connect_with(r, next, e);
        if (rc == 0 || e->code != ERR_CONFLICT || !injected)
            return rc;
        err_clear(e);
    }
    if (!injected) {
        (void)err_set(e, ERR_CONFLICT, "no host key is pinned for '%s' and the injected one is gone", r->spec->name);
        return err_hint(e, "its state in '%s' was altered; `slipway teardown` and bootstrap again", r->dir);
    }
    return connect_with(r, injected, e);
}

int contact_open(struct run *r, struct err *e)
{
    char pin[KEY_LINE_MAX];

    if (r->ssh)
        return 0;
    phases_begin(r->phases, PHASE_SSH);
    if (r->provider->ops->trust == HOST_TRUST_SPEC)
        return connect_with(r, r->spec->ssh.host_key, e);
    int found = pinned(r, pin, e);
    if (found < 0)
        return -1;
    return found ? connect_with(r, pin, e) : connect_first(r, e);
}

void contact_close(struct run *r)
{
    ssh_close(r->ssh);
    r->ssh = NULL;
}

int contact_forget(struct run *r, struct err *e)
{
    AUTO_FREE char *path = pin_path(r);

    if (unlink(path) < 0 && errno != ENOENT)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", path);
    return r->journal && *journal_str(r->journal, NEXT_KEY) ? journal_set(r->journal, NEXT_KEY, json_null(), e) : 0;
}

static int rotate_script(struct run *r, const char *act, struct ssh_result *res, struct err *e)
{
    const struct ssh_opts o = { .sudo = true, .what = "replacing the host keys" };
    const char *text = template_get("templates/machine-rotate.sh");

    if (!text)
        return err_set(e, ERR_INTERNAL, "no template 'templates/machine-rotate.sh' in this build");
    return ssh_script(r->ssh, text, (const char *const[]){ act, NULL }, &o, res, e);
}

static int new_key(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    char fingerprint[64];

    if (rotate_script(r, "make", &res, e) < 0)
        return -1;
    sbuf_trim(&res.out);
    if (strchr(res.out.data, '\n') || ssh_key_fingerprint(res.out.data, fingerprint, e) < 0)
        return err_set(e, ERR_REMOTE, "the machine did not answer with its new host key");
    if (journal_set(r->journal, NEXT_KEY, json_string(res.out.data), e) < 0)
        return -1;
    ui_debug(r->ui, "the machine's own host key: %s", fingerprint);
    return 0;
}

/* The session runs on the injected key: make, remember, show the new one, and come back demanding it. */
static int replace_key(struct run *r, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;

    if (new_key(r, e) < 0 || rotate_script(r, "swap", &res, e) < 0)
        return -1;
    contact_close(r);
    return connect_with(r, journal_str(r->journal, NEXT_KEY), e);
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *path = pin_path(r), *line = NULL;
    const char *next = journal_str(r->journal, NEXT_KEY);

    (void)s;
    if (r->provider->ops->entered && r->provider->ops->entered(r, r->provider, e) < 0)
        return -1;
    if ((!*next || strcmp(ssh_host_key(r->ssh), next) != 0) && replace_key(r, e) < 0)
        return -1;
    if (rotate_script(r, "clean", &res, e) < 0)
        return -1;
    line = xasprintf("%s\n", journal_str(r->journal, NEXT_KEY));
    if (fsx_replace(path, line, strlen(line), 0600, e) < 0 || user_data_wipe(r, e) < 0)
        return -1;
    r->changed = true;
    return 0;
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_FREE char *path = pin_path(r);
    AUTO_FREE char *injected = user_data_host_key(r);

    (void)s;
    if (contact_open(r, e) < 0)
        return -1;
    *ret = r->provider->ops->trust == HOST_TRUST_SPEC || fsx_exists(path) ? STEP_DONE : STEP_TODO;
    /* A crash between the pin and the wipe. */
    return *ret == STEP_DONE && injected ? user_data_wipe(r, e) : 0;
}

const struct step contact_steps[] = { { "machine/host-key", PHASE_SSH, check, apply, NULL, NULL } };
const size_t contact_n_steps = ARRAY_LEN(contact_steps);
