/* The cluster in one look: one round trip instead of a dozen, for the checks of a run that has not acted yet.
 * As soon as a step acts (run.changed) the view is stale and is not used any more: callers then ask the cluster. */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>
#include <stdbool.h>

struct view;
void view_free(struct view *v);
/* Is there a view to look at? Loads it at first use when the node was Ready before. 1 yes, 0 ask the cluster yourself,
 * -1 the machine cannot be asked. */
int view_usable(struct run *r, struct err *e) NODISCARD;

/* Object by kind ("Secret") and name in the namespace of Prefect, or NULL. Borrowed. For usable views only. */
const json_t *view_object(const struct run *r, const char *kind, const char *name);
/* Objects of a kind whose labels match "key=value[,key=value]": {"items": [...]} as kubectl gives. New reference. */
json_t *view_list(const struct run *r, const char *kind, const char *selector);
const char *view_k3s_sha256(const struct run *r);
bool view_node_ready(const struct run *r);
/* Digest under which containerd knows an image name, "" when it does not. */
void view_image_digest(const struct run *r, const char *name, char ret[static 72]);
/* The line of `ctr images ls` for exactly this name -> its digest; "" when there is none. Pure. */
void view_parse_image(const char *listing, const char *name, char ret[static 72]);
