/* A ClientToken: written to the journal before the call, the same for every repeat of it, never used for another.
 * Source: EC2 API Reference, "Ensuring idempotency" (at most 64 ASCII characters). */
#pragma once

#define AWS_CLIENT_TOKEN 48

void aws_client_token(char ret[static AWS_CLIENT_TOKEN]);
