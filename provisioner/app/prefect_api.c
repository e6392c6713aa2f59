#include "app/prefect_api.h"
#include "app/server_address.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/http.h"
#include "ssh/http_tunnel.h"
#include <string.h>

#define MAX_ANSWER (8 << 20)

struct prefect_api {
    struct http *http;
    char *url;  /* up to the path of a call */
    char *auth; /* header line; secret; NULL: none */
};

/* Takes the URL of `at`, and `http`. */
static struct prefect_api *new_api(struct server_address *at, struct http *http)
{
    struct prefect_api *a = xcalloc(1, sizeof(*a));

    if (at->auth)
        a->auth = xasprintf("Authorization: %s", at->auth);
    a->url = TAKE_PTR(at->url);
    a->http = http;
    return a;
}

int prefect_api_open(struct run *r, struct prefect_api **ret, struct err *e)
{
    AUTO_SERVER_ADDRESS struct server_address at = { 0 };

    if (server_address(r, &at, e) < 0)
        return -1;
    *ret = new_api(&at, http_over_ssh(r->ssh, at.host, at.port, r->clock));
    return 0;
}

int prefect_api_open_elsewhere(struct run *r, struct prefect_api **ret, struct err *e)
{
    AUTO_SERVER_ADDRESS struct server_address at = { 0 };

    if (server_address_elsewhere(r->spec, &at, e) < 0)
        return -1;
    *ret = new_api(&at, http_new(r->clock));
    return 0;
}

void prefect_api_close(struct prefect_api *a)
{
    if (!a)
        return;
    http_free(a->http);
    free(a->url);
    secret_free(a->auth);
    free(a);
}

/* What changes something must not be sent twice unseen; questions have bodies too. */
static bool only_reads(const char *method, const char *path)
{
    const char *last = strrchr(path, '/');

    return strcmp(method, "GET") == 0 || (last && (strcmp(last, "/filter") == 0 || strcmp(last, "/count") == 0));
}

int prefect_api_call(struct prefect_api *a, const char *method, const char *path, const json_t *body, int *ret_status,
                     json_t **ret_body, struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(MAX_ANSWER);
    AUTO_FREE char *url = xasprintf("%s%s", a->url, path);
    AUTO_SECRET char *text = body ? jsonx_text(body, 0) : NULL; /* of a block it holds a token */
    const char *const headers[] = { "Content-Type: application/json", "Accept: application/json", a->auth, NULL };
    const struct http_req req = { method, url, headers, text, 30000 };
    struct err no_json = ERR_INIT;

    a->http->once = !only_reads(method, path);
    if (http_send(a->http, &req, &resp, e) < 0)
        return err_wrap(e, "Prefect API: %s %s", method, path);
    *ret_status = resp.status;
    if (ret_body)
        *ret_body = resp.body.len ? jsonx_parse(resp.body.data, resp.body.len, "answer", &no_json) : NULL;
    if (resp.status != 401 && resp.status != 403)
        return 0;
    /* 403 is also what a pool name of Prefect's own gets: with the server's words. */
    const char *words = ret_body ? jsonx_str(*ret_body, "detail") : "";
    return err_set(e, ERR_AUTH, "Prefect API: %s %s: the server refused our credentials (HTTP %d%s%.200s)", method,
                   path, resp.status, *words ? ": " : "", words);
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

int prefect_api_find(struct prefect_api *a, const char *path, json_t **ret_body, struct err *e)
{
    int status = 0;

    if (prefect_api_call(a, "GET", path, NULL, &status, ret_body, e) < 0)
        return -1;
    if (status == 404)
        return 0;
    return status == 200 ? 1 : err_set(e, ERR_REMOTE, "Prefect API: GET %s: HTTP %d", path, status);
}
