/* A whole deploy over a server, a machine and a program of the test: in what order, what is put back, what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../core/scratch.h"
#include "app/runtime.h"
#include "flow/deploy.h"
#include "flow/upload.h"
#include "flow_run_api.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>

/* What there is, and what was done to it: "check deploy DELETE /deployments/1 ...". */
struct world {
    json_t *deployments;
    json_t *block;       /* value of the one block, NULL: there is none */
    const char *appears; /* name of the deployment that the program makes */
    const char *wrong;   /* image whose check fails */
    const char *orphan;  /* id of a run without a schedule */
    const char *lost;    /* image whose program is lost when it deploys */
    const char *refused; /* image whose deployment the server refuses */
    struct sbuf done;
    json_t *used; /* folders that stay */
};

static struct world world;

static void add_deployment(const char *id, const char *name)
{
    json_array_append_new(world.deployments, json_pack("{s:s, s:s, s:s, s:[{s:s}]}", "id", id, "name", name, "flow_id",
                                                       "f1", "schedules", "id", "s1"));
}

static void note(const char *what, const char *more)
{
    sbuf_addf(&world.done, "%s%s%s%s", world.done.len ? "; " : "", what, more ? " " : "", more ? more : "");
}

static json_t *a_run(void)
{
    return json_pack("{s:s, s:s, s:b, s:{s:s}, s:{s:s, s:s}}", "id", world.orphan, "deployment_id", "1",
                     "auto_scheduled", 1, "state", "type", "SCHEDULED", "created_by", "type", "SCHEDULE", "id", "s0");
}

static int answer_block(const char *method, const char *path, const json_t *body, json_t **ret)
{
    const json_t *value = jsonx_get(body, "data.value");

    if (strcmp(method, "GET") == 0) {
        *ret = world.block ? json_pack("{s:s, s:{s:O}}", "id", "b1", "data", "value", world.block) : NULL;
        return world.block ? 200 : 404;
    }
    note(method, strncmp(path, "/block_documents/", 17) == 0 && path[17] ? json_string_value(value) : "block");
    json_decref(world.block);
    world.block = json_deep_copy(value);
    *ret = json_pack("{s:s}", "id", "b1");
    return 200;
}

static int server(const char *method, const char *path, const json_t *body, json_t **ret)
{
    if (strcmp(path, "/deployments/filter") == 0)
        *ret = json_deep_copy(world.deployments);
    else if (strcmp(path, "/flows/filter") == 0)
        *ret = fake_json("[{'id': 'f1', 'name': 'etl'}]");
    else if (strcmp(path, "/flow_runs/filter") == 0)
        *ret = world.orphan ? json_pack("[o]", a_run()) : json_array();
    else if (strcmp(path, "/block_types/slug/secret") == 0)
        *ret = fake_json("{'id': 't1'}");
    else if (strcmp(path, "/admin/version") == 0)
        *ret = json_string("3.8.3");
    else if (strcmp(path, "/block_schemas/filter") == 0)
        *ret = fake_json("[{'id': 'c1'}]");
    else if (strstr(path, "block_documents"))
        return answer_block(method, path, body, ret);
    else
        note(method, path);
    return strcmp(method, "DELETE") == 0 ? 204 : 200;
}

static bool is(const char *wanted, const char *image)
{
    return wanted && strcmp(wanted, image) == 0;
}

/* Does what templates/deploy.py does, for one deployment of each image. */
static int python(struct run *r, const struct python_job *job, struct sbuf *out, struct err *e)
{
    AUTO_JSON json_t *input = jsonx_parse(job->input, strlen(job->input), "input", e);
    const char *mode = jsonx_str(input, "mode"), *name = jsonx_str(input, "sources.0.deployments.0.name");
    const char *image = job->image ? job->image : "";
    bool applies = strcmp(mode, "deploy") == 0;
    bool wrong = is(world.wrong, image) || (applies && is(world.refused, image));

    (void)r;
    assert_non_null(input);
    assert_string_equal(job->program, "templates/deploy.py");
    note(mode, job->image);
    if (applies && world.appears && !wrong) {
        add_deployment("1", world.appears);
        world.appears = NULL;
    }
    if (applies && is(world.lost, image))
        return err_set(e, ERR_NET, "SSH is lost");
    sbuf_addf(out,
              "{\"deployments\": [{\"flow\": \"etl\", \"name\": \"%s\", \"state\": \"%s\", \"kind\": \"%s\","
              "\"error\": \"%s\"}]}\n",
              name, wrong ? "failed" : "checked", wrong ? "auth" : "", wrong ? "refused" : "");
    return 0;
}

static const struct runtime test_runtime = { .name = "test", .python = python };

const struct runtime *runtime_of(const struct run *r)
{
    (void)r;
    return &test_runtime;
}

int upload_folder(struct run *r, const char *path, struct upload_dir *ret, struct err *e)
{
    (void)r;
    (void)e;
    (void)snprintf(ret->path, sizeof(ret->path), UPLOAD_ROOT "%.30s", path);
    return 0;
}

int upload_tidy(struct run *r, const json_t *used, struct err *e)
{
    (void)r;
    (void)e;
    json_decref(world.used);
    world.used = json_deep_copy(used);
    return 0;
}

/* One deployment "daily" of a local folder; a test changes it. */
struct fixture {
    char *dir;
    struct run run;
    struct spec spec;
    struct spec_pool pool;
    struct spec_deployment deployments[2];
    json_t *none;
};

#define T(text) ((char[]){ text })

static char pool_name[] = "default", pool_type[] = "process";

static void open_fixture(struct fixture *f, void **state)
{
    AUTO_FREE char *path = fsx_join(*state, "journal");
    struct ui_opts quiet = { 0 };
    struct err e = ERR_INIT;

    world = (struct world){ .deployments = json_array(), .done = SBUF_INIT(4096) };
    fake_answer = server;
    *f = (struct fixture){ .none = json_object() };
    f->pool = (struct spec_pool){ .name = pool_name, .type = pool_type };
    f->spec.prefect.work_pools = &f->pool;
    f->spec.prefect.n_work_pools = 1;
    f->spec.flows.deployments = f->deployments;
    f->run = (struct run){ .spec = &f->spec, .clock = clock_real() };
    f->run.ui = ui_new(&quiet, f->run.clock);
    if (journal_open(path, "test", f->run.clock, &f->run.journal, &e) < 0)
        fail_msg("%s", e.msg);
}

static void want(struct fixture *f, char *name, char *image, struct spec_source source)
{
    f->deployments[f->spec.flows.n_deployments++] = (struct spec_deployment){
        .name = name,
        .entrypoint = name,
        .image = image,
        .source = source,
        .parameters = f->none,
        .job_variables = f->none,
    };
}

static void close_fixture(struct fixture *f)
{
    journal_free(f->run.journal);
    ui_free(f->run.ui);
    json_decref(f->none);
    json_decref(world.deployments);
    json_decref(world.block);
    json_decref(world.used);
    sbuf_done(&world.done);
}

static void expect_deploy(struct fixture *f, bool prune, const char *report, const char *ours)
{
    AUTO_JSON json_t *got = NULL, *want_report = fake_json(report), *want_ours = fake_json(ours);
    struct err e = ERR_INIT;

    if (flow_deploy(&f->run, prune, &got, &e) < 0)
        fail_msg("%s", e.msg);
    AUTO_FREE char *text = jsonx_text(got, 0);
    if (!json_equal(got, want_report))
        fail_msg("report %s, want %s", text, report);
    AUTO_FREE char *journalled = jsonx_text(journal_get(f->run.journal, "flows.deployed"), 0);
    if (!json_equal(journal_get(f->run.journal, "flows.deployed"), want_ours))
        fail_msg("journal %s, want %s", journalled, ours);
}

static void expect_failure(struct fixture *f, enum err_code code, const char *message)
{
    json_t *got = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(flow_deploy(&f->run, false, &got, &e), -1);
    assert_null(got);
    assert_int_equal(e.code, code);
    expect_in(e.msg, message);
}

static const struct spec_source local = { .type = T("local"), .path = T("/flows") };

#define DAILY "{'flow': 'etl', 'name': 'daily', 'state': '"
#define OURS  "{'flow': 'etl', 'name': 'daily'}"

static void made_and_then_left_alone(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    assert_false(flow_wanted(&f.run));
    want(&f, T("daily"), NULL, local);
    assert_true(flow_wanted(&f.run));
    world.appears = "daily";
    expect_deploy(&f, false, "{'deployments': [" DAILY "created', 'changes': []}], 'orphaned_runs': 0}", "[" OURS "]");
    expect_deploy(&f, false, "{'deployments': [" DAILY "unchanged', 'changes': []}], 'orphaned_runs': 0}",
                  "[" OURS "]");
    assert_string_equal(world.done.data, "check; deploy; check");
    AUTO_FREE char *used = jsonx_text(world.used, 0);
    assert_string_equal(used, "[\"" UPLOAD_ROOT "/flows\"]");
    close_fixture(&f);
}

static void removed_is_named_then_pruned(void **state)
{
    struct fixture f;
    struct err e = ERR_INIT;

    open_fixture(&f, state);
    add_deployment("1", "daily");
    add_deployment("2", "not ours");
    json_t *earlier = fake_json("[" OURS ", {'flow': 'etl', 'name': 'deleted by hand'}]");
    assert_int_equal(journal_set(f.run.journal, "flows.deployed", earlier, &e), 0);
    assert_true(flow_wanted(&f.run));
    expect_deploy(&f, false, "{'deployments': [" DAILY "removed', 'changes': []}], 'orphaned_runs': 0}", "[" OURS "]");
    assert_string_equal(world.done.data, "");
    expect_deploy(&f, true, "{'deployments': [" DAILY "deleted', 'changes': []}], 'orphaned_runs': 0}", "[]");
    assert_string_equal(world.done.data, "DELETE /deployments/1");
    assert_false(flow_wanted(&f.run));
    close_fixture(&f);
}

static void orphaned_runs_go(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, local);
    add_deployment("1", "daily");
    world.orphan = "r9";
    expect_deploy(&f, false, "{'deployments': [" DAILY "unchanged', 'changes': []}], 'orphaned_runs': 1}",
                  "[" OURS "]");
    assert_string_equal(world.done.data, "check; DELETE /flow_runs/r9");
    close_fixture(&f);
}

static void all_images_are_checked_first(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, local);
    want(&f, T("other"), T("img:1"), local);
    add_deployment("1", "daily");
    add_deployment("2", "other");
    world.wrong = "img:1";
    expect_failure(&f, ERR_AUTH, "deployment 'other': refused");
    assert_string_equal(world.done.data, "check; check img:1");
    assert_null(journal_get(f.run.journal, "flows.deployed"));
    world.wrong = NULL;
    sbuf_reset(&world.done);
    json_array_clear(world.deployments);
    add_deployment("2", "other");
    world.appears = "daily";
    expect_deploy(&f, false,
                  "{'deployments': [" DAILY "created', 'changes': []},"
                  "{'flow': 'etl', 'name': 'other', 'state': 'unchanged', 'changes': []}], 'orphaned_runs': 0}",
                  "[" OURS ", {'flow': 'etl', 'name': 'other'}]");
    assert_string_equal(world.done.data, "check; check img:1; deploy; deploy img:1");
    close_fixture(&f);
}

static void image_of_another_prefect(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, local);
    want(&f, T("other"), T("docker.io/prefecthq/prefect:3.4-python3.11"), local);
    expect_failure(&f, ERR_SPEC, "deployment 'other': image 'docker.io/prefecthq/prefect:3.4-python3.11' has Prefect");
    assert_string_equal(world.done.data, "");
    close_fixture(&f);
}

static const struct spec_source git = { .type = T("git"),
                                        .url = T("https://h/r.git"),
                                        .secret = { .env = T("DEPLOY_TEST_TOKEN") } };

static void block_is_kept(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, git);
    world.appears = "daily";
    assert_int_equal(setenv("DEPLOY_TEST_TOKEN", "one", 1), 0);
    expect_deploy(&f, false, "{'deployments': [" DAILY "created', 'changes': []}], 'orphaned_runs': 0}", "[" OURS "]");
    assert_string_equal(world.done.data, "POST block; check; deploy");
    expect_deploy(&f, false, "{'deployments': [" DAILY "unchanged', 'changes': []}], 'orphaned_runs': 0}",
                  "[" OURS "]");
    assert_string_equal(world.done.data, "POST block; check; deploy; check");
    assert_int_equal(setenv("DEPLOY_TEST_TOKEN", "two", 1), 0);
    expect_deploy(&f, false, "{'deployments': [" DAILY "unchanged', 'changes': []}], 'orphaned_runs': 0}",
                  "[" OURS "]");
    assert_string_equal(world.done.data, "POST block; check; deploy; check; PATCH two; check");
    close_fixture(&f);
}

/* A token that is refused must not stand in for the one that runs use. */
static void block_is_put_back(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, git);
    world.wrong = "";
    assert_int_equal(setenv("DEPLOY_TEST_TOKEN", "new", 1), 0);
    expect_failure(&f, ERR_AUTH, "deployment 'daily': refused");
    assert_string_equal(world.done.data, "POST block; check; DELETE");
    sbuf_reset(&world.done);
    world.block = json_string("old");
    expect_failure(&f, ERR_AUTH, "deployment 'daily': refused");
    assert_string_equal(world.done.data, "PATCH new; check; PATCH old");
    close_fixture(&f);
}

/* What an interrupted deploy has made, or may have, is in the journal, and finds its secret. */
static void interrupted(void **state)
{
    static const char *const images[] = { "", "img:1" };

    for (size_t i = 0; i < 2 * ARRAY_LEN(images); i++) {
        bool lost = i % 2 == 0;
        struct fixture f;
        struct err e = ERR_INIT;

        open_fixture(&f, state);
        want(&f, T("daily"), NULL, git);
        want(&f, T("other"), T("img:1"), local);
        world.appears = "daily";
        world.lost = lost ? images[i / 2] : NULL;
        world.refused = lost ? NULL : images[i / 2];
        world.block = json_string("old");
        assert_int_equal(setenv("DEPLOY_TEST_TOKEN", "new", 1), 0);
        json_t *earlier = fake_json("[{'flow': 'etl', 'name': 'older'}, " OURS "]");
        assert_int_equal(journal_set(f.run.journal, "flows.deployed", earlier, &e), 0);
        expect_failure(&f, lost ? ERR_NET : ERR_AUTH, lost ? "SSH is lost" : "refused");
        AUTO_JSON json_t *ours =
            fake_json("[{'flow': 'etl', 'name': 'older'}, " OURS ", {'flow': 'etl', 'name': 'other'}]");
        assert_true(json_equal(journal_get(f.run.journal, "flows.deployed"), ours));
        assert_string_equal(json_string_value(world.block), "new");
        assert_null(strstr(world.done.data, "PATCH old"));
        close_fixture(&f);
    }
}

static void secret_is_not_there(void **state)
{
    struct fixture f;

    open_fixture(&f, state);
    want(&f, T("daily"), NULL, git);
    assert_int_equal(unsetenv("DEPLOY_TEST_TOKEN"), 0);
    expect_failure(&f, ERR_AUTH, "deployment 'daily': ");
    assert_string_equal(world.done.data, "");
    close_fixture(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_and_then_left_alone),
        TEST(removed_is_named_then_pruned),
        TEST(orphaned_runs_go),
        TEST(all_images_are_checked_first),
        TEST(image_of_another_prefect),
        TEST(block_is_kept),
        TEST(block_is_put_back),
        TEST(secret_is_not_there),
        TEST(interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
