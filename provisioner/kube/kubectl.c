#include "kube/kubectl.h"
#include "core/base64.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "kube/view.h"
#include "ssh/ssh.h"
#include <errno.h>
#include <string.h>

int kubectl(struct run *r, const char *const args[], const char *input, json_t **ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_SVEC struct svec argv = SVEC_INIT;
    static const char *const words[] = { KUBECTL };
    const struct ssh_opts o = { .sudo = true, .input = input, .what = "kubectl", .any_status = true };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        svec_add(&argv, words[i]);
    for (; *args; args++)
        svec_add(&argv, *args);
    if (ssh_run(r->ssh, svec_argv(&argv), &o, &res, e) < 0)
        return -1;
    if (res.status != 0) {
        sbuf_trim(&res.err);
        const char *tail = res.err.len > 700 ? res.err.data + res.err.len - 700 : res.err.data;
        (void)err_set(e, ERR_REMOTE, "kubectl %s: %s", argv.items[ARRAY_LEN(words)], *tail ? tail : "no message");
        e->sys = strstr(res.err.data, "NotFound") ? ENOENT : 0;
        return -1;
    }
    if (!ret)
        return 0;
    if (sbuf_check(&res.out, "kubectl's answer", e) < 0)
        return -1;
    *ret = jsonx_parse(res.out.data, res.out.len, "kubectl's answer", e);
    return *ret ? 0 : -1;
}

int kubectl_apply(struct run *r, const char *manifest, const char *what, struct err *e)
{
    const char *const args[] = { "apply", "-f", "-", NULL };

    if (kubectl(r, args, manifest, NULL, e) < 0)
        return err_wrap(e, "apply %s", what);
    return 0;
}

int kubectl_object(struct run *r, const char *kind, const char *name, json_t **ret, struct err *e)
{
    const char *const args[] = { "-n", NAMESPACE, "get", kind, name, "-o", "json", NULL };
    int usable = view_usable(r, e);

    *ret = NULL;
    if (usable < 0)
        return -1;
    if (usable > 0) {
        *ret = json_incref((json_t *)(uintptr_t)view_object(r, kind, name));
        return 0;
    }
    if (kubectl(r, args, NULL, ret, e) == 0)
        return 0;
    if (e->sys != ENOENT)
        return err_wrap(e, "%s '%s'", kind, name);
    err_clear(e);
    return 0;
}

int kubectl_list(struct run *r, const char *kind, const char *selector, json_t **ret, struct err *e)
{
    const char *const args[] = { "-n", NAMESPACE, "get", kind, "-l", selector, "-o", "json", NULL };
    int usable = view_usable(r, e);

    if (usable < 0)
        return -1;
    if (usable == 0)
        return kubectl(r, args, NULL, ret, e);
    *ret = view_list(r, kind, selector);
    return 0;
}

int kubectl_secret(struct run *r, const char *name, const char *key, char **ret, struct err *e)
{
    AUTO_JSON json_t *secret = NULL;
    AUTO_SBUF struct sbuf value = SBUF_INIT(64 << 10);

    if (kubectl_object(r, "Secret", name, &secret, e) < 0)
        return -1;
    const char *text = json_string_value(json_object_get(json_object_get(secret, "data"), key));
    if (text && base64_decode(&value, text, strlen(text), e) < 0)
        return err_wrap(e, "secret '%s'", name);
    *ret = sbuf_take(&value);
    return 0;
}
