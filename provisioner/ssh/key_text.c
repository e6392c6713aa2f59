#include "ssh/key_text.h"
#include <string.h>

#include "core/base64.h"
#include "core/sbuf.h"
#include "core/util.h"

#define RSA_SENTENCE \
    "RSA keys are not usable: OpenSSH from 8.8 on refuses the SHA-1 signatures that libssh2 1.10 makes with them"

uint32_t key_text_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int refuse_rsa(struct err *e)
{
    (void)err_set(e, ERR_AUTH, RSA_SENTENCE);
    return err_hint(e, "make one that works: ssh-keygen -t ed25519");
}

/* Take one string off `*p`; -1 when it does not fit. */
static int take_string(const unsigned char **p, size_t *left, const char **ret, size_t *ret_len)
{
    if (*left < 4 || key_text_u32(*p) > *left - 4)
        return -1;
    *ret_len = key_text_u32(*p);
    *ret = (const char *)*p + 4;
    *p += 4 + *ret_len;
    *left -= 4 + *ret_len;
    return 0;
}

/* OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key blob. */
static int check_openssh(const struct sbuf *raw, struct err *e)
{
    static const char magic[] = "openssh-key-v1";
    const char *cipher, *skip, *blob, *type;
    size_t cipher_len, skip_len, blob_len, type_len;

    if (raw->len < sizeof(magic) || memcmp(raw->data, magic, sizeof(magic)) != 0)
        return err_set(e, ERR_AUTH, "the private key is damaged");
    const unsigned char *p = (const unsigned char *)raw->data + sizeof(magic);
    size_t left = raw->len - sizeof(magic);
    if (take_string(&p, &left, &cipher, &cipher_len) < 0 || take_string(&p, &left, &skip, &skip_len) < 0 ||
        take_string(&p, &left, &skip, &skip_len) < 0 || left < 4)
        return err_set(e, ERR_AUTH, "the private key is damaged");
    p += 4;
    left -= 4;
    if (take_string(&p, &left, &blob, &blob_len) < 0)
        return err_set(e, ERR_AUTH, "the private key is damaged");
    p = (const unsigned char *)blob;
    if (take_string(&p, &blob_len, &type, &type_len) < 0)
        return err_set(e, ERR_AUTH, "the private key is damaged");
    if (type_len == 7 && memcmp(type, "ssh-rsa", 7) == 0)
        return refuse_rsa(e);
    if (cipher_len != 4 || memcmp(cipher, "none", 4) != 0) {
        (void)err_set(e, ERR_AUTH, "the private key has a passphrase");
        return err_hint(e, "give slipway a key of its own without one: ssh-keygen -t ed25519 -N ''");
    }
    return 0;
}

/* PKCS #8: the object identifier of rsaEncryption stands near the begin. */
static int check_pkcs8(const struct sbuf *raw, struct err *e)
{
    static const unsigned char rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
    size_t head = raw->len < 48 ? raw->len : 48;

    return head && memmem(raw->data, head, rsa, sizeof(rsa)) ? refuse_rsa(e) : 0;
}

/* The bytes between the lines "-----BEGIN LABEL-----" and "-----END"; 0 when there is no such label. */
static int pem_body(const char *pem, const char *label, struct sbuf *raw, struct err *e)
{
    AUTO_SBUF struct sbuf flat = SBUF_INIT(64 << 10);
    const char *p = strstr(pem, label), *end = p ? strstr(p, "-----END") : NULL;
    struct err why = ERR_INIT;

    if (!p)
        return 0;
    if (!end)
        return err_set(e, ERR_AUTH, "the private key is cut off");
    for (p += strlen(label); p < end; p++)
        if (!strchr(" \t\r\n", *p))
            sbuf_addch(&flat, *p);
    if (base64_decode(raw, flat.data, flat.len, &why) < 0 || raw->overflow)
        return err_set(e, ERR_AUTH, "the private key is damaged");
    return 1;
}

int key_text_check_private(const char *pem, struct err *e)
{
    AUTO_SBUF struct sbuf openssh = SBUF_INIT(64 << 10);
    AUTO_SBUF struct sbuf pkcs8 = SBUF_INIT(64 << 10);
    int rc = pem_body(pem, "-----BEGIN OPENSSH PRIVATE KEY-----", &openssh, e);

    if (rc)
        return rc < 0 ? -1 : check_openssh(&openssh, e);
    rc = pem_body(pem, "-----BEGIN PRIVATE KEY-----", &pkcs8, e);
    if (rc)
        return rc < 0 ? -1 : check_pkcs8(&pkcs8, e);
    if (strstr(pem, "-----BEGIN RSA PRIVATE KEY-----"))
        return refuse_rsa(e);
    if (strstr(pem, "-----BEGIN DSA PRIVATE KEY-----"))
        return err_set(e, ERR_AUTH, "DSA keys are refused by every current sshd");
    if (strstr(pem, "ENCRYPTED"))
        return err_set(e, ERR_AUTH, "the private key has a passphrase");
    if (!strstr(pem, "PRIVATE KEY-----"))
        return err_set(e, ERR_AUTH, "the text is not a private key");
    return 0;
}

int key_text_host_algs(const char *host_key, const char **ret_first, const char **ret_second, struct err *e)
{
    static const struct {
        const char *type, *algs;
    } rows[] = {
        { "ssh-ed25519", "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521" },
        { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256,ssh-ed25519,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521" },
        { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp521" },
        { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384" },
    };

    size_t len = host_key ? strcspn(host_key, " \t") : 0;

    *ret_second = NULL;
    if (host_key && strncmp(host_key, "SHA256:", 7) == 0) {
        *ret_first = rows[0].algs;
        *ret_second = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521";
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (len == strlen(rows[i].type) && memcmp(host_key, rows[i].type, len) == 0) {
            *ret_first = rows[i].algs;
            return 0;
        }
    }
    if (len == 7 && memcmp(host_key, "ssh-rsa", 7) == 0)
        return err_set(e, ERR_SPEC,
                       "host key: RSA is not usable here (libssh2 1.10 knows it only with SHA-1): "
                       "name the ssh-ed25519 or ecdsa key of the host, from /etc/ssh/ssh_host_ed25519_key.pub there");
    if (!len)
        return err_set(e, ERR_SPEC, "host key: none given, and unknown hosts are never accepted");
    return err_set(e, ERR_SPEC, "host key '%.40s': neither a public key line nor SHA256:...", host_key);
}
