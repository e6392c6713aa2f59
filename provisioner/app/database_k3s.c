#include "app/database_k3s.h"
#include "app/manifest.h"
#include "core/base64.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/template.h"
#include "core/util.h"
#include "kube/images.h"
#include "kube/kubectl.h"
#include "spec/spec.h"
#include <string.h>

#define PASSWORD_LEN 32

/* One value of a Secret that is kept when it is there and made when it is not. */
static int keep_or_make(struct run *r, const char *secret, const char *key, char **ret, struct err *e)
{
    if (kubectl_secret(r, secret, key, ret, e) < 0)
        return -1;
    if (**ret)
        return 0;
    free(*ret);
    *ret = rng_password(PASSWORD_LEN);
    return 0;
}

static char *base64(const char *text)
{
    AUTO_SBUF struct sbuf b = SBUF_INIT(16384);

    base64_encode(&b, text, strlen(text));
    return sbuf_take(&b);
}

static int secrets_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SECRET char *connection = NULL, *auth = NULL;

    (void)s;
    if (kubectl_secret(r, "prefect-postgres", "connection-string", &connection, e) < 0 ||
        kubectl_secret(r, "prefect-auth", "auth-string", &auth, e) < 0)
        return -1;
    *ret = *connection && *auth ? STEP_DONE : STEP_TODO;
    return 0;
}

static int secrets_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    AUTO_SECRET char *password = NULL, *auth = NULL;
    const struct template_var ns[] = { { "namespace", NAMESPACE, TEMPLATE_JSON } };

    (void)s;
    if (template_file(&text, "templates/prefect-namespace.yaml", ns, ARRAY_LEN(ns), e) < 0 ||
        kubectl_apply(r, text.data, "the namespace", e) < 0)
        return -1;
    if (keep_or_make(r, "prefect-postgres", "password", &password, e) < 0 ||
        kubectl_secret(r, "prefect-auth", "auth-string", &auth, e) < 0)
        return -1;
    if (!*auth) {
        AUTO_SECRET char *ui_password = rng_password(PASSWORD_LEN);
        free(auth);
        auth = xasprintf(PREFECT_USER ":%s", ui_password);
    }
    AUTO_SECRET char *connection =
        xasprintf("postgresql+asyncpg://" PREFECT_USER ":%s@postgres:5432/prefect", password);
    AUTO_SECRET char *password64 = base64(password), *connection64 = base64(connection), *auth64 = base64(auth);
    const struct template_var vars[] = {
        { "namespace", NAMESPACE, TEMPLATE_JSON },
        { "password", password64, TEMPLATE_JSON },
        { "connection_string", connection64, TEMPLATE_JSON },
        { "auth_string", auth64, TEMPLATE_JSON },
    };
    sbuf_reset(&text);
    if (template_file(&text, "templates/secrets.yaml", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    return kubectl_apply(r, text.data, "the Secrets", e);
}

static int postgres_manifest(struct run *r, struct sbuf *out, struct err *e)
{
    AUTO_SBUF struct sbuf image = SBUF_INIT(1024);
    AUTO_FREE char *size = xasprintf("%lldGi", (long long)r->spec->prefect.server.database.size_gib);

    if (image_name(r, "postgres", &image, e) < 0)
        return -1;
    const struct template_var vars[] = {
        { "namespace", NAMESPACE, TEMPLATE_JSON },
        { "image", image.data, TEMPLATE_JSON },
        { "size", size, TEMPLATE_JSON },
        { "user", PREFECT_USER, TEMPLATE_JSON },
    };
    return template_file(out, "templates/postgres.yaml", vars, ARRAY_LEN(vars), e);
}

static int postgres_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);

    if (postgres_manifest(r, &text, e) < 0)
        return -1;
    return manifest_check(r, s->name, text.data, "StatefulSet", "postgres", ret, e);
}

static int postgres_apply(struct run *r, const struct step *s, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);

    if (postgres_manifest(r, &text, e) < 0)
        return -1;
    return manifest_apply(r, s->name, text.data, e);
}

const struct step database_k3s_steps[] = {
    { "database/secrets", PHASE_DATABASE, secrets_check, secrets_apply, NULL, NULL },
    { "database/postgres", PHASE_DATABASE, postgres_check, postgres_apply, NULL, NULL },
};
const size_t database_k3s_n_steps = ARRAY_LEN(database_k3s_steps);
