#include "spec/secret.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"

#define SECRET_MAX ((size_t)64 * 1024)

static int from_env(const char *name, char **ret, struct err *e)
{
    const char *value = getenv(name);

    if (value && *value) {
        *ret = xstrdup(value);
        return 0;
    }
    (void)err_set(e, ERR_AUTH, "the environment variable '%s' is %s", name, value ? "empty" : "not set");
    return err_hint(e, "set it for slipway, or name a file in the spec: {file: PATH}");
}

static int from_file(const char *path, char **ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(SECRET_MAX);
    struct err why = ERR_INIT;

    if (fsx_read(path, &text, &why) < 0) {
        (void)err_set(e, ERR_AUTH, "the secret's file '%s' cannot be read: %s", path,
                      why.sys ? strerror(why.sys) : "it is longer than 64 KiB");
        e->sys = why.sys;
        return err_hint(e, "put the secret there, readable by you alone (chmod 600)");
    }
    if (text.len && text.data[text.len - 1] == '\n')
        text.len -= text.len > 1 && text.data[text.len - 2] == '\r' ? 2 : 1;
    if (!text.len || memchr(text.data, '\0', text.len)) {
        (void)err_set(e, ERR_AUTH, "the secret's file '%s' %s", path, text.len ? "holds a zero byte" : "is empty");
        return err_hint(e, "put the secret there as text, readable by you alone (chmod 600)");
    }
    *ret = xstrndup(text.data, text.len);
    return 0;
}

int secret_read(const struct spec_secret *s, const char *default_env, char **ret, struct err *e)
{
    if (s->file)
        return from_file(s->file, ret, e);
    if (s->env || default_env)
        return from_env(s->env ? s->env : default_env, ret, e);
    *ret = NULL;
    return 0;
}
