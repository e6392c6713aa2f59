#include "aws/failure.h"
#include <string.h>
#include <strings.h>

#include "core/util.h"

enum err_code aws_class_err(enum aws_class class)
{
    static const enum err_code codes[] = {
        [AWS_CLASS_SPEC] = ERR_SPEC,         [AWS_CLASS_RIGHTS] = ERR_AUTH,      [AWS_CLASS_QUOTA] = ERR_QUOTA,
        [AWS_CLASS_CAPACITY] = ERR_QUOTA,    [AWS_CLASS_THROTTLED] = ERR_REMOTE, [AWS_CLASS_TRANSIENT] = ERR_REMOTE,
        [AWS_CLASS_DEPENDENCY] = ERR_REMOTE, [AWS_CLASS_ABSENT] = ERR_REMOTE,    [AWS_CLASS_EXISTS] = ERR_CONFLICT,
        [AWS_CLASS_CONFLICT] = ERR_CONFLICT, [AWS_CLASS_DRY_RUN] = ERR_REMOTE,   [AWS_CLASS_OTHER] = ERR_REMOTE,
    };

    return codes[class];
}

static bool matches(const char *pattern, const char *code)
{
    size_t n = strlen(pattern), len = strlen(code);

    if (pattern[0] == '*')
        return len >= n - 1 && strcasecmp(code + len - (n - 1), pattern + 1) == 0;
    if (pattern[n - 1] == '*')
        return strncasecmp(code, pattern, n - 1) == 0;
    return strcasecmp(code, pattern) == 0;
}

const struct aws_code *aws_code_find(const char *code)
{
    static const char *const sides[] = { "Client.", "Server." };
    const char *bare = code;

    for (size_t i = 0; i < ARRAY_LEN(sides); i++)
        if (strncmp(code, sides[i], strlen(sides[i])) == 0)
            bare = code + strlen(sides[i]);
    for (const struct aws_code *row = aws_code_table; row->code; row++)
        if (matches(row->code, bare) || matches(row->code, code))
            return row;
    return NULL;
}
