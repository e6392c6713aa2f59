/* Wheels of runtime systemd: what a file name says, which one is chosen, where it comes from, what an index offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/lockfile.h"
#include "artifact/pins.h"
#include "artifact/wheel_name.h"
#include "artifact/wheels.h"
#include "artifact/wheels_index.h"
#include "artifact/wheels_pins.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "net/http.h"
#include "server.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct {
    char root[64]; /* mirror/ is served over HTTP */
    char *mirror, *log, *cache;
    struct server files;
    struct clock clock;
    struct ui *ui;
} t;

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
    (void)snprintf(t.root, sizeof(t.root), "/tmp/slipway-wheels.XXXXXX");
    if (!mkdtemp(t.root))
        return -1;
    t.mirror = fsx_join(t.root, "mirror");
    t.log = fsx_join(t.root, "log");
    t.cache = fsx_join(t.root, "cache");
    t.clock = (struct clock){ 0, real_mono, real_mono, no_sleep };
    t.ui = ui_new(&(struct ui_opts){ .quiet = true }, &t.clock);
    if (mkdir(t.mirror, 0700) < 0 || setenv("SLIPWAY_CACHE", t.cache, 1) < 0)
        return -1;
    t.files = server_start(
        (const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/fileserver.py", t.mirror, t.log, NULL });
    return 0;
}

static int teardown(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    ui_free(t.ui);
    server_stop(&t.files);
    int rc = fsx_remove_tree(t.root, &e);
    free(t.mirror);
    free(t.log);
    free(t.cache);
    return rc;
}

static int fresh(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    if (fsx_remove_tree(t.cache, &e) < 0 || fsx_mkdirs(t.cache, 0700, &e) < 0)
        return -1;
    put_file(t.log, "", 0);
    return 0;
}

// clang-format off
static const struct {
    const char *name, *better, *worse; /* "" for worse: `better` fits at all; NULL for better: `worse` does not fit */
    int minor;
    const char *arch;
} ranks[] = {
    { "pure", "a-1-py3-none-any.whl", "", 11, "amd64" },
    { "pure for two", "a-1-py2.py3-none-any.whl", "", 13, "arm64" },
    { "own minor before abi3", "a-1-cp311-cp311-manylinux2014_x86_64.whl", "a-1-cp39-abi3-manylinux2014_x86_64.whl", 11, "amd64" },
    { "abi3 before pure", "a-1-cp37-abi3-manylinux_2_28_x86_64.whl", "a-1-py3-none-any.whl", 12, "amd64" },
    { "newer abi3 before older", "a-1-cp311-abi3-manylinux2014_x86_64.whl", "a-1-cp38-abi3-manylinux2014_x86_64.whl", 13, "amd64" },
    { "machine code without ABI before none", "a-1-py3-none-manylinux2014_x86_64.whl", "a-1-py3-none-any.whl", 11, "amd64" },
    { "older glibc first", "a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl", 12, "amd64" },
    { "oldest of several platforms", "a-1-cp311-cp311-manylinux_2_28_x86_64.manylinux1_x86_64.whl", "a-1-cp311-cp311-manylinux2010_x86_64.whl", 11, "amd64" },
    { "build number", "a-1-2-py3-none-any.whl", "", 11, "amd64" },
    { "arm64", "a-1-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", "", 11, "arm64" },
    { "own minor without ABI", "a-1-cp311-none-any.whl", "", 11, "amd64" },
    { "abi3 of a newer minor", NULL, "a-1-cp313-abi3-manylinux2014_x86_64.whl", 12, "amd64" },
    { "another minor", NULL, "a-1-cp312-cp312-manylinux2014_x86_64.whl", 11, "amd64" },
    { "free-threaded", NULL, "a-1-cp313-cp313t-manylinux2014_x86_64.whl", 13, "amd64" },
    { "another arch", NULL, "a-1-cp311-cp311-manylinux2014_aarch64.whl", 11, "amd64" },
    { "32 bit", NULL, "a-1-cp311-cp311-manylinux2014_i686.whl", 11, "amd64" },
    { "musl", NULL, "a-1-cp311-cp311-musllinux_1_2_x86_64.whl", 11, "amd64" },
    { "musl, arm64", NULL, "a-1-cp311-cp311-musllinux_1_2_aarch64.whl", 11, "arm64" },
    { "macOS", NULL, "a-1-cp311-cp311-macosx_11_0_arm64.whl", 11, "arm64" },
    { "macOS universal", NULL, "a-1-cp311-cp311-macosx_10_9_universal2.whl", 11, "amd64" },
    { "Windows", NULL, "a-1-cp311-cp311-win_amd64.whl", 11, "amd64" },
    { "Python 2", NULL, "a-1-py2-none-any.whl", 11, "amd64" },
    { "PyPy", NULL, "a-1-pp310-pypy310_pp73-manylinux2014_x86_64.whl", 11, "amd64" },
    { "glibc of the future", NULL, "a-1-cp311-cp311-manylinux_2_39_x86_64.whl", 11, "amd64" },
    { "abi3 of Python 2", NULL, "a-1-cp27-abi3-manylinux2014_x86_64.whl", 11, "amd64" },
    { "not a wheel", NULL, "a-1.tar.gz", 11, "amd64" },
    { "tags only", NULL, "py3-none-any.whl", 11, "amd64" },
    { "no version", NULL, "a-py3-none-any.whl", 11, "amd64" },
    { "empty tag", NULL, "a-1-py3--any.whl", 11, "amd64" },
    { "a broken glibc", NULL, "a-1-cp311-cp311-manylinux_2_x86_64.whl", 11, "amd64" },
};

// clang-format on

static void names_are_ranked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
        int worse = ranks[i].worse[0] ? wheel_rank(ranks[i].worse, ranks[i].minor, ranks[i].arch) : 1 << 20;
        int better = ranks[i].better ? wheel_rank(ranks[i].better, ranks[i].minor, ranks[i].arch) : -1;
        if (!ranks[i].better ? worse != -1 : better < 0 || better >= worse)
            fail_msg("%s: ranks %d and %d", ranks[i].name, better, worse);
    }
}

static void names_are_read(void **state)
{
    static const struct {
        const char *file, *name, *version, *arch;
    } cases[] = {
        { "PyYAML-6.0.3-cp311-cp311-manylinux2014_x86_64.whl", "pyyaml", "6.0.3", "amd64" },
        { "ruamel.yaml.clib-0.2-cp311-cp311-manylinux2014_aarch64.whl", "ruamel-yaml-clib", "0.2", "arm64" },
        { "a__b._c-1.0.post0-py3-none-any.whl", "a-b-c", "1.0.post0", "any" },
        { "a-1-py3-none-win32.whl", "a", "1", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *arch = wheel_arch(cases[i].file);
        char name[128], version[64];
        if (!wheel_parse(cases[i].file, name, version) || strcmp(name, cases[i].name) != 0 ||
            strcmp(version, cases[i].version) != 0 || !arch != !cases[i].arch ||
            (arch && strcmp(arch, cases[i].arch) != 0))
            fail_msg("%s: %s %s %s", cases[i].file, name, version, arch ? arch : "-");
    }
}

static struct artifacts *with_wheels(const char *const *rows)
{
    struct artifacts *a = xcalloc(1, sizeof(*a));
    char group[16], file[160];

    for (; *rows; rows++) {
        assert_int_equal(sscanf(*rows, "%15s %159s", group, file), 2);
        assert_true(wheels_add(a, group, file, A, 1, "https://example.com/x"));
    }
    return a;
}

static void the_best_is_chosen(void **state)
{
    static const char *const rows[] = { "prefect b-1-cp311-cp311-manylinux2014_x86_64.whl",
                                        "prefect b-1-cp312-cp312-manylinux2014_x86_64.whl",
                                        "prefect b-1-cp311-cp311-manylinux2014_aarch64.whl",
                                        "prefect b-1-cp38-abi3-manylinux2014_x86_64.whl",
                                        "prefect A-2-py3-none-any.whl",
                                        "aws A-2-py3-none-any.whl",
                                        "aws c-3-py3-none-any.whl",
                                        "gcp c-4-py3-none-any.whl",
                                        NULL };
    AUTO_ARTIFACTS struct artifacts *a = with_wheels(rows);

    // clang-format off
    static const struct {
        const char *groups[4], *arch;
        int minor;
        const char *want; /* files by space, or what the error says */
        const char *hint;
    } cases[] = {
        { { "prefect" }, "amd64", 11, "A-2-py3-none-any.whl b-1-cp311-cp311-manylinux2014_x86_64.whl", NULL },
        { { "prefect" }, "amd64", 12, "A-2-py3-none-any.whl b-1-cp312-cp312-manylinux2014_x86_64.whl", NULL },
        { { "prefect" }, "amd64", 13, "A-2-py3-none-any.whl b-1-cp38-abi3-manylinux2014_x86_64.whl", NULL },
        { { "prefect", "aws" }, "arm64", 11, "A-2-py3-none-any.whl b-1-cp311-cp311-manylinux2014_aarch64.whl c-3-py3-none-any.whl", NULL },
        { { "prefect" }, "arm64", 12, "no wheel of 'b' 1 for Python 3.12 on arm64", "slipway lock" },
        { { "prefect" }, "amd64", 7, "no wheel of 'b' 1 for Python 3.7 on amd64", "for Python 3.11 to 3.13" },
        { { "prefect", "azure" }, "amd64", 11, "no Python wheels of group 'azure'", "slipway lock" },
        { { "aws", "gcp" }, "amd64", 11, "two versions of 'c': 3 and 4", "" },
    };

    // clang-format on

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE const struct artifact_file **files = NULL;
        AUTO_SBUF struct sbuf got = SBUF_INIT(4096);
        struct err e = ERR_INIT;
        size_t n = 0;
        int rc = wheels_select(a, cases[i].groups, cases[i].arch, cases[i].minor, &files, &n, &e);
        for (size_t k = 0; rc == 0 && k < n; k++)
            sbuf_addf(&got, "%s%s", k ? " " : "", files[k]->file);
        bool right = cases[i].hint
                         ? rc < 0 && e.code == ERR_SPEC && strstr(e.msg, cases[i].want) && strstr(e.hint, cases[i].hint)
                         : rc == 0 && strcmp(got.data, cases[i].want) == 0;
        if (!right)
            fail_msg("case %zu: got '%s%s' (%s), want '%s'", i, got.data, e.msg, e.hint, cases[i].want);
    }
}

/* What is built in serves every Python and architecture, alone and with all groups. */
static void builtin_wheels_are_complete(void **state)
{
    static const char *const all[] = { "prefect", "docker", "aws", "gcp", "azure", NULL };
    static const char *const alone[] = { "prefect", NULL };
    static const char *const arches[] = { "amd64", "arm64" };
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
    struct err e = ERR_INIT;
    char name[128], version[64];

    (void)state;
    assert_true(wheels_pinned(pins_prefect));
    assert_false(wheels_pinned("0.0.1"));
    if (wheels_pins_add(pins_prefect, a, &e) < 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < 2 * (WHEELS_PYTHON_MAX - WHEELS_PYTHON_MIN + 1) * ARRAY_LEN(arches); i++) {
        AUTO_FREE const struct artifact_file **files = NULL;
        int minor = WHEELS_PYTHON_MIN + (int)(i / 4);
        size_t n = 0, found = 0;
        if (wheels_select(a, i % 2 ? all : alone, arches[i / 2 % 2], minor, &files, &n, &e) < 0)
            fail_msg("3.%d %s: %s", minor, arches[i / 2 % 2], e.msg);
        for (size_t k = 0; k < n; k++) {
            assert_true(wheel_parse(files[k]->file, name, version));
            found += strcmp(name, "prefect") == 0 && strcmp(version, pins_prefect) == 0;
            found += i % 2 && (strcmp(name, "google-cloud-storage") == 0 || strcmp(name, "azure-storage-blob") == 0);
            assert_true(files[k]->size > 0);
        }
        assert_int_equal(found, i % 2 ? 3 : 1);
        assert_in_range(n, i % 2 ? 140 : 95, i % 2 ? 180 : 120);
    }
}

/* A built-in row that slipway would choose for nothing is dead weight. */
static void no_builtin_wheel_is_in_vain(void **state)
{
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
    AUTO_FREE const struct artifact_file **amd64 = NULL, **arm64 = NULL;
    struct err e = ERR_INIT;
    size_t n_amd64 = 0, n_arm64 = 0, any = 0;

    (void)state;
    assert_int_equal(wheels_pins_add(pins_prefect, a, &e), 0);
    assert_int_equal(wheels_of_arch(a, "amd64", &amd64, &n_amd64, &e), 0);
    assert_int_equal(wheels_of_arch(a, "arm64", &arm64, &n_arm64, &e), 0);
    for (size_t i = 0; i < n_amd64; i++)
        for (size_t k = 0; k < n_arm64; k++)
            any += amd64[i] == arm64[k];
    assert_int_equal(n_amd64 + n_arm64 - any, a->n_files);
}

static void a_spec_needs_groups(void **state)
{
    // clang-format off
    static const struct { const char *more, *want; } cases[] = {
        { "", "prefect" },
        { "prefect: {work_pools: [{name: a, type: process}, {name: b, type: docker, docker_socket: true}]}\n", "prefect docker" },
    };

    // clang-format on

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *text =
            xasprintf("apiVersion: slipway/v1\nname: x\nruntime: systemd\nprovider: {local: {}}\n%s", cases[i].more);
        AUTO_SBUF struct sbuf got = SBUF_INIT(256);
        AUTO_SPEC struct spec *s = NULL;
        const char *groups[WHEELS_GROUPS_MAX];
        struct err e = ERR_INIT;
        if (spec_parse("/x/slipway.yaml", text, strlen(text), &s, &e) < 0)
            fail_msg("%s", e.msg);
        assert_true(wheels_needed(s));
        wheels_groups(s, groups);
        for (size_t k = 0; groups[k]; k++)
            sbuf_addf(&got, "%s%s", k ? " " : "", groups[k]);
        assert_string_equal(got.data, cases[i].want);
    }
}

static void sources_need_groups(void **state)
{
    static const struct {
        const char *type, *want;
    } cases[] = { { "s3", "aws" }, { "gcs", "gcp" }, { "azure", "azure" }, { "git", NULL }, { "local", NULL } };

    char from[] = "/x/prefect.yaml";
    struct spec with_yaml = { .flows = { .from = from } };
    const char *all[WHEELS_GROUPS_MAX];

    (void)state;
    wheels_groups(&with_yaml, all);
    assert_string_equal(all[1], "aws");
    assert_string_equal(all[2], "gcp");
    assert_string_equal(all[3], "azure");
    assert_null(all[4]);
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        struct spec_deployment d = { .name = NULL };
        struct spec s = { .flows = { .deployments = &d, .n_deployments = 1 } };
        AUTO_FREE char *type = xstrdup(cases[i / 2].type);
        const char *groups[WHEELS_GROUPS_MAX], *want = cases[i / 2].want;
        *(i % 2 ? &d.source.type : &s.flows.source.type) = type;
        wheels_groups(&s, groups);
        assert_string_equal(groups[0], "prefect");
        if (!want ? groups[1] != NULL : !groups[1] || strcmp(groups[1], want) != 0 || groups[2])
            fail_msg("%s: got %s", type, groups[1] ? groups[1] : "nothing");
    }
}

static void requirements_have_hashes(void **state)
{
    static const char *const rows[] = { "prefect PyYAML-6.0-py3-none-any.whl", "prefect b_c-1-py3-none-any.whl", NULL };
    AUTO_ARTIFACTS struct artifacts *a = with_wheels(rows);
    const struct artifact_file *const files[] = { &a->files[0], &a->files[1] };
    AUTO_FREE char *text = wheels_requirements(files, 2);

    (void)state;
    assert_string_equal(text, "pyyaml==6.0 --hash=sha256:" A "\nb-c==1 --hash=sha256:" A "\n");
}

/* 20 wheels, which the server has under mirror/. */
static struct artifacts *served(size_t n)
{
    struct artifacts *a = xcalloc(1, sizeof(*a));
    char sum[HASH_HEX];

    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *file = xasprintf("p%zu-1-py3-none-any.whl", i);
        AUTO_FREE char *text = xasprintf("the bytes of package %zu", i);
        AUTO_FREE char *path = fsx_join(t.mirror, file);
        AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/ok/%s", t.files.port, file);
        put_file(path, text, strlen(text));
        hash_sha256_hex(text, strlen(text), sum);
        assert_true(wheels_add(a, "prefect", file, sum, (off_t)strlen(text), url));
    }
    return a;
}

static void add_mirror(struct artifacts *a, const char *how)
{
    svec_addf(&a->mirrors, "http://127.0.0.1:%d/%s", t.files.port, how);
}

static size_t requests(const char *how)
{
    AUTO_SBUF struct sbuf log = SBUF_INIT(1 << 20);
    AUTO_FREE char *start = xasprintf("/%s/", how);
    struct err e = ERR_INIT;
    size_t n = 0;

    assert_int_equal(fsx_read(t.log, &log, &e), 0);
    for (const char *p = log.data; (p = strstr(p, start)); p++)
        n++;
    return n;
}

static void many_are_fetched(void **state)
{
    enum { N = 20 };

    // clang-format off
    static const struct { const char *name, *mirror; size_t asked_mirror, asked_origin; } cases[] = {
        { "origin", NULL, 0, N },
        { "mirror", "plain", N, 0 },
        { "a mirror without them is given up", "404", 8, N },
        { "other bytes are not taken", "wrong", 8, N },
        { "longer than they are", "long", 8, N },
        { "cut short", "short", 8, N },
    };

    // clang-format on

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARTIFACTS struct artifacts *a = served(N);
        const struct artifact_file *files[N];
        struct err e = ERR_INIT;
        assert_int_equal(fresh(NULL), 0);
        if (cases[i].mirror)
            add_mirror(a, cases[i].mirror);
        for (size_t k = 0; k < N; k++)
            files[k] = &a->files[N - 1 - k];
        for (int again = 0; again < 2; again++) {
            AUTO_SVEC struct svec paths = SVEC_INIT;
            if (wheels_fetch(a, files, N, &t.clock, t.ui, &paths, &e) < 0)
                fail_msg("%s: %s", cases[i].name, e.msg);
            assert_int_equal(paths.len, N);
            for (size_t k = 0; k < N; k++) {
                char sum[HASH_HEX];
                assert_int_equal(hash_sha256_file(paths.items[k], sum, &e), 0);
                assert_string_equal(sum, files[k]->sha256);
            }
        }
        size_t mirror = cases[i].mirror ? requests(cases[i].mirror) : 0, origin = requests("ok");
        /* What is in the air when a source is given up may be more than what gave it up. */
        if (mirror < cases[i].asked_mirror || mirror > cases[i].asked_mirror + 8 || origin != cases[i].asked_origin)
            fail_msg("%s: %zu requests to the mirror, %zu to the origin", cases[i].name, mirror, origin);
    }
}

static void wrong_bytes_are_refused(void **state)
{
    AUTO_ARTIFACTS struct artifacts *a = served(3);
    AUTO_FREE char *path = fsx_join(t.mirror, a->files[1].file);
    const struct artifact_file *const files[] = { &a->files[0], &a->files[1], &a->files[2] };
    AUTO_SVEC struct svec paths = SVEC_INIT;
    struct err e = ERR_INIT;

    (void)state;
    put_file(path, "the bytes of a package X", strlen("the bytes of a package X"));
    assert_int_equal(wheels_fetch(a, files, 3, &t.clock, t.ui, &paths, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, a->files[1].file));
    assert_non_null(strstr(e.msg, a->files[1].sha256));
}

/* Bytes in the cache that are not the right ones are seen and repaired, as for every artifact. */
static void damaged_cache_is_repaired(void **state)
{
    AUTO_ARTIFACTS struct artifacts *a = served(2);
    const struct artifact_file *const files[] = { &a->files[0], &a->files[1] };
    AUTO_SVEC struct svec first = SVEC_INIT, second = SVEC_INIT;
    struct err e = ERR_INIT;
    char sum[HASH_HEX];

    (void)state;
    assert_int_equal(wheels_fetch(a, files, 2, &t.clock, t.ui, &first, &e), 0);
    put_file(first.items[1], "rot", 3);
    assert_int_equal(wheels_fetch(a, files, 2, &t.clock, t.ui, &second, &e), 0);
    assert_int_equal(hash_sha256_file(second.items[1], sum, &e), 0);
    assert_string_equal(sum, files[1]->sha256);
    assert_int_equal(requests("ok"), 3);
}

/* An index in a string: every page is the same. */
struct paper {
    struct http http;
    const char *page, *want_url;
    int status, failures;
};

static int paper_send(struct http *h, const struct http_req *req, struct http_resp *ret, struct err *e)
{
    struct paper *p = (struct paper *)h;

    if (strcmp(req->url, p->want_url) != 0)
        fail_msg("asked for '%s', not '%s'", req->url, p->want_url);
    if (p->failures > 0 && p->failures--) {
        (void)err_set(e, ERR_NET, "not reached");
        e->retryable = true;
        return -1;
    }
    ret->status = p->status;
    sbuf_addstr(&ret->body, p->page);
    return 0;
}

#define LINK(href, sum, more) "<a" more " href=\"" href "#sha256=" sum "\">x</a><br/>\n"
#define PURE                  "https://files.example.com/a/b/py_x-1.0-py3-none-any.whl"
#define OFFERS                                                             \
    LINK("https://f/py_x-0.9-py3-none-any.whl", B, "")                     \
    LINK("https://f/other-1.0-py3-none-any.whl", B, "")                    \
    LINK("https://f/py_x-1.0.tar.gz", B, "")                               \
    LINK("https://f/py_x-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", B, "") \
    LINK("https://f/py_x-1.0-cp311-cp311-win_amd64.whl", B, "")

static void indexes_are_read(void **state)
{
    // clang-format off
    static const struct { const char *name, *page; int status, failures; const char *want; /* files, or the error */ bool bad; } cases[] = {
        { "pure", OFFERS LINK(PURE, A, ""), 200, 0, "py_x-1.0-py3-none-any.whl@" PURE, false },
        { "in other words", "<A data-x='1'\n HREF='../../f/py_x-1.0-py3-none-any.whl#sha256=" A "' >x</A>", 200, 0,
          "py_x-1.0-py3-none-any.whl@https://index.example.com/f/py_x-1.0-py3-none-any.whl", false },
        { "an entity and an escape", LINK("/py%5Fx-1.0-py3-none-any.whl?a=1&amp;b=2", A, ""), 200, 0,
          "py_x-1.0-py3-none-any.whl@https://index.example.com/py%5Fx-1.0-py3-none-any.whl?a=1&b=2", false },
        { "machine code before pure", LINK("https://f/py_x-1.0-cp311-cp311-manylinux2014_x86_64.whl", A, "") LINK(PURE, A, ""), 200, 0,
          "py_x-1.0-cp311-cp311-manylinux2014_x86_64.whl@https://f/py_x-1.0-cp311-cp311-manylinux2014_x86_64.whl py_x-1.0-py3-none-any.whl@" PURE, false },
        { "reached at the third try", LINK(PURE, A, ""), 200, 2, "py_x-1.0-py3-none-any.whl@" PURE, false },
        { "never reached", LINK(PURE, A, ""), 200, 3, "not reached", true },
        { "no digest", "<a href=\"" PURE "\">x</a>", 200, 0, "no wheel of 'py-x' 1.0 for Python 3.11 on amd64 with a sha256", true },
        { "a digest of another kind", "<a href=\"" PURE "#md5=abc\">x</a>", 200, 0, "no wheel of 'py-x' 1.0", true },
        { "a short digest", "<a href=\"" PURE "#sha256=abc\">x</a>", 200, 0, "no wheel of 'py-x' 1.0", true },
        { "only for one architecture", LINK("https://f/py_x-1.0-cp37-abi3-manylinux2014_x86_64.whl", A, ""), 200, 0, "for Python 3.11 on arm64", true },
        { "only for others", OFFERS, 200, 0, "no wheel of 'py-x' 1.0", true },
        { "not there", "", 404, 0, "HTTP 404", true },
        { "not allowed", "", 403, 0, "HTTP 403", true },
        { "an open tag", "<a href=\"" PURE "#sha256=" A, 200, 0, "no wheel of 'py-x' 1.0", true },
        { "an open quote", "<a href=\"" PURE "#sha256=" A ">", 200, 0, "no wheel of 'py-x' 1.0", true },
        { "empty", "", 200, 0, "no wheel of 'py-x' 1.0", true },
    };

    // clang-format on

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
        AUTO_SBUF struct sbuf got = SBUF_INIT(4096);
        struct paper p = { { .send = paper_send },
                           cases[i].page,
                           "https://u:pw@index.example.com/simple/py-x/",
                           cases[i].status,
                           cases[i].failures };
        struct err e = ERR_INIT;
        int rc =
            wheels_index_add(&p.http, &t.clock, "https://u:pw@index.example.com/simple/", "aws", "py-x", "1.0", a, &e);
        for (size_t k = 0; rc == 0 && k < a->n_files; k++)
            sbuf_addf(&got, "%s%s@%s", k ? " " : "", a->files[k].file, a->files[k].urls.items[0]);
        if (cases[i].bad ? rc == 0 || !strstr(e.msg, cases[i].want) || strstr(e.msg, "pw@")
                         : rc < 0 || strcmp(got.data, cases[i].want) != 0)
            fail_msg("%s: got '%s%s', want '%s'", cases[i].name, got.data, e.msg, cases[i].want);
    }
}

static void plan_shows_groups(void **state)
{
    static const char *const rows[] = { "prefect a-1-py3-none-any.whl", "prefect b-1-py3-none-any.whl",
                                        "gcp a-1-py3-none-any.whl", NULL };
    AUTO_ARTIFACTS struct artifacts *a = with_wheels(rows);
    char sum[HASH_HEX];

    (void)state;
    a->prefect = xstrdup("3.8.3");
    AUTO_JSON json_t *doc = artifacts_json(a);
    static const char lines[] = A "  a-1-py3-none-any.whl\n" A "  b-1-py3-none-any.whl\n";
    hash_sha256_hex(lines, strlen(lines), sum);
    assert_int_equal(json_array_size(jsonx_get(doc, "files")), 2);
    assert_string_equal(jsonx_str(doc, "files.0.name"), "wheel-prefect");
    assert_string_equal(jsonx_str(doc, "files.0.file"), "2 wheels, 0.0 MiB");
    assert_int_equal(jsonx_int(doc, "files.0.size", 0), 2);
    assert_string_equal(jsonx_str(doc, "files.0.sha256"), sum);
    assert_string_equal(jsonx_str(doc, "files.1.name"), "wheel-gcp");
    assert_null(jsonx_get(doc, "versions.k3s"));
    assert_string_equal(jsonx_str(doc, "versions.prefect"), "3.8.3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_ranked),
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(the_best_is_chosen),
        cmocka_unit_test(builtin_wheels_are_complete),
        cmocka_unit_test(no_builtin_wheel_is_in_vain),
        cmocka_unit_test(a_spec_needs_groups),
        cmocka_unit_test(sources_need_groups),
        cmocka_unit_test(requirements_have_hashes),
        cmocka_unit_test(many_are_fetched),
        cmocka_unit_test_setup(wrong_bytes_are_refused, fresh),
        cmocka_unit_test_setup(damaged_cache_is_repaired, fresh),
        cmocka_unit_test(indexes_are_read),
        cmocka_unit_test(plan_shows_groups),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
