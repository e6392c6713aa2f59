#include "app/server_ready.h"
#include "app/image_ref.h"
#include "app/prefect_api.h"
#include "app/server_address.h"
#include "app/server_values.h"
#include "artifact/artifact.h"
#include "core/util.h"
#include "net/url.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

static int right_version(struct run *r, struct prefect_api *api, struct err *e)
{
    AUTO_JSON json_t *version = NULL;

    if (!server_is_ours(r->spec))
        return 0;
    if (prefect_api_ok(api, "GET", "/admin/version", NULL, &version, e) < 0)
        return -1;
    const char *running = json_string_value(version);
    if (running && strcmp(running, r->artifacts->prefect) == 0)
        return 0;
    return err_set(e, ERR_CONFLICT, "the server runs Prefect %s, not %s", running ? running : "(no version)",
                   r->artifacts->prefect);
}

int server_answers(struct run *r, char why[static 256], struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    int status = 0;

    if (prefect_api_open(r, &api, e) < 0)
        return -1;
    if (prefect_api_call(api, "GET", "/ready", NULL, &status, NULL, e) < 0) {
        if (e->code != ERR_NET || !r->ssh)
            return -1;
        (void)snprintf(why, 256, "%.250s", e->msg);
        err_clear(e);
        return 0;
    }
    (void)snprintf(why, 256, "GET /ready: HTTP %d", status);
    if (status != 200)
        return 0;
    return right_version(r, api, e) < 0 ? -1 : 1;
}

int server_accepts_us(struct run *r, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *filter = json_pack("{s:i}", "limit", 1);

    const char *url = r->spec->prefect.server.url;

    if (server_is_ours(r->spec))
        return server_values_fit(r->spec->prefect.server.values, e);
    /* Plain http may be right inside a network, and is wrong across one: then only the machine asks. */
    if (url && !url_is_https(url) && !url_is_loopback(url))
        return 0;
    if (prefect_api_open_elsewhere(r, &api, e) < 0)
        return -1;
    if (prefect_api_ok(api, "POST", "/work_pools/filter", filter, NULL, e) == 0)
        return 0;
    if (e->code != ERR_NET)
        return err_hint(e, "`slipway doctor` checks address, key and workspace");
    ui_warn(r->ui, "not reached from here, the machine may: %s", e->msg);
    err_clear(e);
    return 0;
}

int server_takes_image(struct run *r, const char *image, struct err *e)
{
    AUTO_PREFECT_API struct prefect_api *api = NULL;
    AUTO_JSON json_t *version = NULL;

    if (!image || !server_is_ours(r->spec))
        return 0;
    if (prefect_api_open(r, &api, e) < 0 || prefect_api_ok(api, "GET", "/admin/version", NULL, &version, e) < 0)
        return -1;
    return json_is_string(version) ? image_ref_fits(image, json_string_value(version), e) : 0;
}
