#include "version.h"
#include "cmd/command.h"
#include <stdio.h>

int cmd_version(struct app *app, struct err *e)
{
    if (app->json)
        return app_print_json(json_pack("{s:s}", "version", SLIPWAY_VERSION), e);
    printf("slipway %s\n", SLIPWAY_VERSION);
    return 0;
}
