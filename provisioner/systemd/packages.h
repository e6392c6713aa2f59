/* Packages of the distribution that Prefect needs on the machine. */
#pragma once
#include "core/svec.h"
#include "spec/spec.h"
#include "step/engine.h"

/* Their names for a spec, into `ret`: Python with venv, git, and as the spec asks PostgreSQL and Docker. */
void packages_wanted(const struct spec *s, struct svec *ret);
/* system/packages: apt-get for what is missing; teardown takes away what came. */
extern const struct step packages_steps[];
extern const size_t packages_n_steps;
