/* What templates/deploy.py is told: the spec's deployments in the shape of prefect.yaml, with the pull steps that fetch
 * their code. Source: Prefect 3.8.3, prefect.cli.deploy, prefect.deployments.steps, and the steps modules of
 * prefect-aws, prefect-gcp and prefect-azure. */
#pragma once
#include "core/err.h"
#include "flow/upload.h"
#include "spec/spec.h"
#include <jansson.h>

/* Name of a Prefect Secret block. */
struct block_name {
    char text[64];
};

/* What needs the machine or the server; a test has its own. */
struct definition_ops {
    int (*folder)(void *ctx, const char *path, struct upload_dir *ret, struct err *e);
    /* Make the block that holds the value; `json`: the value is a JSON object, not text. */
    int (*secret)(void *ctx, const struct spec_secret *secret, bool json, struct block_name *ret, struct err *e);
    /* ERR_SPEC when the server's Prefect does not fit the image's; called for deployments that name one. */
    int (*image)(void *ctx, const char *image, struct err *e);
    /* As struct runtime.requirements; `path` of the file. */
    int (*requirements)(void *ctx, const struct spec_pool *pool, const char *path, json_t *job_variables,
                        json_t *pull_steps, struct err *e);
    void *ctx;
};

/* Array of {"image": TEXT or null, "sources": [...]}: deployments with an image of their own are checked in it. New
 * reference. Secrets are in it by the names of their blocks only. */
int definition_make(const struct spec *s, const struct definition_ops *ops, json_t **ret, struct err *e) NODISCARD;
/* Uploaded directories that the definition uses, or one of the server's deployments: one that has left the spec goes on
 * to run from there. Array of paths; new reference. */
json_t *definition_folders(const json_t *definition, const json_t *deployments);
