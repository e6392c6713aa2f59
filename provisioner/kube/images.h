/* Container images on the node, by digest: imported from an archive, or pulled by the node. Steps for the engine. */
#pragma once
#include "artifact/artifact.h"
#include "core/sbuf.h"
#include "step/engine.h"

/* images/postgres, images/prefect, images/prefect-worker */
extern const struct step image_steps[];
extern const size_t image_n_steps;

/* The image of a role as pods name it: REF@DIGEST when the lock knows the digest, else REF. ERR_SPEC when unknown. */
int image_name(const struct run *r, const char *role, struct sbuf *out, struct err *e) NODISCARD;
