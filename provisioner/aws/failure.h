/* What an error answer means: one table from API code to class, exit status, sentence and remedy. Codes match whole, or
 * by prefix or suffix where the spelling varies ("InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound").
 * Source: EC2 API Reference, "Error codes"; STS "Common errors"; botocore data/_retry.json. */
#pragma once
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>

enum aws_class {
    AWS_CLASS_SPEC,       /* what was asked for cannot be: ERR_SPEC */
    AWS_CLASS_RIGHTS,     /* credentials or rights: ERR_AUTH */
    AWS_CLASS_QUOTA,      /* a limit of the account: ERR_QUOTA, never retried */
    AWS_CLASS_CAPACITY,   /* the zone has none: ERR_QUOTA; another zone may */
    AWS_CLASS_THROTTLED,  /* retried by the server's hint */
    AWS_CLASS_TRANSIENT,  /* retried; may be ambiguous */
    AWS_CLASS_DEPENDENCY, /* still in use, or not in the state yet: the caller waits */
    AWS_CLASS_ABSENT,     /* *.NotFound */
    AWS_CLASS_EXISTS,     /* *.Duplicate and the like: ERR_CONFLICT unless the caller finds it to be its own */
    AWS_CLASS_CONFLICT,   /* the client token was used with another body: ERR_CONFLICT */
    AWS_CLASS_DRY_RUN,    /* DryRunOperation: it would have been allowed */
    AWS_CLASS_OTHER,      /* ERR_REMOTE */
};

/* The last failure of a client, for callers that react to it. */
struct aws_failure {
    char code[64]; /* "DependencyViolation"; "" when no answer was read */
    enum aws_class class;
    int status;     /* HTTP, 0: no answer */
    bool ambiguous; /* it may have acted all the same */
    char request_id[64];
};

struct aws_code {
    const char *code; /* "*.NotFound": suffix, "Throttling*": prefix */
    enum aws_class class;
    /* Sentence for people, or NULL: AWS's own message alone; remedy, or NULL. "REGION" in them becomes the region's
     * name, "SOURCE" where the credentials came from. */
    const char *says, *remedy;
};
extern const struct aws_code aws_code_table[]; /* first match wins; ends with a NULL code */
/* Case does not count. "Client." and "Server." in front, as state reasons of instances have them, count only where the
 * table names them. NULL: unknown. */
const struct aws_code *aws_code_find(const char *code);
enum err_code aws_class_err(enum aws_class class);
