/* Runtime k3s: server, database and workers are pods, each flow run is a Job. */
#pragma once
#include "app/runtime.h"

extern const struct runtime runtime_k3s;
