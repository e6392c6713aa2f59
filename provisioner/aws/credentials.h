/* Credentials, found as botocore finds them (botocore/credentials.py, create_credential_resolver), first match wins:
 * environment (also when AWS_PROFILE names a profile, which must exist all the same), assume-role profile, web identity
 * (token file, or GitHub's OIDC request variables together with AWS_ROLE_ARN), SSO cache, shared credentials file,
 * credential_process, config file, container, IMDSv2. A source that is configured and fails is an error that names it;
 * the walk does not go on to the next one, which could be another account. Refreshed before expiry: tried from 15
 * minutes on, demanded from 10. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include "core/ui.h"
#include <stdint.h>

struct aws_profiles;
struct http;

struct aws_credentials {
    char *key_id, *secret, *session; /* session: NULL for long-lived ones */
    int64_t expires_ms;              /* wall clock; 0: never */
    char *source;                    /* for people: "environment", "profile 'dev' of ~/.aws/credentials" */
};

void aws_credentials_done(struct aws_credentials *c); /* wipes */
#define AUTO_AWS_CREDENTIALS __attribute__((cleanup(aws_credentials_done)))

struct aws_chain_opts {
    const struct aws_profiles *profiles; /* outlives the chain */
    const char *region;                  /* for STS; resolved already */
    struct http *http;                   /* for the public endpoints (AWS_CA_BUNDLE applies) and the local ones */
    struct clock *clock;
    struct ui *ui; /* secrets are registered here before they are used */
};

struct aws_chain;
struct aws_chain *aws_chain_new(const struct aws_chain_opts *o);
void aws_chain_free(struct aws_chain *c); /* NULL is allowed */
/* Borrowed until the next call. ERR_AUTH: none found (what was looked at), or refused (which source and why). */
int aws_chain_get(struct aws_chain *c, const struct aws_credentials **ret, struct err *e) NODISCARD;
/* The service refused them as expired: fetch anew at the next get. False when they cannot be renewed. */
bool aws_chain_expire(struct aws_chain *c);
