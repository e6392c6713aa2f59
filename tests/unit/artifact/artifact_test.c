/* What is in force for a spec, and where its bytes come from: directory, cache, mirror, origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/artifact.h"
#include "artifact/lockfile.h"
#include "artifact/origin.h"
#include "artifact/pins.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/svec.h"
#include "server.h"

static struct {
    char root[64]; /* mirror/ is served over HTTP; dir/ is an artifacts directory; spec/ holds the spec */
    char *mirror, *log, *dir, *spec_dir, *cache, *out;
    struct server files, registry;
    struct clock clock;
    struct ui *ui;
} t;

/* The rows of the locks that these tests write. */
static const struct {
    const char *name, *version, *arch, *file, *text;
} rows[] = {
    { "k3s", "v1.21.2+k3s1", "amd64", "k3s-v1.21.2+k3s1-amd64", "the executable" },
    { "k3s-images", "v1.21.2+k3s1", "amd64", "a.tar.zst", "images one" },
    { "k3s-images", "v1.21.2+k3s1", "amd64", "b.tar.zst", "images two" },
    { "helm", "v3.22.0", "amd64", "helm.tar.gz", "helm" },
    { "chart-prefect-server", "2026.8.18172642", "any", "server.tgz", "chart one" },
    { "chart-prefect-worker", "2026.8.18172642", "any", "worker.tgz", "chart two" },
};

static int64_t real_mono(struct clock *c)
{
    (void)c;
    return clock_real()->mono_ms(clock_real());
}

static int no_sleep(struct clock *c, int64_t ms, struct err *e)
{
    (void)e;
    c->waited_ms += ms;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(t.root, sizeof(t.root), "/tmp/slipway-artifact.XXXXXX");
    if (!mkdtemp(t.root))
        return -1;
    t.mirror = fsx_join(t.root, "mirror");
    t.log = fsx_join(t.root, "log");
    t.dir = fsx_join(t.root, "dir");
    t.spec_dir = fsx_join(t.root, "spec");
    t.cache = fsx_join(t.root, "cache");
    t.out = fsx_join(t.root, "out");
    t.clock = (struct clock){ 0, real_mono, real_mono, no_sleep };
    t.ui = ui_new(&(struct ui_opts){ .quiet = true }, &t.clock);
    AUTO_FREE char *registry = fsx_join(t.root, "registry");
    if (mkdir(t.mirror, 0700) < 0 || mkdir(registry, 0700) < 0 || setenv("SLIPWAY_CACHE", t.cache, 1) < 0)
        return -1;
    t.files = server_start(
        (const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/fileserver.py", t.mirror, t.log, NULL });
    t.registry =
        server_start((const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/registry.py", registry, NULL });
    return 0;
}

static int teardown(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    ui_free(t.ui);
    server_stop(&t.files);
    server_stop(&t.registry);
    int rc = fsx_remove_tree(t.root, &e);
    free(t.mirror);
    free(t.log);
    free(t.dir);
    free(t.spec_dir);
    free(t.cache);
    free(t.out);
    return rc;
}

static int fresh(void **state)
{
    const char *const dirs[] = { t.mirror, t.dir, t.spec_dir, t.cache, t.out };
    struct err e = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        if (fsx_remove_tree(dirs[i], &e) < 0 || (i < 4 && fsx_mkdirs(dirs[i], 0700, &e) < 0))
            return -1;
    put_file(t.log, "", 0);
    return 0;
}

static void put_rows(const char *dir)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *path = fsx_join(dir, rows[i].file);
        put_file(path, rows[i].text, strlen(rows[i].text));
    }
}

/* A lock with the rows above and three images of the loopback registry. */
static void put_lock(const char *dir)
{
    static const char *const roles[] = { "postgres", "prefect", "prefect-worker" };
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
    AUTO_FREE char *path = fsx_join(dir, LOCKFILE_NAME);
    struct err e = ERR_INIT;

    a->k3s = xstrdup("v1.21.2+k3s1");
    a->helm = xstrdup("v3.22.0");
    a->prefect = xstrdup("3.8.3");
    a->charts = xstrdup("2026.8.18172642");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct artifact_file *f = lockfile_add_file(a);
        f->name = xstrdup(rows[i].name);
        f->version = xstrdup(rows[i].version);
        f->arch = xstrdup(rows[i].arch);
        f->file = xstrdup(rows[i].file);
        hash_sha256_hex(rows[i].text, strlen(rows[i].text), f->sha256);
    }
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct artifact_image *m = lockfile_add_image(a);
        m->role = xstrdup(roles[i]);
        m->ref = xasprintf("127.0.0.1:%d/library/postgres:17", t.registry.port);
        m->arch = xstrdup("amd64");
        (void)snprintf(m->digest, sizeof(m->digest), "sha256:%064d", 0);
    }
    assert_int_equal(lockfile_write(path, a, &e), 0);
}

static struct spec make_spec(void)
{
    struct spec s = { .path = fsx_join(t.spec_dir, "slipway.yaml") };

    return s;
}

static void spec_done(struct spec *s)
{
    free(s->path);
    svec_done(&s->artifacts.mirrors);
}

static void builtin_pins(void **state)
{
    AUTO_ARTIFACTS struct artifacts *a = NULL;
    struct spec s = make_spec();
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(artifacts_resolve(&s, &a, &e), 0);
    assert_null(a->lock_path);
    assert_string_equal(a->k3s, "v1.34.2+k3s1");
    for (const char *const *arch = (const char *const[]){ "amd64", "arm64", NULL }; *arch; arch++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            assert_non_null(artifacts_file(a, rows[i].name, *arch, NULL));
    assert_string_equal(artifacts_file(a, "helm", "amd64", NULL)->version, "v3.19.0");
    assert_null(artifacts_file(a, "helm", "amd64", artifacts_file(a, "helm", "amd64", NULL)));
    assert_string_equal(artifacts_file(a, "helm", "arm64", NULL)->version, "v3.17.3");
    assert_string_equal(artifacts_image(a, "prefect-worker", "arm64")->ref,
                        "docker.io/prefecthq/prefect:3.8.3-python3.11-kubernetes");
    assert_string_equal(artifacts_image(a, "postgres", "amd64")->digest, "");
    spec_done(&s);
}

/* The published charts are at hand: their pins must be their digests. */
static void chart_pins_are_true(void **state)
{
    (void)state;
    for (const struct pin *p = pin_table; p->name; p++) {
        AUTO_FREE char *path = xasprintf("../shared/definitions/charts/%s", p->file);
        struct err e = ERR_INIT;
        char got[HASH_HEX];
        assert_int_equal(strlen(p->sha256), 64);
        if (strcmp(p->arch, "any") != 0 || !fsx_exists(path))
            continue;
        off_t size = 0;
        assert_int_equal(hash_sha256_file(path, got, &e), 0);
        assert_string_equal(got, p->sha256);
        assert_int_equal(fsx_size(path, &size, &e), 0);
        assert_int_equal(size, p->size);
    }
}

enum lock_place { NO_LOCK, BESIDE, IN_DIR, EMPTY_DIR };

static void versions_of_spec_and_lock(void **state)
{
    static const struct {
        const char *name;
        enum lock_place lock;
        const char *k3s, *helm, *prefect, *database;
        enum err_code code;
        const char *says;
    } cases[] = {
        { "pins", NO_LOCK, "v1.34.2+k3s1", "v3.17.3", "3.8.3", NULL, ERR_NONE, "" },
        { "k3s without a pin", NO_LOCK, "v1.30.0+k3s1", NULL, NULL, NULL, ERR_SPEC, "k3s.version 'v1.30.0+k3s1'" },
        { "helm without a pin", NO_LOCK, NULL, "v3.1.0", NULL, NULL, ERR_SPEC, "helm.version 'v3.1.0'" },
        { "prefect without a pin", NO_LOCK, NULL, NULL, "3.0.0", NULL, ERR_SPEC, "prefect.version '3.0.0'" },
        { "own database image, not locked", NO_LOCK, NULL, NULL, NULL, "postgres:16", ERR_NONE, "" },
        { "lock", BESIDE, NULL, NULL, NULL, NULL, ERR_NONE, "" },
        { "lock and the same versions", BESIDE, "v1.21.2+k3s1", "v3.22.0", "3.8.3", NULL, ERR_NONE, "" },
        { "another k3s", BESIDE, "v1.34.2+k3s1", NULL, NULL, NULL, ERR_CONFLICT,
          "the spec has k3s.version 'v1.34.2+k3s1'" },
        { "another helm", BESIDE, NULL, "v3.19.0", NULL, NULL, ERR_CONFLICT, "has 'v3.22.0'" },
        { "another prefect", IN_DIR, NULL, NULL, "3.8.4", NULL, ERR_CONFLICT, "has '3.8.3'" },
        { "another database image", IN_DIR, NULL, NULL, NULL, "postgres:16", ERR_CONFLICT,
          "'docker.io/library/postgres:16'" },
        { "bad database image", BESIDE, NULL, NULL, NULL, "POSTGRES", ERR_SPEC, "prefect.server.database.image" },
        { "directory", IN_DIR, "v1.21.2+k3s1", NULL, NULL, NULL, ERR_NONE, "" },
        { "directory without a lock", EMPTY_DIR, NULL, NULL, NULL, NULL, ERR_SPEC, "has no slipway.lock" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARTIFACTS struct artifacts *a = NULL;
        AUTO_FREE char *k3s = cases[i].k3s ? xstrdup(cases[i].k3s) : NULL;
        AUTO_FREE char *helm = cases[i].helm ? xstrdup(cases[i].helm) : NULL;
        AUTO_FREE char *prefect = cases[i].prefect ? xstrdup(cases[i].prefect) : NULL;
        AUTO_FREE char *database = cases[i].database ? xstrdup(cases[i].database) : NULL;
        struct spec s = make_spec();
        struct err e = ERR_INIT;
        assert_int_equal(fresh(state), 0);
        if (cases[i].lock == BESIDE || cases[i].lock == IN_DIR)
            put_lock(cases[i].lock == BESIDE ? t.spec_dir : t.dir);
        s.artifacts.dir = cases[i].lock >= IN_DIR ? t.dir : NULL;
        s.k3s.version = k3s;
        s.helm.version = helm;
        s.prefect.version = prefect;
        s.prefect.server.database.image = database;
        int rc = artifacts_resolve(&s, &a, &e);
        spec_done(&s);
        if (e.code != cases[i].code || rc != (e.code ? -1 : 0) || !strstr(e.msg, cases[i].says))
            fail_msg("%s: got %s '%s', want '%s'", cases[i].name, err_name(e.code), e.msg, cases[i].says);
        if (e.code && strcmp(cases[i].name, "bad database image") != 0 && !e.hint[0])
            fail_msg("%s: no remedy", cases[i].name);
    }
}

/* One fetch of the row `name` with what is set up; the path or NULL. */
static char *fetch(struct spec *s, const char *name, struct err *e)
{
    AUTO_ARTIFACTS struct artifacts *a = NULL;
    const struct artifact_file *f;
    char *path = NULL;

    if (artifacts_resolve(s, &a, e) < 0 || artifacts_require(a, name, "amd64", &f, e) < 0 ||
        artifacts_fetch(a, f, &t.clock, t.ui, &path, e) < 0)
        return NULL;
    return path;
}

static void add_mirror(struct spec *s, const char *how)
{
    svec_addf(&s->artifacts.mirrors, "http://127.0.0.1:%d/%s/", t.files.port, how);
}

static void sources_in_order(void **state)
{
    struct spec s = make_spec();
    struct err e = ERR_INIT;

    (void)state;
    put_lock(t.dir);
    put_rows(t.dir);
    put_lock(t.spec_dir);
    put_rows(t.mirror);
    s.artifacts.dir = t.dir;
    AUTO_FREE char *in_dir = fetch(&s, "k3s", &e);
    AUTO_FREE char *want = fsx_join(t.dir, rows[0].file);
    assert_string_equal(in_dir, want);
    s.artifacts.dir = NULL;
    add_mirror(&s, "404");
    add_mirror(&s, "ok");
    AUTO_FREE char *fetched = fetch(&s, "k3s", &e);
    if (!fetched)
        fail_msg("%s", e.msg);
    assert_non_null(strstr(fetched, t.cache));
    AUTO_SBUF struct sbuf log = SBUF_INIT(1 << 16);
    assert_int_equal(fsx_read(t.log, &log, &e), 0);
    assert_non_null(strstr(log.data, "/404/k3s-v1.21.2%2Bk3s1-amd64 "));
    assert_non_null(strstr(log.data, "/ok/k3s-v1.21.2%2Bk3s1-amd64 "));
    AUTO_ARTIFACTS struct artifacts *a = NULL;
    AUTO_SVEC struct svec urls = SVEC_INIT;
    assert_int_equal(artifacts_resolve(&s, &a, &e), 0);
    artifacts_urls(a, artifacts_file(a, "k3s", "amd64", NULL), &urls);
    assert_int_equal(urls.len, 2);
    assert_non_null(strstr(urls.items[1], "/ok/k3s-v1.21.2%2Bk3s1-amd64"));
    /* The second time without the network. */
    put_file(t.log, "", 0);
    AUTO_FREE char *cached = fetch(&s, "k3s", &e);
    assert_string_equal(cached, fetched);
    sbuf_reset(&log);
    assert_int_equal(fsx_read(t.log, &log, &e), 0);
    assert_string_equal(log.data, "");
    spec_done(&s);
}

/* Every byte of an artifact, altered in turn, in the directory and at the mirror. */
static void altered_bytes_are_refused(void **state)
{
    size_t len = strlen(rows[0].text);

    for (size_t i = 0; i < 2 * len; i++) {
        bool at_mirror = i >= len;
        struct spec s = make_spec();
        struct err e = ERR_INIT;
        assert_int_equal(fresh(state), 0);
        put_lock(t.dir);
        AUTO_FREE char *text = xstrdup(rows[0].text);
        AUTO_FREE char *path = fsx_join(at_mirror ? t.mirror : t.dir, rows[0].file);
        text[i % len] = (char)(text[i % len] ^ 1);
        put_file(path, text, len);
        s.artifacts.dir = t.dir;
        if (at_mirror)
            add_mirror(&s, "ok");
        AUTO_FREE char *got = fetch(&s, "k3s", &e);
        spec_done(&s);
        if (got || e.code != ERR_CONFLICT || !strstr(e.msg, "want sha256") || !strstr(e.msg, rows[0].file))
            fail_msg("byte %zu: got %s: %s", i, err_name(e.code), e.msg);
    }
}

static void damaged_cache_is_fetched_again(void **state)
{
    struct spec s = make_spec();
    struct err e = ERR_INIT;

    (void)state;
    put_lock(t.spec_dir);
    put_rows(t.mirror);
    add_mirror(&s, "ok");
    AUTO_FREE char *first = fetch(&s, "helm", &e);
    assert_non_null(first);
    put_file(first, "HELM", 4);
    AUTO_FREE char *again = fetch(&s, "helm", &e);
    AUTO_SBUF struct sbuf text = SBUF_INIT(100);
    assert_int_equal(fsx_read(again, &text, &e), 0);
    assert_string_equal(text.data, "helm");
    /* And where it cannot be fetched again, the damaged file is not used. */
    put_file(first, "HELM", 4);
    spec_done(&s);
    s = make_spec();
    add_mirror(&s, "404");
    assert_null(fetch(&s, "helm", &e));
    assert_int_equal(e.code, ERR_NET);
    assert_non_null(strstr(e.msg, "HTTP 404"));
    spec_done(&s);
}

/* A release that is not what the pin says: nothing is stored, and the message says whose digest it is. */
static void wrong_pin_fails_closed(void **state)
{
    struct spec s = make_spec();
    struct err e = ERR_INIT;
    AUTO_FREE char *path = fsx_join(t.mirror, "k3s-v1.34.2+k3s1-amd64");

    (void)state;
    put_file(path, "something else", 14);
    add_mirror(&s, "ok");
    AUTO_ARTIFACTS struct artifacts *a = NULL;
    assert_int_equal(artifacts_resolve(&s, &a, &e), 0);
    struct artifact_file *f = (struct artifact_file *)(uintptr_t)artifacts_file(a, "k3s", "amd64", NULL);
    svec_done(&f->urls); /* this host cannot reach the origin anyway; do not try */
    char *got = NULL;
    assert_int_equal(artifacts_fetch(a, f, &t.clock, t.ui, &got, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, "15811d34187e03fe29d0e46108c42cc33e62cec1b3d9d80f50944536ebcad40a"));
    assert_non_null(strstr(e.hint, "built into slipway (read from 1 public source)"));
    AUTO_FREE char *cached = xasprintf("%s/artifacts/%s/%s", t.cache, f->sha256, f->file);
    assert_false(fsx_exists(cached));
    spec_done(&s);
}

static void pull_makes_a_directory_of_its_own(void **state)
{
    AUTO_ARTIFACTS struct artifacts *a = NULL;
    struct spec s = make_spec();
    struct err e = ERR_INIT;
    AUTO_FREE char *lock = fsx_join(t.spec_dir, LOCKFILE_NAME), *mine = fsx_join(t.out, LOCKFILE_NAME);
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20), again = SBUF_INIT(1 << 20);

    (void)state;
    put_lock(t.spec_dir);
    put_rows(t.mirror);
    add_mirror(&s, "ok");
    /* The lock's image digests are not what the registry has. */
    assert_int_equal(artifacts_pull(&s, "amd64", t.out, &t.clock, t.ui, &e), -1);
    assert_int_equal(e.code, ERR_REMOTE);
    assert_false(fsx_exists(mine));
    /* Let the lock name what is there: by skopeo's word. */
    AUTO_FREE char *raw = xasprintf("skopeo inspect --tls-verify=false --override-arch amd64 --format '{{.Digest}}' "
                                    "docker://127.0.0.1:%d/only/amd64:1 > %s/digest",
                                    t.registry.port, t.root);
    must_run((const char *const[]){ "sh", "-c", raw, NULL });
    AUTO_FREE char *digest_file = fsx_join(t.root, "digest");
    AUTO_SBUF struct sbuf digest = SBUF_INIT(100);
    assert_int_equal(fsx_read(digest_file, &digest, &e), 0);
    sbuf_trim(&digest);
    AUTO_FREE char *fix =
        xasprintf("sed -i 's|sha256:0000[0-9]*|%s|; s|library/postgres:17|only/amd64:1|' %s", digest.data, lock);
    must_run((const char *const[]){ "sh", "-c", fix, NULL });
    err_clear(&e);
    if (artifacts_pull(&s, "amd64", t.out, &t.clock, t.ui, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(fsx_read(mine, &text, &e), 0);
    /* What was pulled stands alone: no network, no cache. */
    spec_done(&s);
    s = make_spec();
    s.artifacts.dir = t.out;
    assert_int_equal(fsx_remove_tree(t.cache, &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_FREE char *path = fetch(&s, rows[i].name, &e);
        if (!path)
            fail_msg("%s: %s", rows[i].name, e.msg);
    }
    assert_int_equal(artifacts_resolve(&s, &a, &e), 0);
    const struct artifact_image *m = artifacts_image(a, "prefect", "amd64");
    assert_string_equal(m->digest, digest.data);
    AUTO_FREE char *archive = NULL;
    assert_int_equal(artifacts_image_fetch(a, m, &archive, &e), 0);
    assert_non_null(archive);
    /* A pull of what is there already, offline, changes nothing. */
    assert_int_equal(artifacts_pull(&s, "amd64", t.out, &t.clock, t.ui, &e), 0);
    assert_int_equal(fsx_read(mine, &again, &e), 0);
    assert_string_equal(text.data, again.data);
    put_file(archive, "x", 1);
    AUTO_FREE char *refused = NULL;
    assert_int_equal(artifacts_image_fetch(a, m, &refused, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    spec_done(&s);
}

static void published_checksums(void **state)
{
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

    static const struct {
        const char *text, *name, *want;
    } cases[] = {
        { A "  k3s\n" B "  k3s-arm64\n", "k3s-arm64", B },
        { A "  k3s-arm64\n" B "  k3s\n", "k3s", B },
        { A " *k3s\r\n", "k3s", A },
        { A "  k3s", "k3s", A },
        { A "  k3s\n", "k3", NULL },
        { A "  x/k3s\n", "k3s", NULL },
        { "short  k3s\n", "k3s", NULL },
        { A, "k3s", NULL },
        { A " ", "k3s", NULL },
        { "\n\n", "k3s", NULL },
        { "", "k3s", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[65] = "";
        bool found = origin_sum(cases[i].text, cases[i].name, got);
        if (found != (cases[i].want != NULL) || (found && strcmp(got, cases[i].want) != 0))
            fail_msg("case %zu: got '%s'", i, got);
    }
}

/* The origin of the pinned version must be the pin's URL and name: one rule makes both. */
static void origins_agree_with_the_pins(void **state)
{
    (void)state;
    for (const struct pin *p = pin_table; p->name; p++) {
        AUTO_ORIGIN struct origin o;
        if (!origin_of(p->name, p->version, p->arch, &o)) {
            assert_int_equal(strncmp(p->name, "chart", 5), 0);
            continue;
        }
        assert_string_equal(o.url, p->url);
        assert_string_equal(o.file, p->file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(builtin_pins, fresh),
        cmocka_unit_test(chart_pins_are_true),
        cmocka_unit_test(origins_agree_with_the_pins),
        cmocka_unit_test(published_checksums),
        cmocka_unit_test_setup(versions_of_spec_and_lock, fresh),
        cmocka_unit_test_setup(sources_in_order, fresh),
        cmocka_unit_test_setup(altered_bytes_are_refused, fresh),
        cmocka_unit_test_setup(damaged_cache_is_fetched_again, fresh),
        cmocka_unit_test_setup(wrong_pin_fails_closed, fresh),
        cmocka_unit_test_setup(pull_makes_a_directory_of_its_own, fresh),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
