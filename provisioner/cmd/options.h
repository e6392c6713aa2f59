/* Command line -> struct app. Options may stand anywhere before `--`; the nearest name is offered for a wrong one. */
#pragma once
#include "cmd/command.h"

int options_parse(int argc, char **argv, struct app *app, struct err *e) NODISCARD;
/* Does `cmd` take this option? (NULL: no command yet, the global ones.) */
bool option_allowed(const struct command *cmd, const struct option_row *o);
