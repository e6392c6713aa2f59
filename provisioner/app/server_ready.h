/* Does the Prefect API answer, whoever runs it? */
#pragma once
#include "core/err.h"
#include "step/run.h"

/* What can be known of the server before anything is made. One that exists is asked from here: ERR_AUTH when it refuses
 * the key; one that only the machine may reach is no error yet. Of our own: ERR_SPEC for values that cannot work. */
int server_accepts_us(struct run *r, struct err *e) NODISCARD;
/* Wait probe: 1 when GET /ready says yes with our credentials and, for a server of ours, the version is the one that
 * was asked for; 0 with `why`; -1: ERR_AUTH, ERR_CONFLICT (another version). */
int server_answers(struct run *r, char why[static 256], struct err *e) NODISCARD;
/* May flows run in this image (NULL: Prefect's own)? Asks the running server for its version, see image_ref_fits. Of a
 * server that is not ours nothing is asked: who runs it may have another rule. */
int server_takes_image(struct run *r, const char *image, struct err *e) NODISCARD;
