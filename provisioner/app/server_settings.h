/* Settings of every Prefect server that slipway runs, whatever the runtime: one table for Helm values and unit files.
 * Names: Prefect 3.8.3, settings schema. */
#pragma once
#include "spec/spec.h"
#include <stddef.h>

struct server_setting {
    const char *name;
    char value[128];
};

#define SERVER_SETTINGS 12
/* Fills `ret`, returns how many. */
size_t server_settings(const struct spec *s, struct server_setting ret[static SERVER_SETTINGS]);
