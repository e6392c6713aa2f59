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
#include <errno.h>

#define HEAD  "apiVersion: slipway/v1\nname: flows\n"
#define LOCAL HEAD "provider: {local: {}}\n"

static struct spec *must_parse(const char *path, const char *text)
{
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (spec_parse(path, text, strlen(text), &s, &e) < 0)
        fail_msg("%s", e.msg);
    return s;
}

static void defaults_are_applied(void **state)
{
    AUTO_SPEC struct spec *s = must_parse("slipway.yaml", LOCAL);

    (void)state;
    assert_string_equal(s->name, "flows");
    assert_string_equal(s->provider, "local");
    assert_string_equal(s->local.driver, "auto");
    assert_string_equal(s->machine.size, "auto");
    assert_int_equal(s->machine.disk_gib, 20);
    assert_string_equal(s->machine.image, "debian-12");
    assert_int_equal(s->machine.trust.len, 0);
    assert_int_equal(s->access.ssh_from.len, 1);
    assert_string_equal(s->access.ssh_from.items[0], "auto");
    assert_string_equal(s->access.ui, "tunnel");
    assert_string_equal(s->runtime, "k3s");
    assert_null(s->k3s.version);
    assert_int_equal(json_object_size(s->k3s.config), 0);
    assert_true(json_is_object(s->k3s.config));
    assert_null(s->helm.version);
    assert_null(s->prefect.version);
    assert_int_equal(s->prefect.server.database.size_gib, 8);
    assert_null(s->prefect.server.database.image);
    assert_true(json_is_object(s->prefect.server.resources));
    assert_true(json_is_object(s->prefect.server.values));
    assert_int_equal(s->prefect.worker.replicas, 1);
    assert_true(json_is_object(s->prefect.worker.values));
    assert_int_equal(s->prefect.n_work_pools, 1);
    assert_string_equal(s->prefect.work_pools[0].name, "default");
    assert_string_equal(s->prefect.work_pools[0].type, "kubernetes");
    assert_int_equal(s->prefect.work_pools[0].concurrency, -1);
    assert_false(s->prefect.work_pools[0].docker_socket);
    assert_int_equal(s->prefect.work_pools[0].n_queues, 0);
    assert_string_equal(s->prefect.server.database.type, "postgres");
    assert_null(s->prefect.server.cloud.account);
    assert_null(s->prefect.server.cloud.key.env);
    assert_null(s->prefect.server.url);
    assert_int_equal(s->prefect.server.events_days, 2);
    assert_int_equal(s->prefect.server.runs_days, 90);
    assert_int_equal(s->prefect.n_limits, 0);
    assert_int_equal(s->prefect.automations.pending_min, 15);
    assert_int_equal(s->prefect.automations.zombie_min, 10);
    assert_null(s->flows.from);
    assert_null(s->flows.source.type);
    assert_int_equal(s->flows.n_deployments, 0);
    assert_int_equal(s->warnings.len, 0);
    assert_null(s->artifacts.dir);
    assert_int_equal(s->artifacts.mirrors.len, 0);
    assert_string_equal(s->on_failure, "keep");
    assert_int_equal(json_object_size(s->timeouts), 0);
}

static void ssh_is_read(void **state)
{
    static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYvEdrWPaURnrJ3bBIj8G6Ax3yHb+9OQKuxUC2mMBVj";
    AUTO_FREE char *text = xasprintf(HEAD "provider:\n  ssh:\n    host: 2001:db8::7\n    port: 2222\n    host_key: %s "
                                          "root@h1\n    identity: keys/id\n",
                                     key);
    AUTO_SPEC struct spec *s = must_parse("/srv/specs/slipway.yaml", text);

    (void)state;
    assert_string_equal(s->provider, "ssh");
    assert_string_equal(s->ssh.host, "2001:db8::7");
    assert_int_equal(s->ssh.port, 2222);
    assert_string_equal(s->ssh.user, "root");
    assert_string_equal(s->ssh.host_key, key); /* without the comment */
    assert_string_equal(s->ssh.identity, "/srv/specs/keys/id");
}

static void paths_start_at_the_spec(void **state)
{
    static const struct {
        const char *dir, *want;
    } cases[] = {
        { "artifacts", "/srv/specs/artifacts" },
        { "./artifacts", "/srv/specs/artifacts" },
        { ".", "/srv/specs" },
        { "../a", "/srv/specs/../a" },
        { "/abs/a", "/abs/a" },
        { "~/a", "/home/tester/a" },
        { "\"~x\"", "/srv/specs/~x" },
    };

    (void)state;
    assert_int_equal(setenv("HOME", "/home/tester", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *text = xasprintf(LOCAL "artifacts: {dir: %s}\n", cases[i].dir);
        AUTO_SPEC struct spec *s = must_parse("/srv/specs/slipway.yaml", text);
        assert_string_equal(s->artifacts.dir, cases[i].want);
    }
}

static void a_relative_spec_gives_absolute_paths(void **state)
{
    AUTO_SPEC struct spec *s = must_parse("slipway.yaml", LOCAL "artifacts: {dir: a}\n");
    AUTO_FREE char *here = realpath(".", NULL), *want = fsx_join(here, "a");

    (void)state;
    assert_string_equal(s->artifacts.dir, want);
}

static void free_mappings_become_json(void **state)
{
    AUTO_SPEC struct spec *s = must_parse("slipway.yaml", LOCAL "prefect:\n"
                                                                "  server:\n"
                                                                "    values:\n"
                                                                "      n: 3\n"
                                                                "      neg: -7\n"
                                                                "      f: 1.5\n"
                                                                "      t: true\n"
                                                                "      quoted: 'true'\n"
                                                                "      version: \"1.10\"\n"
                                                                "      none: ~\n"
                                                                "      port: 8080:80\n"
                                                                "      list: [1, a, {b: []}]\n"
                                                                "      text: |\n"
                                                                "        two\n"
                                                                "        lines\n");
    AUTO_FREE char *got = jsonx_text(s->prefect.server.values, 0);

    (void)state;
    assert_string_equal(got, "{\"f\":1.5,\"list\":[1,\"a\",{\"b\":[]}],\"n\":3,\"neg\":-7,\"none\":null,"
                             "\"port\":\"8080:80\",\"quoted\":\"true\",\"t\":true,\"text\":\"two\\nlines\\n\","
                             "\"version\":\"1.10\"}");
}

static void good_specs_are_accepted(void **state)
{
    static const char *const good[] = {
        "provider:\n  local:\n", /* an empty section is one left out */
        "provider: {local: {}}\nmachine:\nk3s: ~\nprefect: {server: {values: }}\n",
        "provider: {local: {}}\nartifacts: {dir: null, mirrors: [http://10.0.0.1:8080]}\n",
        "provider: {local: {}}\nmachine: {size: 256x1024}\n",
        "provider: {local: {}}\naccess: {ssh_from: [0.0.0.0/0, '::/0', auto]}\n",
        "provider: {local: {}}\nprefect: {version: 3.8.3}\n",
        "provider: {local: {}}\nprefect: {version: 3.10.0}\n",
        "provider: {local: {}}\nprefect: {version: 4.0.0}\n",
        ("provider: {local: {}}\nprefect: {server: {database: {image: 'r:5000/pg@sha256:"
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}}}\n"),
        "provider: {local: {}}\nprefect: {work_pools: [{name: a}, {name: b, concurrency: 10000}]}\n",
        "provider: {local: {}}\nk3s: {config: {disable: [traefik], 'kubelet-arg+': [v=2], cluster-init: true}}\n",
        "provider: {local: {}}\ntimeouts: {machine: 1, teardown: 86400}\n",
        "provider: {local: {}}\n...\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO_FREE char *text = xasprintf(HEAD "%s", good[i]);
        AUTO_SPEC struct spec *s = NULL;
        struct err e = ERR_INIT;
        if (spec_parse("slipway.yaml", text, strlen(text), &s, &e) < 0)
            fail_msg("case %zu: %s", i, e.msg);
    }
}

static void a_certificate_is_trusted(void **state)
{
    AUTO_SPEC struct spec *s = must_parse("tests/data/spec/f.yaml", LOCAL "machine: {trust: [ca.pem]}\n");
    AUTO_FREE char *want = realpath("tests/data/spec/ca.pem", NULL);

    (void)state;
    assert_int_equal(s->machine.trust.len, 1);
    assert_string_equal(s->machine.trust.items[0], want);
}

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

static void examples_are_accepted(void **state)
{
    struct dirent **list = NULL;
    int n = scandir("examples", &list, is_yaml, alphasort);

    (void)state;
    assert_true(n >= 7);
    for (int i = 0; i < n; i++) {
        AUTO_FREE struct dirent *d = list[i];
        AUTO_FREE char *path = xasprintf("examples/%s", d->d_name);
        AUTO_SPEC struct spec *s = NULL;
        struct err e = ERR_INIT;
        if (spec_load(path, &s, &e) < 0)
            fail_msg("%s", e.msg);
        assert_true(s->warnings.len == 0 || strcmp(d->d_name, "full.yaml") == 0);
    }
    free(list);
}

static void problems_come_as_rows(void **state)
{
    AUTO_PROBLEMS struct spec_problems p = { 0 };
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(spec_load_problems("tests/data/spec/bad/issue_all_at_once.yaml", &s, &p, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    assert_int_equal(p.n, 5);
    assert_int_equal(p.more, 0);
    assert_int_equal(p.rows[3].line, 5);
    assert_int_equal(p.rows[3].column, 21);
    assert_string_equal(p.rows[3].path, "machine.disk_gib");
    spec_problems_done(&p);
    assert_int_equal(spec_load_problems("tests/data/spec/bad/many.yaml", &s, &p, &e), -1);
    assert_int_equal(p.n, SPEC_PROBLEMS_MAX);
    assert_int_equal(p.n + p.more, 40);
}

static void a_missing_file_has_a_remedy(void **state)
{
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(spec_load("tests/data/spec/none.yaml", &s, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.hint, "slipway init"));
}

static void a_file_too_long_is_refused(void **state)
{
    char path[] = "/tmp/slipway-spec-XXXXXX";
    AUTO_CLOSE int fd = mkstemp(path);
    AUTO_FREE char *text = xcalloc(300000, 1);
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_true(fd >= 0);
    memset(text, '#', 300000);
    assert_int_equal(fsx_write_all(fd, text, 300000, &e), 0);
    assert_int_equal(spec_load(path, &s, &e), -1);
    (void)unlink(path);
    assert_int_equal(e.code, ERR_SPEC);
    assert_non_null(strstr(e.msg, ":1:1: larger than 256 KiB"));
}

static void secrets_stay_out_of_messages(void **state)
{
    static const char *const texts[] = {
        "provider: {ssh: {host: h, host_key: x, identity: \"-----BEGIN X-----HUNTER2\"}}\n",
        "provider: {local: {}}\nartifacts: {mirrors: ['https://u:HUNTER2@h/']}\n",
        "provider: {local: {}}\nmachine: {trust: \"-----BEGIN X-----HUNTER2\"}\n",
        "provider: {local: {}}\nmachine: {size: \"-----BEGIN X-----HUNTER2\"}\n",
        "provider: {local: {}}\nname: \"-----BEGIN X-----HUNTER2\"\n",
        "provider: {local: {}}\nk3s: {config: {token: HUNTER2, datastore-endpoint: 'p://u:HUNTER2@h'}}\n",
        "provider: {local: {}}\nmachine: {trust: [\"-----BEGIN PRIVATE KEY-----HUNTER2\"]}\n",
        "provider: {local: {}}\nprefect: {server: {url: 'https://u:HUNTER2@h/api'}}\n",
        "provider: {local: {}}\nprefect: {server: {url: 'https:/u:HUNTER2@h/api'}}\n",
        "provider: {local: {}}\nprefect: {server: {cloud: {key: pnu_HUNTER2}}}\n",
        "provider: {local: {}}\nprefect: {server: {cloud: {key: {env: pnu_HUNTER2}}}}\n",
        "provider: {local: {}}\nprefect: {server: {cloud: {key: {env: 'HUNTER2 x'}}}}\n",
        "provider: {local: {}}\nprefect: {server: {cloud: {key: {env: [HUNTER2]}}}}\n",
        "provider: {local: {}}\nprefect: {server: {cloud: {key: {file: \"-----BEGIN X-----HUNTER2\"}}}}\n",
        "provider: {local: {}}\nflows: {source: {git: {url: 'https://HUNTER2@h/r'}}}\n",
        "provider: {local: {}}\nflows: {source: {git: {url: 'ssh://git:HUNTER2@h/r'}}}\n",
        "provider: {local: {}}\nflows: {source: {git: {url: 'https://u:HUNTER2 @h/r'}}}\n",
        "provider: {local: {}}\nflows: {source: {git: {url: 'https://h/r?access_token=HUNTER2'}}}\n",
        "provider: {local: {}}\nflows: {source: {git: {url: https://h/r, token: HUNTER2}}}\n",
        "provider: {local: {}}\nflows: {source: {s3: {bucket: b12, credentials: '{\"x\": \"HUNTER2\"}'}}}\n",
        "provider: {local: {}}\nflows: {source: {s3: {bucket: b12, endpoint: 'https://u:HUNTER2@h'}}}\n",
        "provider: {local: {}}\nflows: {source: {gcs: {bucket: b12, credentials: {file: '{\"x\": \"HUNTER2\"}'}}}}\n",
        "provider: {local: {}}\nflows: {source: {azure: {container: b12, connection: 'AccountKey=HUNTER2'}}}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_FREE char *text = xasprintf(HEAD "%s", texts[i]);
        AUTO_SPEC struct spec *s = NULL;
        struct err e = ERR_INIT;
        assert_int_equal(spec_parse("slipway.yaml", text, strlen(text), &s, &e), -1);
        if (strstr(e.msg, "HUNTER2"))
            fail_msg("case %zu: the secret is in the message: %s", i, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_applied),         cmocka_unit_test(ssh_is_read),
        cmocka_unit_test(paths_start_at_the_spec),      cmocka_unit_test(a_relative_spec_gives_absolute_paths),
        cmocka_unit_test(free_mappings_become_json),    cmocka_unit_test(good_specs_are_accepted),
        cmocka_unit_test(examples_are_accepted),        cmocka_unit_test(problems_come_as_rows),
        cmocka_unit_test(a_missing_file_has_a_remedy),  cmocka_unit_test(a_file_too_long_is_refused),
        cmocka_unit_test(secrets_stay_out_of_messages), cmocka_unit_test(a_certificate_is_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
