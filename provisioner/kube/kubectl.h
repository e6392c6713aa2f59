/* kubectl on the machine (the one inside the K3s executable), as root. */
#pragma once
#include "core/err.h"
#include "host/node.h"
#include "step/run.h"
#include <jansson.h>

#define K3S_BINARY "/usr/local/bin/k3s"
/* First words of a kubectl command line: its cache goes where teardown finds it, not to root's home. */
#define KUBECTL   "env", "HOME=" NODE_DIR, K3S_BINARY, "kubectl"
#define NAMESPACE "prefect"

/* `kubectl ARGS...` with `input` on stdin (or NULL). Output parsed as JSON into `ret` when it is not NULL.
 * An answer that the object is not there: ERR_REMOTE with e->sys == ENOENT. */
int kubectl(struct run *r, const char *const args[], const char *input, json_t **ret, struct err *e) NODISCARD;
/* Apply a manifest (server-side merge by `kubectl apply`); the text is never in argv or a log. */
int kubectl_apply(struct run *r, const char *manifest, const char *what, struct err *e) NODISCARD;
/* One object of Prefect's namespace, from the view while it is fresh; NULL in *ret when there is none. */
int kubectl_object(struct run *r, const char *kind, const char *name, json_t **ret, struct err *e) NODISCARD;
/* The same for all objects of a kind with these labels: {"items": [...]}. */
int kubectl_list(struct run *r, const char *kind, const char *selector, json_t **ret, struct err *e) NODISCARD;
/* One value of a Secret, decoded; "" in *ret when the Secret or key is absent. Caller frees with secret_free. */
int kubectl_secret(struct run *r, const char *name, const char *key, char **ret, struct err *e) NODISCARD;
