/* K3s on the machine: exact version, configuration of ours, no script from the network. Steps for the engine. */
#pragma once
#include "core/err.h"
#include "step/engine.h"
#include <jansson.h>

/* k3s/install: binary, images, configuration, unit; starts it without waiting. */
extern const struct step k3s_install_steps[];
extern const size_t k3s_install_n_steps;
/* k3s/ready: API, discovery, node. */
extern const struct step k3s_ready_steps[];
extern const size_t k3s_ready_n_steps;

/* config.yaml as JSON (which is YAML): ours from spec and node facts, then k3s.config of the spec over it; the lists of
 * "*-arg" keys are joined, everything else is replaced. New reference. */
json_t *k3s_config(const struct run *r);
/* containerd's socket answers: images can be imported, before the node is Ready. */
int k3s_wait_containerd(struct run *r, struct err *e) NODISCARD;
