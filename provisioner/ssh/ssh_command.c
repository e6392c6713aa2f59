#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/rng.h"
#include "ssh/ssh_internal.h"

/* $1 is the nonce, the rest is the command. The status goes to stderr after all that the command wrote there:
 * libssh2 1.10 reports exit status 0 when none arrived, so a killed sshd would look like success. */
static const char wrapper[] = "n=$1; shift; LC_ALL=C.UTF-8 PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; "
                              "export LC_ALL PATH; \"$@\"; printf '\\036%s %d\\036' \"$n\" \"$?\" >&2";

void ssh_command_make(struct ssh_command *c, const char *const argv[], bool sudo)
{
    static const char *const as_root[] = { "sudo", "-n", "--", NULL };
    char *nonce = rng_password(SSH_NONCE);

    memset(c, 0, sizeof(*c));
    c->line = (struct sbuf)SBUF_INIT(1 << 20);
    (void)snprintf(c->nonce, sizeof(c->nonce), "%s", nonce);
    secret_free(nonce);
    sbuf_addstr(&c->line, "exec sh -c ");
    sbuf_add_shell(&c->line, wrapper);
    sbuf_addf(&c->line, " sh %s", c->nonce);
    for (size_t i = 0; sudo && as_root[i]; i++)
        sbuf_addf(&c->line, " %s", as_root[i]);
    for (size_t i = 0; argv[i]; i++) {
        sbuf_addch(&c->line, ' ');
        sbuf_add_shell(&c->line, argv[i]);
    }
}

void ssh_command_done(struct ssh_command *c)
{
    sbuf_done(&c->line);
}

bool ssh_command_status(const struct ssh_command *c, struct sbuf *err, int *ret_status)
{
    char mark[SSH_NONCE + 3];
    int status = -1, used = 0;

    (void)snprintf(mark, sizeof(mark), "\036%s ", c->nonce);
    char *at = err->len ? memmem(err->data, err->len, mark, strlen(mark)) : NULL;
    if (!at)
        return false;
    if (sscanf(at + strlen(mark), "%3d\036%n", &status, &used) != 1 || !used || status < 0)
        return false;
    size_t cut = strlen(mark) + (size_t)used;
    memmove(at, at + cut, err->len - (size_t)(at - err->data) - cut + 1);
    err->len -= cut;
    *ret_status = status;
    return true;
}
