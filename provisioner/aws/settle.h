/* How long the account's view may lag behind what was done: SLIPWAY_CLOUD_SETTLE_S seconds (default 15, at most 600).
 * Source: EC2 API Reference, "Eventual consistency". */
#pragma once
#include <stdint.h>

int64_t aws_settle_ms(void);
