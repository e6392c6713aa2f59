#include "app/server_address.h"
#include "app/runtime.h"
#include "core/base64.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/url.h"
#include "spec/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The variable by which Prefect itself is told of another cloud: a customer-managed one, or a test's. */
const char *server_cloud_api(void)
{
    const char *url = getenv("PREFECT_CLOUD_API_URL");

    return url && *url ? url : "https://api.prefect.cloud/api";
}

bool server_is_ours(const struct spec *s)
{
    return !s->prefect.server.cloud.account && !s->prefect.server.url;
}

char *server_basic_auth(const char *credentials)
{
    AUTO_SBUF struct sbuf header = SBUF_INIT(4096);

    sbuf_addstr(&header, "Basic ");
    base64_encode(&header, credentials, strlen(credentials));
    return sbuf_take(&header);
}

static int read_auth(const struct spec *s, char **ret, struct err *e)
{
    AUTO_SECRET char *value = NULL;

    if (s->prefect.server.cloud.account) {
        if (secret_read(&s->prefect.server.cloud.key, "PREFECT_API_KEY", &value, e) < 0)
            return err_wrap(e, "prefect.server.cloud.key");
        *ret = xasprintf("Bearer %s", value);
        return 0;
    }
    if (!s->prefect.server.auth.env && !s->prefect.server.auth.file)
        return 0;
    if (secret_read(&s->prefect.server.auth, NULL, &value, e) < 0)
        return err_wrap(e, "prefect.server.auth");
    *ret = server_basic_auth(value);
    return 0;
}

void server_url_inside(const struct spec *s, const char *ours, struct server_url *ret)
{
    const char *url = s->prefect.server.url ? s->prefect.server.url : ours;

    if (s->prefect.server.cloud.account)
        (void)snprintf(ret->text, sizeof(ret->text), "%s/accounts/%s/workspaces/%s", server_cloud_api(),
                       s->prefect.server.cloud.account, s->prefect.server.cloud.workspace);
    else
        (void)snprintf(ret->text, sizeof(ret->text), "%s", url);
    for (size_t n = strlen(ret->text); n && ret->text[n - 1] == '/'; n--)
        ret->text[n - 1] = '\0';
}

int server_address_elsewhere(const struct spec *s, struct server_address *ret, struct err *e)
{
    struct server_url url;

    server_url_inside(s, "", &url);
    ret->url = xstrdup(url.text);
    url_host(ret->url, ret->host, sizeof(ret->host));
    ret->port = url_port(ret->url);
    return read_auth(s, &ret->auth, e);
}

int server_address(struct run *r, struct server_address *ret, struct err *e)
{
    if (server_is_ours(r->spec))
        return runtime_of(r)->server(r, ret, e);
    return server_address_elsewhere(r->spec, ret, e);
}

void server_address_done(struct server_address *a)
{
    free(a->url);
    secret_free(a->auth);
    *a = (struct server_address){ 0 };
}
