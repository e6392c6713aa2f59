#include "app/prefect_api.h"
#include "core/base64.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "net/http.h"
#include "ssh/http_tunnel.h"
#include <string.h>

#define PREFECT_PORT 4200
#define MAX_ANSWER   (8 << 20)

struct prefect_api {
    struct http *http;
    char *auth; /* header line; secret */
};

static int service_address(struct run *r, char ret[static 64], struct err *e)
{
    AUTO_JSON json_t *svc = NULL;

    if (kubectl_object(r, "Service", "prefect-server", &svc, e) < 0)
        return -1;
    (void)snprintf(ret, 64, "%.63s", jsonx_str(svc, "spec.clusterIP"));
    return *ret ? 0 : err_set(e, ERR_REMOTE, "service 'prefect-server' has no cluster address");
}

int prefect_api_open(struct run *r, struct prefect_api **ret, struct err *e)
{
    char address[64];
    AUTO_SECRET char *credentials = NULL;
    AUTO_SBUF struct sbuf header = SBUF_INIT(4096);

    if (service_address(r, address, e) < 0 || kubectl_secret(r, "prefect-auth", "auth-string", &credentials, e) < 0)
        return -1;
    ui_secret(r->ui, credentials);
    sbuf_addstr(&header, "Authorization: Basic ");
    base64_encode(&header, credentials, strlen(credentials));
    struct prefect_api *a = xcalloc(1, sizeof(*a));
    a->auth = sbuf_take(&header);
    a->http = http_over_ssh(r->ssh, address, PREFECT_PORT, r->clock);
    *ret = a;
    return 0;
}

void prefect_api_close(struct prefect_api *a)
{
    if (!a)
        return;
    http_free(a->http);
    secret_free(a->auth);
    free(a);
}

int prefect_api_call(struct prefect_api *a, const char *method, const char *path, const json_t *body, int *ret_status,
                     json_t **ret_body, struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(MAX_ANSWER);
    AUTO_FREE char *url = xasprintf("http://prefect-server:%d/api%s", PREFECT_PORT, path);
    AUTO_FREE char *text = body ? jsonx_text(body, 0) : NULL;
    const char *const headers[] = { a->auth, "Content-Type: application/json", "Accept: application/json", NULL };
    const struct http_req req = { method, url, headers, text, 30000 };
    struct err no_json = ERR_INIT;

    if (http_send(a->http, &req, &resp, e) < 0)
        return err_wrap(e, "Prefect API: %s %s", method, path);
    *ret_status = resp.status;
    if (ret_body)
        *ret_body = resp.body.len ? jsonx_parse(resp.body.data, resp.body.len, "answer", &no_json) : NULL;
    if (resp.status == 401)
        return err_set(e, ERR_AUTH,
                       "Prefect API: %s %s: the server refused the user and password of Secret 'prefect-auth'", method,
                       path);
    return 0;
}

int prefect_api_ok(struct prefect_api *a, const char *method, const char *path, const json_t *body, json_t **ret_body,
                   struct err *e)
{
    AUTO_JSON json_t *answer = NULL;
    int status = 0;

    if (prefect_api_call(a, method, path, body, &status, &answer, e) < 0)
        return -1;
    if (status < 200 || status > 299) {
        AUTO_FREE char *words = jsonx_text(answer, 0);
        return err_set(e, ERR_REMOTE, "Prefect API: %s %s: HTTP %d: %.400s", method, path, status, words);
    }
    if (ret_body)
        *ret_body = TAKE_PTR(answer);
    return 0;
}
