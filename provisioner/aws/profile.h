/* The shared files: ~/.aws/config (AWS_CONFIG_FILE) and ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE), as botocore
 * reads them: "[profile x]" and "[default]" in the first, "[x]" in the second, "[sso-session y]" and "[services z]",
 * nested values by indentation, comments on lines of their own. The profile is AWS_DEFAULT_PROFILE, AWS_PROFILE (in
 * botocore's order), "default". Missing files are empty. Files larger than 1 MiB and lines that cannot be read are
 * ERR_AUTH with file and line, never with the line's text, which may be a secret.
 * Source: botocore/configloader.py; Python's configparser. */
#pragma once
#include "core/err.h"
#include <stdbool.h>

struct aws_profiles;
int aws_profiles_load(struct aws_profiles **ret, struct err *e) NODISCARD;
void aws_profiles_free(struct aws_profiles *p);              /* NULL is allowed; wipes */
const char *aws_profiles_name(const struct aws_profiles *p); /* of the profile in use */
bool aws_profiles_named(const struct aws_profiles *p);       /* the environment chose it, so it must exist */

enum aws_section { AWS_PROFILE_CONFIG, AWS_PROFILE_CREDENTIALS, AWS_SSO_SESSION, AWS_SERVICES };

/* Where the section's file is, for messages. */
const char *aws_profiles_file(const struct aws_profiles *p, enum aws_section section);
/* Borrowed, NULL when absent. `key` is in lower case, or "ec2.endpoint_url" for a nested value. */
const char *aws_profiles_get(const struct aws_profiles *p, enum aws_section section, const char *name, const char *key);
/* Key of a profile: the credentials file's entry is stronger than that of the config file. */
const char *aws_profiles_of(const struct aws_profiles *p, const char *name, const char *key);
/* The same of the profile in use. */
const char *aws_profiles_value(const struct aws_profiles *p, const char *key);
bool aws_profiles_has(const struct aws_profiles *p, const char *name);
