/* Hundreds of wheels as a few rows. See artifacts_json. */
#pragma once
#include "artifact/artifact.h"

/* Takes `files` over; new reference. */
json_t *wheels_summary(json_t *files);
