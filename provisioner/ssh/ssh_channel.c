#include <stdlib.h>
#include <string.h>

#include "ssh/ssh_internal.h"

LIBSSH2_CHANNEL *ssh_channel_open(struct ssh *s, const struct ssh_deadline *d, struct err *e)
{
    LIBSSH2_CHANNEL *ch;

    if (ssh_io_alive(s, e) < 0)
        return NULL;
    ssh_stream_reap(s);
    while (ssh_stream_opening(s)) { /* libssh2 has one place for a channel that opens */
        if (ssh_pump(s, SSH_POLL_MS, NULL, 0, e) < 0)
            return NULL;
        if (s->clock->mono_ms(s->clock) >= d->at_ms) {
            (void)err_set(e, ERR_TIMEOUT, "%s: an earlier stream is still opening", d->what);
            return NULL;
        }
    }
    while (!(ch = libssh2_channel_open_session(s->session))) {
        int rc = libssh2_session_last_errno(s->session);
        if (rc != LIBSSH2_ERROR_EAGAIN) {
            (void)ssh_io_error(s, rc, d->what, e);
            return NULL;
        }
        if (ssh_io_wait(s, d, e) < 0) {
            ssh_io_kill(s, "given up while a channel was opening");
            return NULL;
        }
    }
    return ch;
}

int ssh_channel_exec(struct ssh *s, LIBSSH2_CHANNEL *ch, const char *cmd, const struct ssh_deadline *d, struct err *e)
{
    int rc;

    while ((rc = libssh2_channel_exec(ch, cmd)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(s, d, e) < 0)
            return -1;
    return rc ? ssh_io_error(s, rc, d->what, e) : 0;
}

void ssh_channel_close(struct ssh *s, LIBSSH2_CHANNEL *ch)
{
    struct ssh_deadline d = ssh_deadline(s, "close", SSH_CLOSE_MS);
    struct err ignored = ERR_INIT;

    /* A channel that cannot be freed now is freed with the session. */
    while (!s->dead && libssh2_channel_free(ch) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(s, &d, &ignored) < 0)
            return;
}
