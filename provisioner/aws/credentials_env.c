#include "aws/credentials_source.h"

/* The older name of the session token comes first, as in botocore. */
int aws_source_env(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    const char *key_id = aws_env("AWS_ACCESS_KEY_ID"), *secret = aws_env("AWS_SECRET_ACCESS_KEY");
    const char *session = aws_env("AWS_SECURITY_TOKEN"), *until = aws_env("AWS_CREDENTIAL_EXPIRATION");

    if (!key_id)
        return aws_absent(l, "AWS_ACCESS_KEY_ID is not set");
    if (!secret)
        return err_set(e, ERR_AUTH, "environment: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
    if (!session)
        session = aws_env("AWS_SESSION_TOKEN");
    if (aws_found(l, ret, "environment", key_id, secret, session, e) < 0)
        return -1;
    return until ? aws_found_until(ret, until, e) : 1;
}
