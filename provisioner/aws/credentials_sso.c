#include "aws/credentials_source.h"
#include "aws/endpoint.h"
#include "aws/query.h"
#include "aws/sso_token.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

enum { REQUEST_MS = 20000, ANSWER_MAX = 64 << 10 };

/* The key in the session's section or in the profile; both may name it, but only with one value. NULL and an error when
 * it is nowhere. */
static const char *setting(const struct aws_look *l, const char *session, const char *key, struct err *e)
{
    const char *own = aws_look_value(l, key);
    const char *shared = session ? aws_profiles_get(l->o->profiles, AWS_SSO_SESSION, session, key) : NULL;

    if (own && shared && strcmp(own, shared) != 0) {
        (void)err_set(e, ERR_AUTH, "profile '%s': %s differs from that of sso-session '%s'", l->profile, key, session);
        return NULL;
    }
    if (!own && !shared)
        (void)err_set(e, ERR_AUTH, "profile '%s' is for SSO, but %s is missing", l->profile, key);
    return own ? own : shared;
}

static int read_config(const struct aws_look *l, struct aws_sso *ret, const char **role, const char **account,
                       struct err *e)
{
    const struct aws_profiles *p = l->o->profiles;

    ret->session = aws_look_value(l, "sso_session");
    if (ret->session && !aws_profiles_get(p, AWS_SSO_SESSION, ret->session, "sso_region"))
        return err_set(e, ERR_AUTH, "profile '%s': there is no sso-session '%s' with an sso_region in %s", l->profile,
                       ret->session, aws_profiles_file(p, AWS_PROFILE_CONFIG));
    *role = setting(l, ret->session, "sso_role_name", e);
    *account = *role ? setting(l, ret->session, "sso_account_id", e) : NULL;
    ret->start_url = *account ? setting(l, ret->session, "sso_start_url", e) : NULL;
    ret->region = ret->start_url ? setting(l, ret->session, "sso_region", e) : NULL;
    return ret->region ? 0 : -1;
}

static int read_answer(const struct aws_look *l, struct aws_credentials *ret, const struct http_resp *resp,
                       const char *what, struct err *e)
{
    AUTO_JSON json_t *object = NULL;

    if (resp->status != 200) {
        (void)aws_ask_refused(resp, what, e);
        return resp->status == 401 ? err_hint(e, "log in again: aws sso login --profile %s", l->profile) : -1;
    }
    object = aws_ask_json(resp, what, e);
    if (!object || aws_found(l, ret, what, jsonx_str(object, "roleCredentials.accessKeyId"),
                             jsonx_str(object, "roleCredentials.secretAccessKey"),
                             jsonx_str(object, "roleCredentials.sessionToken"), e) < 0)
        return -1;
    ret->expires_ms = jsonx_int(object, "roleCredentials.expiration", 0);
    return 1;
}

int aws_source_sso(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(ANSWER_MAX);
    AUTO_SECRET char *token = NULL;
    AUTO_SECRET char *header = NULL;
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    struct aws_sso sso = { .profile = l->profile };
    const char *role = "", *account = "";
    char endpoint[512];

    if (!aws_look_value(l, "sso_role_name") && !aws_look_value(l, "sso_account_id"))
        return 0;
    AUTO_FREE char *what = xasprintf("SSO of profile '%s'", l->profile);
    if (read_config(l, &sso, &role, &account, e) < 0 || aws_sso_token(l, &sso, &token, e) < 0)
        return -1;
    if (aws_endpoint(l->o->profiles, "portal.sso", sso.region, endpoint, e) < 0)
        return err_wrap(e, "%s", what);
    header = aws_ask_header(l, "x-amz-sso_bearer_token", token, "the SSO token", e);
    if (!header)
        return -1;
    aws_query_add(&q, "role_name", role);
    aws_query_add(&q, "account_id", account);
    AUTO_FREE char *url = xasprintf("%s/federation/credentials?%s", endpoint, q.body.data);
    const char *headers[] = { header, "Accept: application/json", NULL };
    const struct http_req req = { .method = "GET", .url = url, .headers = headers, .timeout_ms = REQUEST_MS };
    if (sbuf_check(&q.body, what, e) < 0 || aws_ask(l, &req, what, &resp, e) < 0)
        return -1;
    return read_answer(l, ret, &resp, what, e);
}
