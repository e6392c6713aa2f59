#include "aws/credentials_source.h"
#include "core/mem.h"
#include "core/util.h"

/* Keys that stand in a file. The older name of the session token comes first, as in botocore. */
static int from_file(const struct aws_look *l, enum aws_section section, struct aws_credentials *ret, struct err *e)
{
    const struct aws_profiles *p = l->o->profiles;
    const char *file = aws_profiles_file(p, section);
    const char *key_id = aws_profiles_get(p, section, l->profile, "aws_access_key_id");
    const char *session = aws_profiles_get(p, section, l->profile, "aws_security_token");
    AUTO_FREE char *source = xasprintf("profile '%s' of %s", l->profile, file);

    if (!key_id)
        return aws_absent(l, "no aws_access_key_id in profile '%s' of %s", l->profile, file);
    if (!session)
        session = aws_profiles_get(p, section, l->profile, "aws_session_token");
    return aws_found(l, ret, source, key_id, aws_profiles_get(p, section, l->profile, "aws_secret_access_key"), session,
                     e);
}

int aws_source_shared_file(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    return from_file(l, AWS_PROFILE_CREDENTIALS, ret, e);
}

int aws_source_config_file(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    return from_file(l, AWS_PROFILE_CONFIG, ret, e);
}

/* Sessions of `aws login` are bound to a key by DPoP, in a form that only AWS's own tools know. */
int aws_source_login(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    (void)ret;
    if (!aws_look_value(l, "login_session"))
        return 0;
    (void)err_set(e, ERR_AUTH, "profile '%s' has a session of `aws login`, which slipway cannot use itself",
                  l->profile);
    return err_hint(e,
                    "make another profile with credential_process = aws configure export-credentials --profile %s "
                    "--format process, and name it in AWS_PROFILE",
                    l->profile);
}
