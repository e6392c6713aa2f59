#include "aws/credentials_source.h"
#include "aws/sts.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include <string.h>

/* A profile with a web identity is not one of these: its role is for the token. */
static bool is_role(const struct aws_look *l)
{
    return aws_look_value(l, "role_arn") && !aws_look_value(l, "web_identity_token_file");
}

static bool has_keys(const struct aws_look *l)
{
    return aws_profiles_of(l->o->profiles, l->profile, "aws_access_key_id") ||
           aws_profiles_of(l->o->profiles, l->profile, "aws_secret_access_key");
}

static bool visited(const struct svec *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static int looped(const struct svec *names, const char *next, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(2000);

    for (size_t i = 0; i < names->len; i++)
        sbuf_addf(&text, "%s > ", names->items[i]);
    return err_set(e, ERR_AUTH, "the source_profile entries go in a circle: %s%s", text.data, next);
}

static int from_canonical(const struct aws_look *l, const char *name, struct aws_credentials *ret, struct err *e)
{
    AUTO_SBUF struct sbuf why = SBUF_INIT(4096);
    const struct aws_look look = { l->o, l->profile, true, &why };

    for (const struct aws_source *s = aws_source_table; s->name; s++) {
        if (!s->canonical || strcmp(s->canonical, name) != 0)
            continue;
        int rc = s->get(&look, ret, e);
        return rc ? rc
                  : err_set(e, ERR_AUTH, "profile '%s': credential_source '%s' has none: %s", l->profile, name,
                            why.data);
    }
    (void)err_set(e, ERR_AUTH, "profile '%s': credential_source '%s' is not known", l->profile, name);
    return err_hint(e, "it may be Environment, EcsContainer or Ec2InstanceMetadata");
}

static int check_profile(const struct aws_look *l, struct err *e)
{
    const char *source = aws_look_value(l, "credential_source"), *profile = aws_look_value(l, "source_profile");
    const char *duration = aws_look_value(l, "duration_seconds");

    if (aws_look_value(l, "mfa_serial")) {
        (void)err_set(e, ERR_AUTH, "profile '%s': mfa_serial: slipway cannot ask for the code", l->profile);
        return err_hint(e,
                        "use credential_process (aws configure export-credentials --format process) or aws sso login");
    }
    if (duration && strspn(duration, "0123456789") != strlen(duration))
        return err_set(e, ERR_AUTH, "profile '%s': duration_seconds '%s' is not a number", l->profile, duration);
    if (!source == !profile) {
        (void)err_set(e, ERR_AUTH, "profile '%s' has a role_arn with %s source_profile %s credential_source",
                      l->profile, source ? "both" : "neither", source ? "and" : "nor");
        return err_hint(e, "give exactly one of them: the first names a profile, the second a place");
    }
    if (profile && !aws_profiles_has(l->o->profiles, profile))
        return err_set(e, ERR_AUTH, "profile '%s': its source_profile '%s' is neither in %s nor in %s", l->profile,
                       profile, aws_profiles_file(l->o->profiles, AWS_PROFILE_CONFIG),
                       aws_profiles_file(l->o->profiles, AWS_PROFILE_CREDENTIALS));
    return 0;
}

static int assume(const struct aws_look *l, const struct aws_credentials *by, struct aws_credentials *ret,
                  struct err *e)
{
    const char *arn = aws_look_value(l, "role_arn");
    AUTO_FREE char *source = xasprintf("profile '%s', role '%s'", l->profile, arn);
    const struct aws_role role = { .arn = arn,
                                   .session_name = aws_look_value(l, "role_session_name"),
                                   .external_id = aws_look_value(l, "external_id"),
                                   .duration_s = aws_look_value(l, "duration_seconds"),
                                   .source = source };

    return aws_sts_assume_role(l, &role, by, ret, e);
}

static int from_profile(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    AUTO_SBUF struct sbuf why = SBUF_INIT(4096);
    const struct aws_look look = { l->o, l->profile, false, &why };
    int rc = aws_source_walk_profile(&look, ret, e);

    return rc ? rc : err_set(e, ERR_AUTH, "source profile '%s' has no credentials: %s", l->profile, why.data);
}

/* The chain is walked down to where it begins, keeping the profiles, and then up, one call for each. A profile may name
 * itself once it has keys of its own. */
int aws_source_assume_role(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    AUTO_SVEC struct svec names = SVEC_INIT;
    struct aws_look at = *l;
    int rc = 0;

    if (!is_role(l))
        return 0;
    while (rc == 0) {
        const char *next = aws_look_value(&at, "source_profile");
        svec_add(&names, at.profile);
        if (check_profile(&at, e) < 0)
            return -1;
        if (!next) {
            rc = from_canonical(&at, aws_look_value(&at, "credential_source"), ret, e);
            break;
        }
        bool itself = strcmp(next, at.profile) == 0;
        at = (struct aws_look){ l->o, next, false, l->absent };
        if (visited(&names, next) && !(itself && has_keys(&at)))
            return looped(&names, next, e);
        if (has_keys(&at) || !is_role(&at)) {
            rc = from_profile(&at, ret, e);
            break;
        }
    }
    for (size_t i = names.len; rc == 1 && i-- > 0;) {
        AUTO_AWS_CREDENTIALS struct aws_credentials by = *ret;
        const struct aws_look hop = { l->o, names.items[i], l->env, l->absent };
        *ret = (struct aws_credentials){ .key_id = NULL };
        rc = assume(&hop, &by, ret, e);
    }
    return rc;
}
