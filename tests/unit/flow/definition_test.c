/* From the spec's flows to what templates/deploy.py is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/jsonx.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "flow/definition.h"
#include "flow/pull_step.h"
#include <stdio.h>
#include <string.h>

static int fake_folder(void *ctx, const char *path, struct upload_dir *ret, struct err *e)
{
    (void)ctx;
    if (strcmp(path, "/missing") == 0)
        return err_set(e, ERR_SPEC, "folder '%s' is empty", path);
    (void)snprintf(ret->path, sizeof(ret->path), UPLOAD_ROOT "%.30s", path);
    return 0;
}

static int fake_secret(void *ctx, const struct spec_secret *secret, bool json, struct block_name *ret, struct err *e)
{
    (void)ctx;
    (void)e;
    (void)snprintf(ret->text, sizeof(ret->text), "%s-%s", json ? "json" : "text", secret->env);
    return 0;
}

static int fake_image(void *ctx, const char *image, struct err *e)
{
    (void)ctx;
    return strcmp(image, "old:1") == 0 ? err_set(e, ERR_SPEC, "image '%s' has Prefect 3.4", image) : 0;
}

static int fake_requirements(void *ctx, const struct spec_pool *pool, const char *path, json_t *job_variables,
                             json_t *pull_steps, struct err *e)
{
    (void)ctx;
    (void)e;
    json_object_set_new(job_variables, "for", json_string(pool->type));
    json_array_append_new(pull_steps, json_pack("{s:{s:s}}", "install", "path", path));
    return 0;
}

static const struct definition_ops ops = { fake_folder, fake_secret, fake_image, fake_requirements, NULL };

static void expect_json(const char *what, const json_t *got, const char *want)
{
    struct err e = ERR_INIT;
    AUTO_JSON json_t *expected = jsonx_parse(want, strlen(want), what, &e);
    AUTO_FREE char *text = jsonx_text(got, 0);

    if (!expected)
        fail_msg("%s: %s", what, e.msg);
    if (!json_equal(got, expected))
        fail_msg("%s: got %s, want %s", what, text, want);
}

#define T(text)            ((char[]){ text })
#define STEP(name, inputs) "[{\"" name "\": {" inputs "}}]"
#define CLONE(inputs)      STEP("prefect.deployments.steps.git_clone", "\"repository\": \"https://h/r.git\"" inputs)
#define S3(inputs)                                                                                                 \
    STEP("prefect_aws.deployments.steps.pull_from_s3", "\"requires\": \"prefect-aws==0.7.11\", \"bucket\": \"b\"," \
                                                       "\"folder\": " inputs)
#define GCS(inputs)                                                                                                 \
    STEP("prefect_gcp.deployments.steps.pull_from_gcs", "\"requires\": \"prefect-gcp==0.6.21\", \"bucket\": \"b\"," \
                                                        "\"folder\": \"x/\"" inputs)

#define AZURE(requires, folder)                                                                                        \
    STEP("prefect_azure.deployments.steps.pull_from_azure_blob_storage",                                               \
         "\"requires\": " requires ", \"container\": \"b\", \"folder\": \"" folder                                     \
                                   "\", \"credentials\": {\"connection_string\": \"{{ prefect.blocks.secret.text-con " \
                                   "}}\"}")

static struct spec_pool pools[] = { { .name = T("first"), .type = T("process") },
                                    { .name = T("second"), .type = T("docker") } };

static void sources(void **state)
{
    const struct {
        struct spec_source source;
        const char *steps, *variables;
    } cases[] = {
        { { .type = T("local"), .path = T("/flows") },
          STEP(PULL_STEP_DIRECTORY, "\"directory\": \"" UPLOAD_ROOT "/flows\""),
          "{}" },
        { { .type = T("image"), .path = T("/opt/flows") },
          STEP(PULL_STEP_DIRECTORY, "\"directory\": \"/opt/flows\""),
          "{}" },
        { { .type = T("git"), .url = T("https://h/r.git") }, CLONE(""), "{}" },
        { { .type = T("git"), .url = T("https://h/r.git"), .branch = T("main") },
          CLONE(", \"branch\": \"main\""),
          "{}" },
        { { .type = T("git"), .url = T("https://h/r.git"), .tag = T("v1") }, CLONE(", \"branch\": \"v1\""), "{}" },
        { { .type = T("git"), .url = T("https://h/r.git"), .commit = T("abcdef"), .secret = { .env = T("tok") } },
          CLONE(", \"commit_sha\": \"abcdef\", \"access_token\": \"{{ prefect.blocks.secret.text-tok }}\""),
          "{}" },
        { { .type = T("s3"), .bucket = T("b") },
          S3("\"\", \"client_parameters\": {\"config\": {\"signature_version\": \"unsigned\"}}"),
          "{}" },
        { { .type = T("s3"),
            .bucket = T("b"),
            .folder = T("x"),
            .region = T("eu-1"),
            .url = T("http://h:9"),
            .secret = { .env = T("aws") } },
          S3("\"x\", \"credentials\": \"{{ prefect.blocks.secret.json-aws }}\","
             "\"client_parameters\": {\"endpoint_url\": \"http://h:9\", \"config\": {\"region_name\": \"eu-1\"}}"),
          "{}" },
        { { .type = T("gcs"), .bucket = T("b"), .folder = T("x") }, GCS(""), "{}" },
        { { .type = T("gcs"), .bucket = T("b"), .folder = T("x/") }, GCS(""), "{}" },
        { { .type = T("gcs"),
            .bucket = T("b"),
            .folder = T("x"),
            .url = T("http://h:9"),
            .secret = { .env = T("key") } },
          GCS(", \"credentials\": {\"service_account_info\": \"{{ prefect.blocks.secret.json-key }}\"}"),
          "{\"env\": {\"STORAGE_EMULATOR_HOST\": \"http://h:9\"}}" },
        { { .type = T("azure"), .bucket = T("b"), .folder = T("x"), .secret = { .env = T("con") } },
          AZURE("[\"prefect-azure==0.4.12\", \"azure-storage-blob==12.31.1\"]", "x/"),
          "{}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *variables = json_object(), *pull = json_array();
        struct err e = ERR_INIT;
        if (pull_step_add(&cases[i].source, NULL, &ops, variables, pull, &e) < 0)
            fail_msg("%s: %s", cases[i].source.type, e.msg);
        expect_json(cases[i].source.type, pull, cases[i].steps);
        expect_json(cases[i].source.type, variables, cases[i].variables);
    }
}

/* What is installed there must be found without pip; a container has pip. */
static void azure_by_pool(void **state)
{
    const struct spec_source source = { .type = T("azure"), .bucket = T("b"), .secret = { .env = T("con") } };
    static const char *const steps[] = { AZURE("\"prefect-azure==0.4.12\"", ""),
                                         AZURE("[\"prefect-azure==0.4.12\", \"azure-storage-blob==12.31.1\"]", "") };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        AUTO_JSON json_t *variables = json_object(), *pull = json_array();
        struct err e = ERR_INIT;
        assert_int_equal(pull_step_add(&source, &pools[i], &ops, variables, pull, &e), 0);
        expect_json(pools[i].type, pull, steps[i]);
    }
}

static void sources_refused(void **state)
{
    const struct {
        struct spec_source source;
        const char *want;
    } cases[] = {
        { { .type = NULL }, "flows.source is not given" },
        { { .type = T("azure"), .bucket = T("b") }, "connection string" },
        { { .type = T("local"), .path = T("/missing") }, "is empty" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *variables = json_object(), *pull = json_array();
        struct err e = ERR_INIT;
        assert_int_equal(pull_step_add(&cases[i].source, NULL, &ops, variables, pull, &e), -1);
        assert_int_equal(e.code, ERR_SPEC);
        if (!strstr(e.msg, cases[i].want))
            fail_msg("got '%s', want '%s'", e.msg, cases[i].want);
    }
}

/* The environment that a deployment brings along stays. */
static void emulator_joins_environment(void **state)
{
    const struct spec_source source = { .type = T("gcs"), .bucket = T("b"), .folder = T("x"), .url = T("http://h:9") };
    AUTO_JSON json_t *variables = json_pack("{s:{s:s}}", "env", "A", "1"), *pull = json_array();
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(pull_step_add(&source, NULL, &ops, variables, pull, &e), 0);
    expect_json("variables", variables, "{\"env\": {\"A\": \"1\", \"STORAGE_EMULATOR_HOST\": \"http://h:9\"}}");
}

/* A newer release would bring a newer Prefect into a run's container. */
static void packages_as_pinned(void **state)
{
    static const char *const types[] = { "s3", "gcs", "azure" };
    const char *pins = template_get("templates/wheels-3.8.3.txt");

    (void)state;
    assert_non_null(pins);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct spec_source s = { .type = T("s3"), .bucket = T("b"), .folder = T(""), .secret = { .env = T("x") } };
        AUTO_JSON json_t *variables = json_object(), *pull = json_array(), *names = json_array();
        struct err e = ERR_INIT;
        size_t k;
        json_t *name;
        AUTO_FREE char *type = xstrdup(types[i]);
        s.type = type;
        assert_int_equal(pull_step_add(&s, NULL, &ops, variables, pull, &e), 0);
        json_t *step = json_object_iter_value(json_object_iter(json_array_get(pull, 0)));
        json_t *requires = json_object_get(step, "requires");
        if (json_is_array(requires))
            json_array_extend(names, requires);
        else
            json_array_append(names, requires);
        json_array_foreach (names, k, name) {
            AUTO_FREE char *file = xasprintf("/%s-", json_string_value(name));
            char *version = strstr(file, "==");
            assert_non_null(version);
            memmove(version, version + 1, strlen(version));
            *version = '-';
            for (char *c = file; c < version; c++)
                if (*c == '-')
                    *c = '_';
            if (!strstr(pins, file))
                fail_msg("no wheel '%s'", file);
        }
    }
}

static void whole(void **state)
{
    AUTO_JSON json_t *none = json_object(), *rows = json_pack("{s:i}", "rows", 3);
    struct spec_schedule schedules[] = {
        { .cron = T("0 * * * *"), .timezone = T("UTC"), .slug = T("c"), .active = true, .parameters = none },
        { .interval_s = 60,
          .anchor = T("2026-01-01T00:00:00Z"),
          .timezone = T("UTC"),
          .slug = T("i"),
          .parameters = rows },
        { .rrule = T("FREQ=DAILY"), .timezone = T("UTC"), .slug = T("r"), .active = true, .parameters = none },
    };
    struct spec_deployment all[] = {
        { .name = T("a"),
          .entrypoint = T("x.py:f"),
          .parameters = rows,
          .job_variables = none,
          .schedules = schedules,
          .n_schedules = 3,
          .concurrency = 2,
          .collision = T("cancel_new"),
          .paused = true,
          .description = T("d"),
          .version = T("v"),
          .queue = T("q") },
        { .name = T("b"), .entrypoint = T("y.py:f"), .parameters = none, .job_variables = none, .pool = T("second") },
        { .name = T("c"),
          .entrypoint = T("z.py:f"),
          .parameters = none,
          .job_variables = none,
          .image = T("img:1"),
          .pool = T("second"),
          .requirements = T("/r.txt") },
    };
    struct spec s = { 0 };
    AUTO_JSON json_t *got = NULL;
    struct err e = ERR_INIT;

    (void)state;
    svec_add(&all[0].tags, "t");
    s.prefect.work_pools = pools;
    s.prefect.n_work_pools = 2;
    s.flows.source = (struct spec_source){ .type = T("local"), .path = T("/flows") };
    s.flows.deployments = all;
    s.flows.n_deployments = 3;
    assert_int_equal(definition_make(&s, &ops, &got, &e), 0);
    svec_done(&all[0].tags);

#define PULL "[{\"" PULL_STEP_DIRECTORY "\": {\"directory\": \"" UPLOAD_ROOT "/flows\"}}]"
#define REST "\"schedules\": [], \"parameters\": {}, \"tags\": [], \"paused\": false, \"concurrency_limit\": null"
    expect_json(
        "definition", got,
        "[{\"image\": null, \"sources\": [{\"pull\": " PULL ", \"deployments\": [{\"name\": \"a\","
        "\"entrypoint\": \"x.py:f\", \"description\": \"d\", \"version\": \"v\", \"requirements\": false, "
        "\"pull\": " PULL ", \"work_pool\": {\"name\": \"first\", \"work_queue_name\": \"q\", \"job_variables\": {}},"
        "\"parameters\": {\"rows\": 3}, \"tags\": [\"t\"], \"paused\": true,"
        "\"concurrency_limit\": {\"limit\": 2, \"collision_strategy\": \"CANCEL_NEW\"}, \"schedules\": ["
        "{\"cron\": \"0 * * * *\", \"timezone\": \"UTC\", \"slug\": \"c\", \"active\": true, \"parameters\": {}},"
        "{\"interval\": 60, \"anchor_date\": \"2026-01-01T00:00:00Z\", \"timezone\": \"UTC\", \"slug\": \"i\","
        " \"active\": false, \"parameters\": {\"rows\": 3}},"
        "{\"rrule\": \"FREQ=DAILY\", \"timezone\": \"UTC\", \"slug\": \"r\", \"active\": true, \"parameters\": {}}]},"
        "{\"name\": \"b\", \"entrypoint\": \"y.py:f\", \"requirements\": false, \"pull\": " PULL
        ", \"work_pool\": {\"name\": \"second\", \"work_queue_name\": null, \"job_variables\": {}}, " REST "}]}]},"
        "{\"image\": \"img:1\", \"sources\": [{\"pull\": [{\"" PULL_STEP_DIRECTORY "\": {\"directory\": \"" UPLOAD_ROOT
        "/flows\"}}, {\"install\": {\"path\": \"/r.txt\"}}], \"deployments\": [{\"name\": \"c\","
        "\"entrypoint\": \"z.py:f\", \"requirements\": true, \"pull\": [{\"" PULL_STEP_DIRECTORY
        "\": {\"directory\": \"" UPLOAD_ROOT "/flows\"}}, {\"install\": {\"path\": \"/r.txt\"}}],"
        "\"work_pool\": {\"name\": \"second\", \"work_queue_name\": null,"
        " \"job_variables\": {\"for\": \"docker\", \"image\": \"img:1\"}}, " REST "}]}]}]");
    static const char elsewhere[] =
        "[{\"pull_steps\": [{\"" PULL_STEP_DIRECTORY "\": {\"directory\": \"" UPLOAD_ROOT
        "/left\"}}]}, {\"pull_steps\": null},"
        "{\"pull_steps\": [{\"" PULL_STEP_DIRECTORY "\": {\"directory\": \"/opt/flows\"}}]}]";
    AUTO_JSON json_t *view = jsonx_parse(elsewhere, strlen(elsewhere), "view", &e);
    AUTO_JSON json_t *folders = definition_folders(got, view);
    expect_json("folders", folders, "[\"" UPLOAD_ROOT "/flows\", \"" UPLOAD_ROOT "/left\"]");
    assert_int_equal(json_object_size(none), 0); /* the spec is as it was */
}

/* However the image is named, and before anything is uploaded. */
static void image_refused(void **state)
{
    AUTO_JSON json_t *none = json_object(), *named = json_pack("{s:s}", "image", "old:1");
    struct spec_deployment all[] = {
        { .name = T("a"), .entrypoint = T("x.py:f"), .parameters = none, .job_variables = none, .image = T("old:1") },
        { .name = T("a"), .entrypoint = T("x.py:f"), .parameters = none, .job_variables = named },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct spec s = { .flows = { .source = { .type = T("local"), .path = T("/missing") } } };
        json_t *got = NULL;
        struct err e = ERR_INIT;
        s.prefect.work_pools = pools;
        s.prefect.n_work_pools = 2;
        s.flows.deployments = &all[i];
        s.flows.n_deployments = 1;
        assert_int_equal(definition_make(&s, &ops, &got, &e), -1);
        assert_int_equal(e.code, ERR_SPEC);
        assert_string_equal(e.msg, "deployment 'a': image 'old:1' has Prefect 3.4");
    }
}

static void file_as_it_is(void **state)
{
    struct spec s = { .flows.from = T("/etc/hostname") };
    AUTO_JSON json_t *got = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(definition_make(&s, &ops, &got, &e), 0);
    expect_json("definition", got,
                "[{\"image\": null, \"sources\": [{\"directory\": \"" UPLOAD_ROOT "/etc\","
                " \"prefect_file\": \"hostname\"}]}]");
    AUTO_JSON json_t *folders = definition_folders(got, NULL);
    expect_json("folders", folders, "[\"" UPLOAD_ROOT "/etc\"]");
}

static void file_missing(void **state)
{
    struct spec s = { .flows.from = T("/none/prefect.yaml") };
    json_t *got = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(definition_make(&s, &ops, &got, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    assert_null(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),
        cmocka_unit_test(azure_by_pool),
        cmocka_unit_test(sources_refused),
        cmocka_unit_test(emulator_joins_environment),
        cmocka_unit_test(packages_as_pinned),
        cmocka_unit_test(whole),
        cmocka_unit_test(image_refused),
        cmocka_unit_test(file_as_it_is),
        cmocka_unit_test(file_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
