/* Against Debian's docker-registry, filled by skopeo, and read back by skopeo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/oci.h"
#include "artifact/registry.h"
#include "artifact/registry_auth.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "net/http.h"
#include "server.h"

enum { OPEN, GUARDED, TOKENS };

static struct {
    char dir[64];
    char *scratch, *out;
    struct server s;
    struct clock clock;
    struct ui *ui;
    struct http *http;
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
    (void)snprintf(t.dir, sizeof(t.dir), "/tmp/slipway-registry.XXXXXX");
    if (!mkdtemp(t.dir) || setenv("DOCKER_CONFIG", t.dir, 1) < 0)
        return -1;
    t.clock = (struct clock){ 0, real_mono, real_mono, no_sleep };
    t.ui = ui_new(&(struct ui_opts){ .quiet = true }, &t.clock);
    t.scratch = fsx_join(t.dir, "scratch");
    t.out = fsx_join(t.dir, "out.tar");
    t.http = http_new(&t.clock);
    t.s = server_start((const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/registry.py", t.dir, NULL });
    return 0;
}

static int teardown(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    ui_free(t.ui);
    server_stop(&t.s);
    http_free(t.http);
    free(t.scratch);
    free(t.out);
    return fsx_remove_tree(t.dir, &e);
}

static int fresh(void **state)
{
    struct err e = ERR_INIT;
    AUTO_FREE char *config = fsx_join(t.dir, "config.json");

    (void)state;
    (void)unlink(t.out);
    (void)unlink(config);
    if (fsx_remove_tree(t.scratch, &e) < 0)
        return -1;
    return fsx_mkdirs(t.scratch, 0700, &e);
}

static struct ref make_ref(int which, const char *name)
{
    AUTO_FREE char *text = xasprintf("127.0.0.1:%d/%s", t.s.ports[which], name);
    struct err e = ERR_INIT;
    struct ref r;

    if (ref_parse(text, &r, &e) < 0)
        fail_msg("%s", e.msg);
    return r;
}

static int pull(int which, const char *name, const char *arch, const char *want, struct oci_archive *ret, struct err *e)
{
    struct registry *r = registry_new(t.http, &t.clock, t.ui);
    struct ref ref = make_ref(which, name);
    int rc = oci_pull(r, &ref, "docker.io/library/postgres:17", arch, want, t.scratch, t.out, ret, e);

    registry_free(r);
    return rc;
}

/* skopeo reads what we wrote: all digests, and the arch. */
static void accepted_by_skopeo(const char *arch)
{
    AUTO_FREE char *from = xasprintf("oci-archive:%s", t.out), *to = xasprintf("dir:%s/copied", t.dir);
    AUTO_FREE char *copied = fsx_join(t.dir, "copied");
    struct err e = ERR_INIT;

    assert_int_equal(fsx_remove_tree(copied, &e), 0);
    must_run((const char *const[]){ "skopeo", "--insecure-policy", "--override-arch", arch, "copy", "-q",
                                    "--preserve-digests", from, to, NULL });
}

/* containerd names an image by this annotation; tar lists the members. */
static void index_names_the_image(const char *digest)
{
    AUTO_FREE char *cmd_dir = fsx_join(t.dir, "untar"), *index = fsx_join(t.dir, "untar/index.json");
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 16);
    struct err e = ERR_INIT;

    assert_int_equal(fsx_remove_tree(cmd_dir, &e), 0);
    assert_int_equal(fsx_mkdirs(cmd_dir, 0700, &e), 0);
    must_run((const char *const[]){ "tar", "-xf", t.out, "-C", cmd_dir, NULL });
    assert_int_equal(fsx_read(index, &text, &e), 0);
    assert_non_null(strstr(text.data, "\"io.containerd.image.name\":\"docker.io/library/postgres:17\""));
    assert_non_null(strstr(text.data, digest));
}

static void pulls_each_arch(void **state)
{
    static const struct {
        int which;
        const char *name, *arch;
    } rows[] = {
        { OPEN, "library/postgres:17", "amd64" },    { OPEN, "library/postgres:17", "arm64" },
        { OPEN, "docker/list:1", "amd64" },          { OPEN, "only/amd64:1", "amd64" },
        { GUARDED, "library/postgres:17", "amd64" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct oci_archive got, again;
        struct err e = ERR_INIT;
        char sha[HASH_HEX];
        assert_int_equal(fresh(state), 0);
        if (pull(rows[i].which, rows[i].name, rows[i].arch, "", &got, &e) < 0)
            fail_msg("%s %s: %s", rows[i].name, rows[i].arch, e.msg);
        assert_int_equal(hash_sha256_file(t.out, sha, &e), 0);
        assert_string_equal(sha, got.sha256);
        off_t size = 0;
        assert_int_equal(fsx_size(t.out, &size, &e), 0);
        assert_int_equal(size, got.size);
        accepted_by_skopeo(rows[i].arch);
        index_names_the_image(got.digest);
        /* By the digest of the first: the same bytes. */
        if (pull(rows[i].which, rows[i].name, rows[i].arch, got.digest, &again, &e) < 0)
            fail_msg("%s by digest: %s", rows[i].name, e.msg);
        assert_string_equal(again.sha256, got.sha256);
    }
}

/* Our digest is the one that skopeo computes of what the registry has. */
static void digest_is_the_registrys(void **state)
{
    AUTO_MANIFEST struct manifest m = MANIFEST_INIT;
    AUTO_FREE char *from = xasprintf("docker://127.0.0.1:%d/docker/list:1", t.s.ports[OPEN]);
    AUTO_FREE char *to = xasprintf("dir:%s/skopeo", t.dir), *file = fsx_join(t.dir, "skopeo/manifest.json");
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 20);
    struct registry *r = registry_new(t.http, &t.clock, t.ui);
    struct ref ref = make_ref(OPEN, "docker/list:1");
    struct err e = ERR_INIT;
    char hex[HASH_HEX];

    (void)state;
    assert_int_equal(registry_platform(r, &ref, "amd64", t.scratch, &m, &e), 0);
    registry_free(r);
    assert_string_equal(m.media_type, "application/vnd.docker.distribution.manifest.v2+json");
    must_run((const char *const[]){ "skopeo", "--insecure-policy", "--override-arch", "amd64", "copy", "-q",
                                    "--src-tls-verify=false", from, to, NULL });
    assert_int_equal(fsx_read(file, &text, &e), 0);
    hash_sha256_hex(text.data, text.len, hex);
    assert_string_equal(hex, m.digest + 7);
}

static void put_credentials(const char *auth)
{
    AUTO_FREE char *path = fsx_join(t.dir, "config.json");
    AUTO_FREE char *text = xasprintf("{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"%s\"}}}", t.s.ports[GUARDED], auth);

    put_file(path, text, strlen(text));
}

static void credentials_of_docker(void **state)
{
    struct oci_archive got;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(pull(GUARDED, "private/prefect:1", "amd64", "", &got, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    put_credentials("YW5uOnMzY3JldCBwYXNz"); /* ann:s3cret pass */
    err_clear(&e);
    if (pull(GUARDED, "private/prefect:1", "amd64", "", &got, &e) < 0)
        fail_msg("%s", e.msg);
    put_credentials("YW5uOndyb25n"); /* ann:wrong */
    assert_int_equal(pull(GUARDED, "private/prefect:1", "amd64", "", &got, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_null(strstr(e.msg, "wrong"));
    put_credentials("!!!");
    err_clear(&e);
    assert_int_equal(pull(GUARDED, "private/prefect:1", "amd64", "", &got, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
}

static void refusals(void **state)
{
#define NOT "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

    static const struct {
        int which;
        const char *name, *arch, *want;
        enum err_code code;
        const char *says;
    } rows[] = {
        { OPEN, "library/postgres:18", "amd64", "", ERR_REMOTE, "has no image '127.0.0.1:" },
        { OPEN, "no/such:1", "amd64", "", ERR_REMOTE, "has no image" },
        { OPEN, "library/postgres:17", "amd64", NOT, ERR_REMOTE, "has no image" },
        { OPEN, "only/amd64:1", "arm64", "", ERR_SPEC, "does not exist for linux/arm64 (it has: linux/amd64)" },
        { OPEN, "library/postgres:17", "riscv64", "", ERR_SPEC, "linux/amd64, linux/arm64" },
        { TOKENS, "limited/x:1", "amd64", "", ERR_QUOTA, "Retry-After: 3600" },
        { TOKENS, "busy/x:1", "amd64", "", ERR_REMOTE, "has no image" },
        { TOKENS, "odd/x:1", "amd64", "", ERR_AUTH, "Negotiate" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct oci_archive got;
        struct err e = ERR_INIT;
        if (pull(rows[i].which, rows[i].name, rows[i].arch, rows[i].want, &got, &e) == 0)
            fail_msg("%s %s: was pulled", rows[i].name, rows[i].arch);
        if (e.code != rows[i].code || !strstr(e.msg, rows[i].says))
            fail_msg("%s: got %s '%s', want '%s'", rows[i].name, err_name(e.code), e.msg, rows[i].says);
        assert_false(fsx_exists(t.out));
    }
}

/* Flip the first byte of a blob where the registry keeps it. */
static void flip(const char *digest)
{
    AUTO_FREE char *path =
        xasprintf("%s/store/docker/registry/v2/blobs/sha256/%.2s/%s/data", t.dir, digest + 7, digest + 7);
    AUTO_FILE FILE *f = fopen(path, "r+");

    assert_non_null(f);
    int c = fgetc(f);
    rewind(f);
    assert_int_equal(fputc(c ^ 1, f), c ^ 1);
}

static void altered_bytes_are_found(void **state)
{
    AUTO_MANIFEST struct manifest m = MANIFEST_INIT;
    struct registry *r = registry_new(t.http, &t.clock, t.ui);
    struct ref ref = make_ref(OPEN, "library/postgres:17");
    struct oci_archive got;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(registry_platform(r, &ref, "amd64", t.scratch, &m, &e), 0);
    registry_free(r);
    const char *layer = strstr(strstr(m.body.data, "\"layers\""), "sha256:");
    char digest[72];
    (void)snprintf(digest, sizeof(digest), "%.71s", layer);
    flip(digest);
    assert_int_equal(pull(OPEN, "library/postgres:17", "amd64", "", &got, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_non_null(strstr(e.msg, digest + 7));
    assert_false(fsx_exists(t.out));
    flip(digest);
    /* A space in front keeps the manifest valid JSON: only its digest tells. */
    flip(m.digest);
    err_clear(&e);
    assert_int_equal(pull(OPEN, "library/postgres:17", "amd64", m.digest, &got, &e), -1);
    assert_false(fsx_exists(t.out));
    flip(m.digest);
    err_clear(&e);
    assert_int_equal(pull(OPEN, "library/postgres:17", "amd64", m.digest, &got, &e), 0);
}

static void challenges_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        const char *realm, *service, *scope;
    } rows[] = {
        { "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"", true, "https://a/t", "s",
          "repository:x:pull" },
        { "bearer  realm=https://a/t , service=\"a b\"", true, "https://a/t", "a b", "" },
        { "Bearer realm=\"a\\\"b,c=d\",error=\"insufficient_scope\"", true, "a\"b,c=d", "", "" },
        { "Bearer service=\"s\"", false, "", "", "" },
        { "Bearer realm=\"open", true, "open", "", "" },
        { "Basic realm=\"x\"", true, "", "", "" },
        { "Negotiate", false, "", "", "" },
        { "Basically", false, "", "", "" },
        { "", false, "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct challenge c = { false, "", "", "" };
        if (registry_auth_parse(rows[i].text, &c) != rows[i].ok)
            fail_msg("'%s': want %d", rows[i].text, rows[i].ok);
        if (rows[i].ok && (strcmp(c.realm, rows[i].realm) != 0 || strcmp(c.service, rows[i].service) != 0 ||
                           strcmp(c.scope, rows[i].scope) != 0))
            fail_msg("'%s': got '%s' '%s' '%s'", rows[i].text, c.realm, c.service, c.scope);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_are_parsed),
        cmocka_unit_test_setup(pulls_each_arch, fresh),
        cmocka_unit_test_setup(digest_is_the_registrys, fresh),
        cmocka_unit_test_setup(credentials_of_docker, fresh),
        cmocka_unit_test_setup(refusals, fresh),
        cmocka_unit_test_setup(altered_bytes_are_found, fresh),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
