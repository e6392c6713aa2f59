#include "app/server_k3s.h"
#include "app/image_ref.h"
#include "app/ready.h"
#include "app/server_ready.h"
#include "app/server_settings.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "kube/helm.h"
#include "kube/images.h"
#include "kube/pods.h"
#include "spec/spec.h"
#include <string.h>

/* The user's values, with prefect.server.resources put where the chart has them. New reference. */
static json_t *user_values(const struct spec *s)
{
    json_t *values = json_deep_copy(s->prefect.server.values);

    if (json_object_size(s->prefect.server.resources) > 0) {
        json_t *server = json_object_get(values, "server");
        if (!json_is_object(server)) {
            server = json_object();
            json_object_set_new(values, "server", server);
        }
        json_object_set(server, "resources", s->prefect.server.resources);
    }
    return values;
}

/* As the environment of a container. New reference. */
static json_t *settings_env(const struct spec *s)
{
    struct server_setting rows[SERVER_SETTINGS];
    size_t n = server_settings(s, rows);
    json_t *env = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(env, json_pack("{s:s, s:s}", "name", rows[i].name, "value", rows[i].value));
    return env;
}

static int with_release(struct run *r, int (*call)(struct run *, const struct helm_release *, struct err *),
                        struct err *e)
{
    AUTO_SBUF struct sbuf image = SBUF_INIT(1024);
    AUTO_SBUF struct sbuf text = SBUF_INIT(64 << 10);
    AUTO_FREE char *repository = NULL, *tag = NULL;
    AUTO_JSON json_t *user = user_values(r->spec);
    AUTO_JSON json_t *env = settings_env(r->spec);
    AUTO_FREE char *settings = jsonx_text(env, 0);

    if (image_name(r, "prefect", &image, e) < 0)
        return -1;
    image_ref_split(image.data, &repository, &tag);
    const struct template_var vars[] = {
        { "image", image.data, TEMPLATE_JSON }, { "image_repository", repository, TEMPLATE_JSON },
        { "image_tag", tag, TEMPLATE_JSON },    { "ui_api_url", "/api", TEMPLATE_JSON },
        { "settings", settings, TEMPLATE_RAW },
    };
    if (template_file(&text, "helm-values/prefect-server.yaml", vars, ARRAY_LEN(vars), e) < 0)
        return -1;
    const struct helm_release rel = { "prefect-server", "chart-prefect-server", text.data, user };
    return call(r, &rel, e);
}

static int release_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    int rc = with_release(r, helm_release_check, e);

    (void)s;
    *ret = rc > 0 ? STEP_DONE : STEP_TODO;
    return rc < 0 ? -1 : 0;
}

static int release_apply(struct run *r, const struct step *s, struct err *e)
{
    (void)s;
    return with_release(r, helm_release_apply, e) < 0 ? -1 : 0;
}

static int probe(void *ctx, char why[static 256], struct err *e)
{
    struct run *r = ctx;
    int rc = pods_probe(r, "app=postgres", why, e);

    if (rc > 0)
        rc = pods_probe(r, "app.kubernetes.io/name=prefect-server", why, e);
    return rc > 0 ? server_answers(r, why, e) : rc;
}

static int answers_check(struct run *r, const struct step *s, enum step_state *ret, struct err *e)
{
    return ready_check(r, s, probe, ret, e);
}

static int answers_apply(struct run *r, const struct step *s, struct err *e)
{
    return ready_wait(r, s, probe, "Prefect server ready", e);
}

const struct step server_k3s_steps[] = {
    { "server/release", PHASE_SERVER, release_check, release_apply, NULL, NULL },
    { "server/ready", PHASE_SERVER, answers_check, answers_apply, NULL, NULL },
};
const size_t server_k3s_n_steps = ARRAY_LEN(server_k3s_steps);
