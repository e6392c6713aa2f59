#include "flow/pull_step.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

/* Of the releases that belong to Prefect 3.8.3: the same as in templates/wheels-3.8.3.txt, held to it by the test. */
#define PREFECT_AWS   "prefect-aws==0.7.11"
#define PREFECT_GCP   "prefect-gcp==0.6.21"
#define PREFECT_AZURE "prefect-azure==0.4.12"
#define AZURE_BLOB    "azure-storage-blob==12.31.1" /* an extra of prefect-azure */

struct build {
    const struct spec_source *source;
    const struct spec_pool *pool;
    const struct definition_ops *ops;
    json_t *variables, *pull;
};

static void put_text(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

/* The value of the source's secret as Prefect fills it in when a run begins; NULL: the spec names none. */
static int reference(const struct build *b, bool is_json, json_t **ret, struct err *e)
{
    const struct spec_secret *secret = &b->source->secret;
    struct block_name name;

    *ret = NULL;
    if (!secret->env && !secret->file)
        return 0;
    if (b->ops->secret(b->ops->ctx, secret, is_json, &name, e) < 0)
        return -1;
    *ret = json_sprintf("{{ prefect.blocks.secret.%s }}", name.text);
    return 0;
}

static int append(const struct build *b, const char *step, json_t *inputs, struct err *e)
{
    if (inputs && json_array_append_new(b->pull, json_pack("{s:o}", step, inputs)) == 0)
        return 0;
    return err_set(e, ERR_SPEC, "the values of source '%s' are not text in UTF-8", b->source->type);
}

static int add_local(const struct build *b, struct err *e)
{
    struct upload_dir there;

    if (b->ops->folder(b->ops->ctx, b->source->path, &there, e) < 0)
        return -1;
    return append(b, PULL_STEP_DIRECTORY, json_pack("{s:s}", "directory", there.path), e);
}

static int add_image(const struct build *b, struct err *e)
{
    return append(b, PULL_STEP_DIRECTORY, json_pack("{s:s}", "directory", b->source->path), e);
}

static int add_git(const struct build *b, struct err *e)
{
    const struct spec_source *s = b->source;
    json_t *inputs, *token;

    if (reference(b, false, &token, e) < 0)
        return -1;
    inputs = json_pack("{s:s, s:o*}", "repository", s->url, "access_token", token);
    put_text(inputs, "branch", s->branch ? s->branch : s->tag);
    put_text(inputs, "commit_sha", s->commit);
    return append(b, "prefect.deployments.steps.git_clone", inputs, e);
}

/* The client reads the region from its configuration alone, and takes this word for "sign nothing". */
static int add_s3(const struct build *b, struct err *e)
{
    const struct spec_source *s = b->source;
    AUTO_JSON json_t *client = json_object(), *config = json_object();
    json_t *inputs, *credentials;

    if (reference(b, true, &credentials, e) < 0)
        return -1;
    put_text(client, "endpoint_url", s->url);
    put_text(config, "region_name", s->region);
    if (!credentials)
        put_text(config, "signature_version", "unsigned");
    if (json_object_size(config))
        json_object_set(client, "config", config);
    inputs = json_pack("{s:s, s:s, s:s, s:o*}", "requires", PREFECT_AWS, "bucket", s->bucket, "folder",
                       s->folder ? s->folder : "", "credentials", credentials);
    if (inputs && json_object_size(client))
        json_object_set(inputs, "client_parameters", client);
    return append(b, "prefect_aws.deployments.steps.pull_from_s3", inputs, e);
}

/* A prefix without it would also match a neighbour's name, and the folder's own name would stay in the paths. */
static json_t *prefix(const struct spec_source *s)
{
    const char *folder = s->folder ? s->folder : "";
    size_t n = strlen(folder);

    return json_sprintf("%s%s", folder, n && folder[n - 1] != '/' ? "/" : "");
}

/* The client of Google takes another endpoint from the environment alone. */
static int add_gcs(const struct build *b, struct err *e)
{
    const struct spec_source *s = b->source;
    json_t *inputs, *key;

    if (reference(b, true, &key, e) < 0)
        return -1;
    inputs = json_pack("{s:s, s:s, s:o, s:o*}", "requires", PREFECT_GCP, "bucket", s->bucket, "folder", prefix(s),
                       "credentials", key ? json_pack("{s:o}", "service_account_info", key) : NULL);
    if (s->url) {
        json_t *env = json_object_get(b->variables, "env");
        if (!env) {
            env = json_object();
            json_object_set_new(b->variables, "env", env);
        }
        put_text(env, "STORAGE_EMULATOR_HOST", s->url);
    }
    return append(b, "prefect_gcp.deployments.steps.pull_from_gcs", inputs, e);
}

/* Prefect takes each for the name of a module, and azure_storage_blob is none: with the list it always runs pip, which
 * a container can, and a machine's venv, which has both, cannot. */
static json_t *azure_packages(const struct spec_pool *pool)
{
    if (pool && pool->type && strcmp(pool->type, "process") == 0)
        return json_string(PREFECT_AZURE);
    return json_pack("[s, s]", PREFECT_AZURE, AZURE_BLOB);
}

static int add_azure(const struct build *b, struct err *e)
{
    const struct spec_source *s = b->source;
    json_t *connection;

    if (reference(b, false, &connection, e) < 0)
        return -1;
    if (!connection)
        return err_set(e, ERR_SPEC, "a source in Azure needs a secret: the storage account's connection string");
    return append(b, "prefect_azure.deployments.steps.pull_from_azure_blob_storage",
                  json_pack("{s:o, s:s, s:o, s:{s:o}}", "requires", azure_packages(b->pool), "container", s->bucket,
                            "folder", prefix(s), "credentials", "connection_string", connection),
                  e);
}

static const struct {
    const char *type;
    int (*add)(const struct build *b, struct err *e);
} types[] = {
    { "azure", add_azure }, { "gcs", add_gcs },     { "git", add_git },
    { "image", add_image }, { "local", add_local }, { "s3", add_s3 },
};

int pull_step_add(const struct spec_source *s, const struct spec_pool *pool, const struct definition_ops *ops,
                  json_t *variables, json_t *pull, struct err *e)
{
    const struct build b = { s, pool, ops, variables, pull };

    for (size_t i = 0; s->type && i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].type, s->type) == 0)
            return types[i].add(&b, e);
    return err_set(e, ERR_SPEC, "it has no source, and flows.source is not given");
}
