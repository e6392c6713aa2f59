/* Runtime systemd: server, database and workers are units of the machine's systemd, a flow run is a process. */
#pragma once
#include "app/runtime.h"

extern const struct runtime runtime_systemd;
