#include <libssh2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/mem.h"
#include "core/util.h"
#include "ssh/key.h"
#include "ssh/key_text.h"
#include "ssh/ssh_internal.h"
#include "ssh/ssh_open.h"

/* Sound methods that libssh2 1.10 and OpenSSH 9.2 share. No CBC and no EtM: neither side can do strict key exchange
 * here (CVE-2023-48795). No SHA-1. */
static const struct {
    int kind;
    const char *list;
} methods[] = {
    { LIBSSH2_METHOD_KEX,
      "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
      "diffie-hellman-group16-sha512,diffie-hellman-group-exchange-sha256" },
    { LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes256-ctr,aes192-ctr" },
    { LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes256-ctr,aes192-ctr" },
    { LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512" },
    { LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512" },
    { LIBSSH2_METHOD_COMP_CS, "none" },
    { LIBSSH2_METHOD_COMP_SC, "none" },
};

const char *ssh_stage_name(enum ssh_stage stage)
{
    static const char *const names[] = { "TCP", "banner", "host key", "authentication", "ready" };

    return names[stage];
}

const char *ssh_host_key(const struct ssh *s)
{
    return s->host_key;
}

static int new_session(struct ssh *s, const char *host_algs, struct err *e)
{
    s->session = libssh2_session_init_ex(NULL, NULL, NULL, s);
    if (!s->session)
        return err_set(e, ERR_INTERNAL, "libssh2: no session");
    libssh2_session_set_blocking(s->session, 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
    (void)libssh2_session_callback_set(s->session, LIBSSH2_CALLBACK_SEND, (void *)ssh_io_send);
#pragma GCC diagnostic pop
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (libssh2_session_method_pref(s->session, methods[i].kind, methods[i].list))
            return err_set(e, ERR_INTERNAL, "libssh2 knows none of %s", methods[i].list);
    if (libssh2_session_method_pref(s->session, LIBSSH2_METHOD_HOSTKEY, host_algs))
        return err_set(e, ERR_INTERNAL, "libssh2 knows none of %s", host_algs);
    libssh2_keepalive_config(s->session, 0, SSH_KEEPALIVE_S);
    return 0;
}

/* Until the other side has named itself nothing was reached but a port. */
static int stage_failed(struct ssh *s, int rc, enum ssh_stage *stage, struct err *e)
{
    char *text = NULL;

    if (libssh2_session_banner_get(s->session))
        *stage = SSH_HOST_KEY;
    if (e->code == ERR_CANCELED)
        return -1;
    if (e->code) { /* deadline */
        err_clear(e);
        (void)err_set(e, ERR_NET, "%s: %s", s->name,
                      *stage == SSH_BANNER ? "TCP is open, but no SSH banner came"
                                           : "key exchange did not finish in time");
        e->retryable = true;
        return -1;
    }
    (void)libssh2_session_last_error(s->session, &text, NULL, 0);
    if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE) {
        (void)err_set(e, ERR_REMOTE, "%s: no common algorithm for host key or key exchange", s->name);
        return err_hint(e, "the host needs an ed25519 or ecdsa host key and aes-ctr with hmac-sha2");
    }
    if (rc == LIBSSH2_ERROR_HOSTKEY_SIGN || rc == LIBSSH2_ERROR_HOSTKEY_INIT)
        return err_set(e, ERR_CONFLICT, "%s: the host cannot prove that it holds the host key it shows", s->name);
    (void)err_set(e, ERR_NET, "%s: %s (%s)", s->name,
                  *stage == SSH_BANNER ? "TCP is open, but no SSH banner came" : "key exchange broke off",
                  text ? text : "closed");
    e->retryable = true;
    return -1;
}

static int handshake(struct ssh *s, const struct ssh_deadline *d, enum ssh_stage *stage, struct err *e)
{
    int rc;

    *stage = SSH_BANNER;
    while ((rc = libssh2_session_handshake(s->session, s->fd)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(s, d, e) < 0)
            break;
    if (rc)
        return stage_failed(s, rc, stage, e);
    *stage = SSH_HOST_KEY;
    return 0;
}

static char *key_line(const unsigned char *blob, size_t len)
{
    AUTO_SBUF struct sbuf line = SBUF_INIT(32 << 10);
    uint32_t type_len = len > 4 ? key_text_u32(blob) : 0;

    if (type_len > len - 4 || !type_len)
        return xstrdup("");
    sbuf_add(&line, blob + 4, type_len);
    sbuf_addch(&line, ' ');
    base64_encode(&line, blob, len);
    return sbuf_take(&line);
}

static int check_host_key(struct ssh *s, const char *want, struct err *e)
{
    char have[64], wanted[64] = "";
    size_t len = 0;
    int type = 0;
    struct err ignored = ERR_INIT;
    const char *blob = libssh2_session_hostkey(s->session, &len, &type);

    if (!blob || len < 5)
        return err_set(e, ERR_CONFLICT, "%s: the host showed no host key", s->name);
    if (ssh_key_matches(want, blob, len) == 1) {
        s->host_key = key_line((const unsigned char *)blob, len);
        return 0;
    }
    ssh_key_blob_fingerprint(blob, len, have);
    if (strncmp(want, "SHA256:", 7) == 0)
        (void)snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(want, " \t\r\n"), want);
    else if (ssh_key_fingerprint(want, wanted, &ignored) < 0)
        (void)snprintf(wanted, sizeof(wanted), "an unreadable key");
    AUTO_FREE char *line = key_line((const unsigned char *)blob, len);
    (void)err_set(e, ERR_CONFLICT, "%s: wrong host key: want %s, the host shows %s (%.*s)", s->name, wanted, have,
                  (int)strcspn(line, " "), line);
    return err_hint(e, "another machine answers at this address, or it was reinstalled; nothing was sent to it. "
                       "Compare with 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' on its console");
}

static int authenticate(struct ssh *s, const struct ssh_target *t, const struct ssh_deadline *d, struct err *e)
{
    unsigned user_len = (unsigned)strlen(t->user);
    int rc;

    while ((rc = libssh2_userauth_publickey_frommemory(s->session, t->user, user_len, NULL, 0, t->key_pem,
                                                       strlen(t->key_pem), NULL)) == LIBSSH2_ERROR_EAGAIN)
        if (ssh_io_wait(s, d, e) < 0)
            break;
    if (!rc)
        return 0;
    if (e->code == ERR_TIMEOUT) {
        e->code = ERR_NET;
        return -1;
    }
    if (e->code)
        return -1;
    switch (rc) {
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
        (void)err_set(e, ERR_AUTH, "%s: the host refused the key for user '%s'", s->name, t->user);
        e->retryable = true;
        return err_hint(e, "its public part must be in ~%s/.ssh/authorized_keys there", t->user);
    case LIBSSH2_ERROR_FILE:
        return err_set(e, ERR_AUTH, "%s: the private key cannot be read", s->name);
    default:
        return ssh_io_error(s, rc, "authentication", e);
    }
}

static int attempt(struct ssh **ret, const struct ssh_target *t, const char *algs, struct clock *clock, int64_t tcp_ms,
                   int64_t timeout_ms, enum ssh_stage *stage, struct err *e)
{
    struct ssh *s = xcalloc(1, sizeof(*s));
    struct ssh_deadline d = { clock->mono_ms(clock) + timeout_ms, clock->mono_ms(clock), "SSH connection" };

    s->clock = clock;
    s->fd = -1;
    s->name = xasprintf("%s@%s:%d", t->user, t->host, t->port);
    s->user = xstrdup(t->user);
    *stage = SSH_TCP;
    int rc = ssh_tcp_connect(t->host, t->port, clock, tcp_ms < timeout_ms ? tcp_ms : timeout_ms, &s->fd, e);
    if (rc == 0)
        rc = new_session(s, algs, e);
    if (rc == 0)
        rc = handshake(s, &d, stage, e);
    if (rc == 0)
        rc = check_host_key(s, t->host_key, e);
    if (rc == 0) {
        *stage = SSH_AUTH;
        rc = authenticate(s, t, &d, e);
    }
    if (rc < 0) {
        ssh_io_kill(s, e->msg);
        ssh_close(s);
        return -1;
    }
    *stage = SSH_READY;
    *ret = s;
    return 0;
}

int ssh_open_within(struct ssh **ret, const struct ssh_target *t, struct clock *clock, int64_t tcp_ms,
                    int64_t timeout_ms, enum ssh_stage *ret_stage, struct err *e)
{
    const char *first, *second;

    *ret = NULL;
    *ret_stage = SSH_TCP;
    if (key_text_host_algs(t->host_key, &first, &second, e) < 0 || key_text_check_private(t->key_pem, e) < 0)
        return err_wrap(e, "%s@%s", t->user, t->host);
    int rc = attempt(ret, t, first, clock, tcp_ms, timeout_ms, ret_stage, e);
    if (rc == 0 || !second || e->code != ERR_CONFLICT)
        return rc;
    /* A fingerprint does not tell the type of its key: the host may hold it besides the one it preferred. */
    struct err again = ERR_INIT;
    enum ssh_stage stage;
    rc = attempt(ret, t, second, clock, tcp_ms, timeout_ms, &stage, &again);
    if (rc == 0 || stage == SSH_AUTH) {
        *ret_stage = stage;
        *e = again;
    }
    return rc;
}

int ssh_open(struct ssh **ret, const struct ssh_target *t, struct clock *clock, int64_t timeout_ms,
             enum ssh_stage *ret_stage, struct err *e)
{
    return ssh_open_within(ret, t, clock, timeout_ms, timeout_ms, ret_stage, e);
}

void ssh_close(struct ssh *s)
{
    struct err ignored = ERR_INIT;

    if (!s)
        return;
    ssh_stream_free_all(s);
    if (s->session) {
        if (!s->dead) {
            (void)libssh2_session_disconnect(s->session, "done");
            if (ssh_io_flush(s, &ignored) < 0) /* there is nobody left to say good-bye to */
                err_clear(&ignored);
        }
        /* With the socket shut nothing below can wait for the other side. */
        (void)shutdown(s->fd, SHUT_RDWR);
        for (int i = 0; i < 1000 && libssh2_session_free(s->session) == LIBSSH2_ERROR_EAGAIN; i++)
            continue;
    }
    if (s->fd >= 0)
        close(s->fd);
    if (s->out.cap)
        secret_wipe(s->out.data, s->out.cap);
    free(s->out.data);
    free(s->name);
    free(s->user);
    free(s->host_key);
    free(s);
}
