/* Prefect Secret blocks: where the credentials of sources are kept, for runs to read. Source: Prefect 3.8.3 OpenAPI
 * document, /block_documents/. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "flow/definition.h"
#include "spec/spec.h"
#include <jansson.h>

/* The blocks that one deploy has changed, so that they can be put back. */
struct blocks {
    struct prefect_api *api;
    struct ui *ui;
    json_t *undo; /* array of {"id", "value": what it was, or absent: the block is new} */
};

/* The name is made from where the value comes from, so it stays when the value changes. */
void block_name_of(const struct spec_secret *s, struct block_name *ret);
/* Read the value and make the block, or change it when its value is another one. ERR_AUTH when the value cannot be
 * read, ERR_SPEC when `is_json` and it is no JSON object. */
int block_keep(struct blocks *b, const struct spec_secret *s, bool is_json, struct block_name *ret, struct err *e)
    NODISCARD;
/* Put back what was changed; what cannot be is a warning. */
void blocks_undo(struct blocks *b);
void blocks_done(struct blocks *b);

#define AUTO_BLOCKS __attribute__((cleanup(blocks_done)))
