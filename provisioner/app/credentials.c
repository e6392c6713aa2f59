#include "app/credentials.h"
#include "app/server_address.h"
#include "core/base64.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "spec/secret.h"
#include "step/journal.h"
#include <string.h>

struct credential {
    const char *secret, *key;
    char *value; /* NULL: none is needed */
};

static int read_value(struct run *r, struct credential *ret, struct err *e)
{
    const struct spec *s = r->spec;
    bool cloud = s->prefect.server.cloud.account != NULL;
    bool none = !cloud && !s->prefect.server.auth.env && !s->prefect.server.auth.file;

    ret->secret = cloud ? "prefect-api-key" : "prefect-auth";
    ret->key = cloud ? "key" : "auth-string";
    if (none)
        return 0;
    if (secret_read(cloud ? &s->prefect.server.cloud.key : &s->prefect.server.auth, cloud ? "PREFECT_API_KEY" : NULL,
                    &ret->value, e) < 0)
        return -1;
    ui_secret(r->ui, ret->value);
    return 0;
}

static int check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    struct credential c = { 0 };
    AUTO_SECRET char *have = NULL;

    *ret = STEP_TODO;
    if (read_value(r, &c, e) < 0)
        return -1;
    if (!c.value) {
        *ret = journal_mark(r->journal, s->name) == JOURNAL_DONE ? STEP_DONE : STEP_TODO;
        return 0;
    }
    int rc = kubectl_secret(r, c.secret, c.key, &have, e);
    if (rc == 0 && strcmp(have, c.value) == 0)
        *ret = STEP_DONE;
    secret_free(c.value);
    return rc;
}

static int put(struct run *r, const struct credential *c, struct err *e)
{
    AUTO_SBUF struct sbuf value = SBUF_INIT(16384), text = SBUF_INIT(64 << 10);

    base64_encode(&value, c->value, strlen(c->value));
    const struct template_var vars[] = {
        { "namespace", NAMESPACE, TEMPLATE_JSON },
        { "name", c->secret, TEMPLATE_JSON },
        { "key", c->key, TEMPLATE_JSON },
        { "value", value.data, TEMPLATE_JSON },
    };
    int rc = template_file(&text, "templates/credentials.yaml", vars, ARRAY_LEN(vars), e);
    if (rc == 0)
        rc = kubectl_apply(r, text.data, "the API's credentials", e);
    secret_wipe(value.data, value.len);
    secret_wipe(text.data, text.len);
    return rc;
}

static int apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(4096);
    const struct template_var ns[] = { { "namespace", NAMESPACE, TEMPLATE_JSON } };
    struct credential c = { 0 };

    (void)s;
    if (template_file(&text, "templates/prefect-namespace.yaml", ns, ARRAY_LEN(ns), e) < 0 ||
        kubectl_apply(r, text.data, "the namespace", e) < 0 || read_value(r, &c, e) < 0)
        return -1;
    int rc = c.value ? put(r, &c, e) : 0;
    secret_free(c.value);
    return rc;
}

const struct step credentials_steps[] = {
    { "server/credentials", PHASE_SERVER, check, apply, NULL, NULL },
};
const size_t credentials_n_steps = ARRAY_LEN(credentials_steps);
