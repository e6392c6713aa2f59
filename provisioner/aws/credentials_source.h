/* Inside of aws/credentials.h: one place where credentials may be. The walk is the table below, first match wins.
 * Source of order and details: botocore/credentials.py and utils.py. */
#pragma once
#include "aws/credentials.h"
#include "aws/profile.h"
#include "core/sbuf.h"
#include "net/http.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct aws_look {
    const struct aws_chain_opts *o;
    const char *profile; /* whose keys are read */
    bool env;            /* variables of the environment count beside them: not for a source_profile */
    struct sbuf *absent; /* what was looked at in vain, one clause each */
};

struct aws_source {
    const char *name;      /* for people */
    const char *canonical; /* as `credential_source` names it, or NULL */
    bool of_profile;       /* looks into a profile, so a role can build on it */
    bool renews;           /* asked again, it may have others */
    /* 1 found; 0 not configured, said in l->absent; -1 configured and refused, or broken. */
    int (*get)(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
};

extern const struct aws_source aws_source_table[]; /* ends with a NULL name */
/* Those of a profile, in their order, for the profile in `l`; results as of `get`. */
int aws_source_walk_profile(const struct aws_look *l, struct aws_credentials *ret, struct err *e) NODISCARD;

int aws_source_env(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_assume_role(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_web_identity(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_sso(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_shared_file(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_login(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_process(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_config_file(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_container(const struct aws_look *l, struct aws_credentials *ret, struct err *e);
int aws_source_imds(const struct aws_look *l, struct aws_credentials *ret, struct err *e);

/* Variable of the environment; NULL when it is unset or empty. */
const char *aws_env(const char *name);
/* Key of l->profile; NULL when it is absent or empty. */
const char *aws_look_value(const struct aws_look *l, const char *key);
/* "Not here": adds the clause, returns 0. */
int aws_absent(const struct aws_look *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Fill `ret` and register its secrets; `session` may be NULL or "". Returns 1; -1 when id or secret is missing or what
 * came cannot be a key. */
int aws_found(const struct aws_look *l, struct aws_credentials *ret, const char *source, const char *key_id,
              const char *secret, const char *session, struct err *e) NODISCARD;
/* Add the expiry: "2026-11-21T04:05:06Z" and its kin. -1 when it cannot be read. */
int aws_found_until(struct aws_credentials *ret, const char *time, struct err *e) NODISCARD;
/* From an object as processes, containers and IMDS give it; `token` is its key of the session token. */
int aws_found_json(const struct aws_look *l, struct aws_credentials *ret, const char *source, const json_t *object,
                   const char *token, struct err *e) NODISCARD;
/* RFC 3339, also with a fraction, an offset or "UTC" at the end. */
int aws_time_parse(const char *text, int64_t *ret_ms) NODISCARD;

/* Send; after 429, 5xx and broken connections again, a few times. Any other status is success here. */
int aws_ask(const struct aws_look *l, const struct http_req *req, const char *what, struct http_resp *ret,
            struct err *e) NODISCARD;
/* Another status than 200 as an error, with the message in the answer's JSON. */
int aws_ask_refused(const struct http_resp *resp, const char *what, struct err *e);
/* The answer's JSON object; new reference, NULL on error. Nothing of the text goes into the message. */
json_t *aws_ask_json(const struct http_resp *resp, const char *what, struct err *e) NODISCARD;
/* "Name: value", freed with secret_free; NULL when the value cannot be that of a header (a line break). Registers the
 * value as a secret. */
char *aws_ask_header(const struct aws_look *l, const char *name, const char *value, const char *what, struct err *e)
    NODISCARD;
