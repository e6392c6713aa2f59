#include "cloud/user_data.h"
#include "cloud/contact.h"
#include "cloud/provider.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "spec/spec.h"
#include "ssh/key.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* AWS takes 16 KiB before base64; the other clouds take more. */
enum { USER_DATA_MAX = 16 << 10, CA_MAX = 64 << 10 };

static const char public_mark[] = "\n  ecdsa_public: \"";

static char *file_of(const struct run *r)
{
    return fsx_join(r->dir, "user-data");
}

static int trusted(const struct spec *spec, struct sbuf *out, struct err *e)
{
    if (!spec->machine.trust.len)
        return 0;
    sbuf_addstr(out, "ca_certs:\n  trusted:\n");
    for (size_t i = 0; i < spec->machine.trust.len; i++) {
        AUTO_SBUF struct sbuf pem = SBUF_INIT(CA_MAX);
        const char *path = spec->machine.trust.items[i];
        if (fsx_read(path, &pem, e) < 0)
            return err_wrap(e, "machine.trust");
        if (!strstr(pem.data, "-----BEGIN CERTIFICATE-----"))
            return err_set(e, ERR_SPEC, "machine.trust: '%s' holds no PEM certificate", path);
        const struct template_var pems = { "pem", pem.data, TEMPLATE_JSON };
        if (template_render(out, "    - ${pem}\n", &pems, 1, e) < 0)
            return err_wrap(e, "machine.trust: '%s'", path);
    }
    return 0;
}

static int user_data_render(const struct spec *spec, const struct ssh_key *host, const char *login_public,
                            struct sbuf *out, struct err *e)
{
    AUTO_SBUF struct sbuf ca = SBUF_INIT(CA_MAX);

    if (trusted(spec, &ca, e) < 0)
        return -1;
    const struct template_var vars[] = {
        { "host_private", host->pem, TEMPLATE_JSON },
        { "host_public", host->public, TEMPLATE_JSON },
        { "login_public", login_public, TEMPLATE_JSON },
        { "ca_certs", ca.data, TEMPLATE_RAW },
    };
    if (template_file(out, "cloud-init/node.yaml", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    if (out->len < USER_DATA_MAX)
        return 0;
    (void)err_set(e, ERR_SPEC, "the user data is %zu bytes, the clouds take less than %d", out->len, USER_DATA_MAX);
    return err_hint(e, "put fewer certificates under machine.trust: the one root that is missing is enough");
}

int user_data_frozen(struct run *r, struct sbuf *out, struct err *e)
{
    AUTO_FREE char *path = file_of(r);
    AUTO_SSH_KEY struct ssh_key host = { NULL, NULL }, login = { NULL, NULL };

    if (fsx_exists(path))
        return fsx_read(path, out, e);
    if (contact_login_key(r, &login, e) < 0 || ssh_key_generate(&host, e) < 0)
        return -1;
    if (user_data_render(r->spec, &host, login.public, out, e) < 0)
        return -1;
    return fsx_replace(path, out->data, out->len, 0600, e);
}

char *user_data_host_key(const struct run *r)
{
    AUTO_FREE char *path = file_of(r);
    AUTO_SBUF struct sbuf text = SBUF_INIT(USER_DATA_MAX);
    struct err ignored = ERR_INIT;

    if (fsx_read(path, &text, &ignored) < 0)
        return NULL;
    const char *p = strstr(text.data, public_mark);
    if (!p)
        return NULL;
    p += sizeof(public_mark) - 1;
    return xstrndup(p, strcspn(p, "\""));
}

int user_data_wipe(struct run *r, struct err *e)
{
    static const char zeros[USER_DATA_MAX];
    AUTO_FREE char *path = file_of(r);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : err_sys(e, ERR_INTERNAL, "open '%s'", path);
    /* Best effort below the file system; what matters is that the key is worthless by now. */
    if (fstat(fd, &st) == 0 && st.st_size <= USER_DATA_MAX && fsx_write_all(fd, zeros, (size_t)st.st_size, e) < 0)
        return err_wrap(e, "wipe '%s'", path);
    if (fsync(fd) < 0 || unlink(path) < 0)
        return err_sys(e, ERR_INTERNAL, "remove '%s'", path);
    return 0;
}
