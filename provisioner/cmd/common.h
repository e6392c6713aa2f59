/* What several commands share. */
#pragma once
#include "cmd/command.h"
#include "plan/session.h"

/* Open the session of the spec that -f names. */
int common_session(struct app *app, enum session_mode mode, struct session *s, struct err *e) NODISCARD;
/* The same for reading, and connected to the machine. */
int common_connect(struct app *app, struct session *s, struct err *e) NODISCARD;
/* Ask on the terminal unless -y; without a terminal -y is demanded: ERR_USAGE. 1 yes, 0 no. */
int common_confirm(struct app *app, const char *question, struct err *e) NODISCARD;
/* -p PORT: 1..65535, 0 when not given. */
int common_port(const struct app *app, int *ret, struct err *e) NODISCARD;
