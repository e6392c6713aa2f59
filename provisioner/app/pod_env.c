#include "app/pod_env.h"
#include "app/server_address.h"
#include "spec/spec.h"

static json_t *from_secret(const char *variable, const char *secret, const char *key)
{
    return json_pack("{s:s, s:{s:{s:s, s:s}}}", "name", variable, "valueFrom", "secretKeyRef", "name", secret, "key",
                     key);
}

static bool has_auth(const struct spec *s)
{
    return server_is_ours(s) || s->prefect.server.auth.env || s->prefect.server.auth.file;
}

json_t *pod_env(const struct run *r)
{
    const struct spec *s = r->spec;
    json_t *env = json_array();
    struct server_url url = { "" };

    server_url_inside(s, POD_API_URL, &url);
    json_array_append_new(env, json_pack("{s:s, s:s}", "name", "PREFECT_API_URL", "value", url.text));
    if (s->prefect.server.cloud.account)
        json_array_append_new(env, from_secret("PREFECT_API_KEY", "prefect-api-key", "key"));
    else if (has_auth(s))
        json_array_append_new(env, from_secret("PREFECT_API_AUTH_STRING", "prefect-auth", "auth-string"));
    json_array_append_new(env, json_pack("{s:s, s:s}", "name", "PREFECT_HOME", "value", "/tmp/prefect"));
    return env;
}

json_t *pod_worker_values(const struct run *r)
{
    const struct spec *s = r->spec;
    struct server_url url = { "" };

    if (s->prefect.server.cloud.account)
        return json_pack("{s:{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}, s:s}}}", "worker", "apiConfig", "cloud",
                         "cloudApiConfig", "accountId", s->prefect.server.cloud.account, "workspaceId",
                         s->prefect.server.cloud.workspace, "cloudUrl", server_cloud_api(), "apiKeySecret", "name",
                         "prefect-api-key", "key", "key", "jobApiKeyPropagation", "secretRef");
    /* The Secret by name, so that Jobs refer to it instead of carrying the password. */
    server_url_inside(s, POD_API_URL, &url);
    json_t *basic = has_auth(s) ? json_pack("{s:b, s:s}", "enabled", 1, "existingSecret", "prefect-auth")
                                : json_pack("{s:b}", "enabled", 0);
    return json_pack("{s:{s:s, s:{s:s, s:o}}}", "worker", "apiConfig", "selfHostedServer", "selfHostedServerApiConfig",
                     "apiUrl", url.text, "basicAuth", basic);
}
