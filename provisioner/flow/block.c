#include "flow/block.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/secret.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT  "/block_documents/"
#define BY_NAME   "/block_types/slug/secret/block_documents/name/"
#define MAX_LABEL 32

/* A dot would end the name inside a template, and a slash inside a path. */
void block_name_of(const struct spec_secret *s, struct block_name *ret)
{
    const char *from = s->env ? s->env : s->file;
    const char *leaf = strrchr(from, '/') ? strrchr(from, '/') + 1 : from;
    AUTO_FREE char *key = xasprintf("%s:%s", s->env ? "env" : "file", from);
    char digest[HASH_HEX], label[MAX_LABEL + 1];
    size_t n = 0;

    hash_sha256_hex(key, strlen(key), digest);
    for (; *leaf && n < MAX_LABEL; leaf++)
        if (isalnum((unsigned char)*leaf) || n)
            label[n++] = isalnum((unsigned char)*leaf) ? (char)tolower((unsigned char)*leaf) : '-';
    label[n] = '\0';
    (void)snprintf(ret->text, sizeof(ret->text), "slipway-%s%s%.8s", label, n ? "-" : "", digest);
}

/* Wiped on the way out; jansson's own copies are not ours to wipe. */
static int read_value(const struct spec_secret *s, bool is_json, struct ui *ui, json_t **ret, struct err *e)
{
    AUTO_SECRET char *text = NULL;
    struct err no_json = ERR_INIT;

    if (secret_read(s, NULL, &text, e) < 0)
        return -1;
    ui_secret(ui, text);
    *ret = is_json ? jsonx_parse(text, strlen(text), "credentials", &no_json) : json_string(text);
    if (is_json && *ret && !json_is_object(*ret))
        json_decref(TAKE_PTR(*ret));
    if (*ret)
        return 0;
    return err_set(e, ERR_SPEC, "the credentials in %s '%s' are not %s", s->env ? "variable" : "file",
                   s->env ? s->env : s->file, is_json ? "a JSON object" : "text in UTF-8");
}

static void remember(struct blocks *b, const char *id, json_t *value)
{
    if (!b->undo)
        b->undo = json_array();
    json_array_append_new(b->undo, json_pack("{s:s, s:O*}", "id", id, "value", value));
}

static int create(struct blocks *b, const char *name, json_t *value, struct err *e)
{
    AUTO_JSON json_t *type = NULL, *schemas = NULL, *made = NULL;

    if (prefect_api_ok(b->api, "GET", "/block_types/slug/secret", NULL, &type, e) < 0)
        return -1;
    AUTO_JSON json_t *filter =
        json_pack("{s:{s:{s:[s]}}, s:i}", "block_schemas", "block_type_id", "any_", jsonx_str(type, "id"), "limit", 1);
    if (prefect_api_ok(b->api, "POST", "/block_schemas/filter", filter, &schemas, e) < 0)
        return -1;
    AUTO_JSON json_t *body =
        json_pack("{s:s, s:{s:O}, s:s, s:s}", "name", name, "data", "value", value, "block_schema_id",
                  jsonx_str(schemas, "0.id"), "block_type_id", jsonx_str(type, "id"));
    if (prefect_api_ok(b->api, "POST", DOCUMENT, body, &made, e) < 0)
        return -1;
    remember(b, jsonx_str(made, "id"), NULL);
    return 0;
}

static int change(struct prefect_api *api, const char *id, json_t *value, struct err *e)
{
    AUTO_FREE char *path = xasprintf(DOCUMENT "%s", id);
    AUTO_JSON json_t *body = json_pack("{s:{s:O}, s:b}", "data", "value", value, "merge_existing_data", 0);

    return prefect_api_ok(api, "PATCH", path, body, NULL, e);
}

int block_keep(struct blocks *b, const struct spec_secret *s, bool is_json, struct block_name *ret, struct err *e)
{
    AUTO_JSON json_t *value = NULL, *have = NULL;
    int status = 0;

    block_name_of(s, ret);
    AUTO_FREE char *path = xasprintf(BY_NAME "%s?include_secrets=true", ret->text);
    if (read_value(s, is_json, b->ui, &value, e) < 0 ||
        prefect_api_call(b->api, "GET", path, NULL, &status, &have, e) < 0)
        return -1;
    if (status == 404)
        return create(b, ret->text, value, e);
    if (status != 200)
        return err_set(e, ERR_REMOTE, "Prefect API: block '%s': HTTP %d", ret->text, status);
    if (json_equal(jsonx_get(have, "data.value"), value))
        return 0;
    remember(b, jsonx_str(have, "id"), jsonx_get(have, "data.value"));
    return change(b->api, jsonx_str(have, "id"), value, e);
}

void blocks_undo(struct blocks *b)
{
    size_t i;
    json_t *row;

    json_array_foreach (b->undo, i, row) {
        AUTO_FREE char *path = xasprintf(DOCUMENT "%s", jsonx_str(row, "id"));
        json_t *value = json_object_get(row, "value");
        struct err lost = ERR_INIT;
        if ((value ? change(b->api, jsonx_str(row, "id"), value, &lost)
                   : prefect_api_ok(b->api, "DELETE", path, NULL, NULL, &lost)) < 0)
            ui_warn(b->ui, "%s", lost.msg);
    }
    json_decref(TAKE_PTR(b->undo));
}

void blocks_done(struct blocks *b)
{
    json_decref(TAKE_PTR(b->undo));
}
