/* Servers elsewhere, pools, limits, sources, deployments and schedules: what is read, derived and warned of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <cmocka.h>
#include <sys/stat.h>

#define LOCAL  "apiVersion: slipway/v1\nname: flows\nprovider: {local: {}}\n"
#define SOURCE "flows:\n  source: {git: {url: https://h.example.com/r.git}}\n  deployments:\n"

/* Beside a folder `flows`, a prefect.yaml and a requirements.txt. */
static struct spec *must_parse(const char *text)
{
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (spec_parse("tests/data/spec/slipway.yaml", text, strlen(text), &s, &e) < 0)
        fail_msg("%s\n%s", e.msg, text);
    return s;
}

static char *beside(const char *name)
{
    AUTO_FREE char *here = realpath("tests/data/spec", NULL);

    return fsx_join(here, name);
}

static void the_runtime_decides_about_pools(void **state)
{
    AUTO_SPEC struct spec *k3s = must_parse(LOCAL);
    AUTO_SPEC struct spec *systemd = must_parse(LOCAL "runtime: systemd\n");
    AUTO_SPEC struct spec *mixed = must_parse(
        LOCAL "runtime: systemd\nprefect: {work_pools: [{name: a}, {name: b, type: docker, docker_socket: true}]}\n");

    (void)state;
    assert_string_equal(k3s->prefect.work_pools[0].type, "kubernetes");
    assert_string_equal(systemd->runtime, "systemd");
    assert_int_equal(systemd->prefect.n_work_pools, 1);
    assert_string_equal(systemd->prefect.work_pools[0].name, "default");
    assert_string_equal(systemd->prefect.work_pools[0].type, "process");
    assert_int_equal(systemd->prefect.work_pools[0].concurrency, -1);
    assert_string_equal(mixed->prefect.work_pools[0].type, "process");
    assert_false(mixed->prefect.work_pools[0].docker_socket);
    assert_string_equal(mixed->prefect.work_pools[1].type, "docker");
    assert_true(mixed->prefect.work_pools[1].docker_socket);
}

static void databases(void **state)
{
    static const char *const sqlite[] = { "database: sqlite", "database: {type: sqlite}",
                                          "database:\n      type: sqlite" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sqlite); i++) {
        AUTO_FREE char *text = xasprintf(LOCAL "runtime: systemd\nprefect:\n  server:\n    %s\n", sqlite[i]);
        AUTO_SPEC struct spec *s = must_parse(text);
        assert_string_equal(s->prefect.server.database.type, "sqlite");
    }
    /* No volume is made, so the disk's size says nothing about the database's. */
    AUTO_SPEC struct spec *small = must_parse(LOCAL "runtime: systemd\nmachine: {disk_gib: 8}\n");
    assert_int_equal(small->prefect.server.database.size_gib, 8);
    AUTO_SPEC struct spec *empty = must_parse(LOCAL "prefect: {server: {database: }}\n");
    assert_string_equal(empty->prefect.server.database.type, "postgres");
}

static void servers_elsewhere(void **state)
{
    AUTO_SPEC struct spec *cloud =
        must_parse(LOCAL "prefect: {server: {cloud: {account: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, "
                         "workspace: 7d444840-9dc0-41d1-b245-5ffdce74fad2, key: {file: keys/cloud}}}}\n");
    AUTO_SPEC struct spec *url = must_parse(
        LOCAL "prefect: {server: {url: 'https://p.example.com:8443/prefect/api//', auth: {env: PREFECT_AUTH}}}\n");
    AUTO_FREE char *key = beside("keys/cloud");

    (void)state;
    assert_string_equal(cloud->prefect.server.cloud.account, "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    assert_string_equal(cloud->prefect.server.cloud.workspace, "7d444840-9dc0-41d1-b245-5ffdce74fad2");
    assert_string_equal(cloud->prefect.server.cloud.key.file, key);
    assert_null(cloud->prefect.server.cloud.key.env);
    assert_null(cloud->prefect.server.url);
    assert_string_equal(url->prefect.server.url, "https://p.example.com:8443/prefect/api");
    assert_string_equal(url->prefect.server.auth.env, "PREFECT_AUTH");
    assert_null(url->prefect.server.auth.file);
    assert_null(url->prefect.server.cloud.account);
}

static void queues_and_limits(void **state)
{
    AUTO_SPEC struct spec *s =
        must_parse(LOCAL "prefect:\n"
                         "  work_pools:\n"
                         "    - {name: a, queues: [{name: q}, {name: r, concurrency: 2}, {name: x, priority: 9}]}\n"
                         "    - {name: b, queues: [{name: q, priority: 7}]}\n"
                         "  limits: [{name: w h, slots: 3}, {name: api, slots: 60, slot_decay_per_second: 0.5}]\n"
                         "  automations: {pending_min: 0, zombie_min: 9}\n"
                         "  server: {events_days: 365, runs_days: 0}\n");
    const struct spec_pool *a = &s->prefect.work_pools[0], *b = &s->prefect.work_pools[1];

    (void)state;
    assert_int_equal(a->n_queues, 3);
    assert_int_equal(a->queues[0].priority, 1);
    assert_int_equal(a->queues[0].concurrency, 0);
    assert_string_equal(a->queues[1].name, "r");
    assert_int_equal(a->queues[1].priority, 2);
    assert_int_equal(a->queues[1].concurrency, 2);
    assert_int_equal(a->queues[2].priority, 9);
    assert_int_equal(b->n_queues, 1);
    assert_int_equal(b->queues[0].priority, 7);
    assert_int_equal(s->prefect.n_limits, 2);
    assert_string_equal(s->prefect.limits[0].name, "w h");
    assert_int_equal(s->prefect.limits[0].slots, 3);
    assert_true(s->prefect.limits[0].slot_decay_per_second == 0);
    assert_true(s->prefect.limits[1].slot_decay_per_second == 0.5);
    assert_int_equal(s->prefect.automations.pending_min, 0);
    assert_int_equal(s->prefect.automations.zombie_min, 9);
    assert_int_equal(s->prefect.server.events_days, 365);
    assert_int_equal(s->prefect.server.runs_days, 0);
}

#define COMMIT "1f0c3a5e7d9b2846a0c1e3f5d7b9284610acce55"

static void sources(void **state)
{
    static const char *const texts[] = {
        "{local: {path: flows}}",
        "{git: {url: 'git@h.example.com:team/r.git', tag: v1.0, }}",
        "{git: {url: 'https://h.example.com:8443/r.git', commit: " COMMIT ", token: {env: T}}}",
        "{git: {url: 'file:///srv/git/r.git', branch: feature/a-b}}",
        "{git: {url: 'ssh://git@[2001:db8::7]:2222/r.git'}}",
        "{s3: {bucket: b.ucket, endpoint: 'http://127.0.0.1:9000', region: eu-west-1, credentials: {env: C}}}",
        "{gcs: {bucket: b_cket, folder: a/b, credentials: {file: /k.json}}}",
        "{azure: {container: box, connection: {env: C}}}",
        "{image: {path: /opt/flows}}",
    };
    struct spec *s[ARRAY_LEN(texts)];
    AUTO_FREE char *local = beside("flows");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_FREE char *text = xasprintf(LOCAL "flows: {source: %s}\n", texts[i]);
        s[i] = must_parse(text);
    }
    assert_string_equal(s[0]->flows.source.type, "local");
    assert_string_equal(s[0]->flows.source.path, local);
    assert_string_equal(s[1]->flows.source.type, "git");
    assert_string_equal(s[1]->flows.source.url, "git@h.example.com:team/r.git");
    assert_string_equal(s[1]->flows.source.tag, "v1.0");
    assert_null(s[1]->flows.source.branch);
    assert_string_equal(s[2]->flows.source.commit, "1f0c3a5e7d9b2846a0c1e3f5d7b9284610acce55");
    assert_string_equal(s[2]->flows.source.secret.env, "T");
    assert_string_equal(s[3]->flows.source.url, "file:///srv/git/r.git");
    assert_string_equal(s[3]->flows.source.branch, "feature/a-b");
    assert_string_equal(s[5]->flows.source.type, "s3");
    assert_string_equal(s[5]->flows.source.bucket, "b.ucket");
    assert_string_equal(s[5]->flows.source.folder, ""); /* all of it */
    assert_string_equal(s[5]->flows.source.url, "http://127.0.0.1:9000");
    assert_string_equal(s[5]->flows.source.region, "eu-west-1");
    assert_string_equal(s[6]->flows.source.folder, "a/b");
    assert_string_equal(s[6]->flows.source.secret.file, "/k.json");
    assert_null(s[6]->flows.source.url);
    assert_string_equal(s[7]->flows.source.bucket, "box");
    assert_string_equal(s[8]->flows.source.path, "/opt/flows");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        spec_free(s[i]);
}

static void a_prefect_yaml_is_named(void **state)
{
    AUTO_SPEC struct spec *s = must_parse(LOCAL "flows: {from: ./prefect.yaml}\n");
    AUTO_FREE char *want = beside("prefect.yaml");

    (void)state;
    assert_string_equal(s->flows.from, want);
    assert_int_equal(s->flows.n_deployments, 0);
}

static void deployments(void **state)
{
    AUTO_FREE char *local = beside("flows"), *requirements = beside("requirements.txt");
    AUTO_SPEC struct spec *s =
        must_parse(LOCAL "prefect: {work_pools: [{name: default}, {name: batch, queues: [{name: urgent}]}]}\n" SOURCE
                         "    - name: nightly run\n"
                         "      entrypoint: ./etl.py:Flows.etl\n"
                         "      description: 'Loads: all'\n"
                         "      pool: batch\n"
                         "      queue: urgent\n"
                         "      image: r.example.com:5000/flows:1\n"
                         "      requirements: requirements.txt\n"
                         "      version: '1.10'\n"
                         "      tags: [a, b c]\n"
                         "      parameters: {n: 3, list: [1]}\n"
                         "      job_variables: {env: {A: b}}\n"
                         "      concurrency: {limit: 2, collision: cancel_new}\n"
                         "      paused: true\n"
                         "      source: {local: {path: flows/}}\n"
                         "      schedules:\n"
                         "        - {cron: '@daily', timezone: Europe/Brussels, parameters: {n: 4}, active: false}\n"
                         "        - {interval: 60, anchor: '2026-01-01T00:00:00Z', slug: each_minute}\n"
                         "    - {name: other, entrypoint: 'etl.py:etl', concurrency: 3, queue: default}\n");
    const struct spec_deployment *d = &s->flows.deployments[0], *other = &s->flows.deployments[1];
    AUTO_FREE char *parameters = jsonx_text(d->parameters, 0), *variables = jsonx_text(d->job_variables, 0);
    AUTO_FREE char *of_schedule = jsonx_text(d->schedules[0].parameters, 0);

    (void)state;
    assert_string_equal(d->name, "nightly run");
    assert_string_equal(d->entrypoint, "etl.py:Flows.etl");
    assert_string_equal(d->description, "Loads: all");
    assert_string_equal(d->pool, "batch");
    assert_string_equal(d->queue, "urgent");
    assert_string_equal(d->image, "r.example.com:5000/flows:1");
    assert_string_equal(d->requirements, requirements);
    assert_string_equal(d->version, "1.10");
    assert_int_equal(d->tags.len, 2);
    assert_string_equal(d->tags.items[1], "b c");
    assert_string_equal(parameters, "{\"list\":[1],\"n\":3}");
    assert_string_equal(variables, "{\"env\":{\"A\":\"b\"}}");
    assert_int_equal(d->concurrency, 2);
    assert_string_equal(d->collision, "cancel_new");
    assert_true(d->paused);
    assert_string_equal(d->source.type, "local");
    assert_string_equal(d->source.path, local);
    assert_int_equal(d->n_schedules, 2);
    assert_string_equal(d->schedules[0].cron, "@daily");
    assert_string_equal(d->schedules[0].timezone, "Europe/Brussels");
    assert_string_equal(d->schedules[0].slug, "cron-daily-europe-brussels");
    assert_string_equal(of_schedule, "{\"n\":4}");
    assert_false(d->schedules[0].active);
    assert_int_equal(d->schedules[0].interval_s, 0);
    assert_int_equal(d->schedules[1].interval_s, 60);
    assert_string_equal(d->schedules[1].anchor, "2026-01-01T00:00:00Z");
    assert_string_equal(d->schedules[1].timezone, "UTC");
    assert_string_equal(d->schedules[1].slug, "each_minute");
    assert_true(d->schedules[1].active);
    assert_true(json_is_object(d->schedules[1].parameters));
    assert_int_equal(other->concurrency, 3);
    assert_string_equal(other->collision, "enqueue");
    assert_string_equal(other->queue, "default");
    assert_null(other->pool);
    assert_null(other->image);
    assert_null(other->requirements);
    assert_null(other->version);
    assert_null(other->description);
    assert_null(other->source.type);
    assert_false(other->paused);
    assert_int_equal(other->tags.len, 0);
    assert_int_equal(other->n_schedules, 0);
    assert_true(json_is_object(other->parameters) && json_is_object(other->job_variables));
}

static void what_is_allowed(void **state)
{
    static const char *const good[] = {
        "flows:\n",
        "flows: {source: , deployments: , from: }\n",
        "flows: {source: {git: {url: 'https://h.example.com/r'}}, deployments: []}\n",
        "flows: {source: {git: {url: 'http://10.0.0.1:3000/r'}}}\n", /* no token to send */
        "prefect: {server: {auth: , cloud: {account: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, workspace: "
        "7d444840-9dc0-41d1-b245-5ffdce74fad2}}, limits: , automations: }\n",
        SOURCE "    - {name: a, entrypoint: 'a.py:f'}\n    - {name: a, entrypoint: 'a.py:g'}\n", /* two flows */
        SOURCE "    - {name: a, entrypoint: 'a.py:f', schedules: [{cron: '0 6 * * *'}, {cron: '0 7 * * *'}]}\n",
        "runtime: systemd\nk3s:\nhelm:\nprefect: {server: {values: }}\n", /* as init leaves them */
        "prefect: {work_pools: [{name: a, docker_socket: false, queues: []}]}\n",
        "runtime: systemd\nprefect: {work_pools: [{name: d, type: docker, docker_socket: true}]}\n" SOURCE
        "    - {name: a, entrypoint: 'a.py:f', image: 'flows:1', source: {image: {path: /opt}}}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO_FREE char *text = xasprintf(LOCAL "%s", good[i]);
        AUTO_SPEC struct spec *s = must_parse(text);
        assert_int_equal(s->warnings.len, 0);
    }
}

static void what_is_unwise_is_a_warning(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { SOURCE "    - {name: a, entrypoint: 'a.py:f', schedules: [{rrule: FREQ=DAILY}]}\n",
          "7:59: 'flows.deployments[0].schedules[0].rrule' costs the scheduler up to a core" },
        { SOURCE "    - {name: a, entrypoint: 'a.py:f', schedules: [{interval: 3}]}\n",
          "7:5: 'flows.deployments' has 1 schedule with an interval below 60 s, which starts 20 runs a minute" },
        { SOURCE "    - {name: a, entrypoint: 'a.py:f', schedules: [{interval: 55}, {interval: 56}, {interval: 57}, "
                 "{interval: 58}, {interval: 59}]}\n",
          "'flows.deployments' has 5 schedules with an interval below 60 s, which start 5 runs a minute" },
        { "prefect: {server: {url: 'http://10.0.0.1:4200/api', auth: {env: A}}}\n",
          "4:25: 'prefect.server.url' is plain http, so the password of 'auth' can be read on the way" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *text = xasprintf(LOCAL "%s", cases[i].text);
        AUTO_SPEC struct spec *s = must_parse(text);
        assert_int_equal(s->warnings.len, 1);
        if (!strstr(s->warnings.items[0], cases[i].want))
            fail_msg("case %zu: %s", i, s->warnings.items[0]);
        assert_int_equal(strncmp(s->warnings.items[0], "tests/data/spec/slipway.yaml:", 29), 0);
    }
    AUTO_SPEC struct spec *idle =
        must_parse(LOCAL SOURCE "    - {name: a, entrypoint: 'a.py:f', schedules: [{interval: 3, active: false}]}\n"
                                "    - {name: b, entrypoint: 'a.py:f', paused: true, schedules: [{interval: 1}]}\n"
                                "    - {name: c, entrypoint: 'a.py:f', schedules: [{interval: 60}, {interval: 15}]}\n");
    assert_int_equal(idle->warnings.len, 0);
}

static void a_secret_that_others_can_read_is_a_warning(void **state)
{
    char path[] = "/tmp/slipway-secret-XXXXXX";
    AUTO_CLOSE int fd = mkstemp(path);
    AUTO_FREE char *text =
        xasprintf(LOCAL "prefect: {server: {url: 'https://h.example.com/api', auth: {file: %s}}}\n", path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0644), 0);
    AUTO_SPEC struct spec *open = must_parse(text);
    assert_int_equal(open->warnings.len, 1);
    assert_non_null(strstr(open->warnings.items[0], "'prefect.server.auth.file' names a file that others can read"));
    assert_int_equal(fchmod(fd, 0600), 0);
    AUTO_SPEC struct spec *closed = must_parse(text);
    assert_int_equal(closed->warnings.len, 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_runtime_decides_about_pools),
        cmocka_unit_test(databases),
        cmocka_unit_test(servers_elsewhere),
        cmocka_unit_test(queues_and_limits),
        cmocka_unit_test(sources),
        cmocka_unit_test(a_prefect_yaml_is_named),
        cmocka_unit_test(deployments),
        cmocka_unit_test(what_is_allowed),
        cmocka_unit_test(what_is_unwise_is_a_warning),
        cmocka_unit_test(a_secret_that_others_can_read_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
