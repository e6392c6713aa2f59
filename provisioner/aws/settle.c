#include "aws/settle.h"
#include <stdlib.h>

enum { SETTLE_S = 15, SETTLE_MAX_S = 600 };

int64_t aws_settle_ms(void)
{
    const char *text = getenv("SLIPWAY_CLOUD_SETTLE_S");
    char *end = NULL;
    long s = text && *text ? strtol(text, &end, 10) : SETTLE_S;

    return (s < 0 || s > SETTLE_MAX_S || (end && *end) ? SETTLE_S : s) * 1000;
}
