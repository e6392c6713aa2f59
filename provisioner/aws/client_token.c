#include "aws/client_token.h"
#include "core/rng.h"
#include <stdio.h>

void aws_client_token(char ret[static AWS_CLIENT_TOKEN])
{
    char uuid[37];

    rng_uuid(uuid);
    (void)snprintf(ret, AWS_CLIENT_TOKEN, "slipway-%s", uuid);
}
