#include "cmd/command.h"
#include "spec/spec.h"

int cmd_schema(struct app *app, struct err *e)
{
    (void)app; /* a schema is JSON with and without -o json */
    return app_print_json(spec_schema(), e);
}
