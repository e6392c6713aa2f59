/* The token that `aws sso login` has left in ~/.aws/sso/cache. */
#pragma once
#include "aws/credentials_source.h"

struct aws_sso {
    const char *profile;   /* for messages */
    const char *session;   /* name of the sso-session; NULL: the older way, without one */
    const char *start_url; /* without a session it names the file */
    const char *region;
};

/* Into `ret`, freed with secret_free. One of a session that ends soon is renewed with its refresh token, as AWS's own
 * tools do, and the file replaced. ERR_AUTH: there is none, or it has expired. */
int aws_sso_token(const struct aws_look *l, const struct aws_sso *sso, char **ret, struct err *e) NODISCARD;
