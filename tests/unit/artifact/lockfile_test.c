#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/lockfile.h"
#include "artifact/pins.h"
#include "core/fsx.h"
#include "server.h"

#define A                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B                  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define V                  "'versions':{'k3s':'v1.21.2+k3s1','helm':'v3.22.0','prefect':'3.8.3','charts':'1'}"
#define K3S                "{'name':'k3s','version':'v1.21.2+k3s1','arch':'amd64','file':'k3s-v1.21.2+k3s1-amd64','sha256':'" A "'}"
#define PG                 "{'role':'postgres','ref':'docker.io/library/postgres:17','arch':'amd64','digest':'sha256:" A "'}"
#define DOC(files, images) "{'version':1," V ",'files':[" files "],'images':[" images "]}"
#define FILE_ROW(more)     "{'name':'helm','version':'v3.22.0','arch':'amd64'," more "}"
#define W                  "'versions':{'prefect':'3.8.3'}"
#define WHEELS(files)      "{'version':1," W ",'files':[" files "],'images':[]}"
#define WHEEL(group, file, version, arch, sum) \
    "{'name':'wheel-" group "','file':'" file "','version':'" version "','arch':'" arch "','sha256':'" sum "'}"
#define IMAGE_ROW(more) "{'role':'prefect','arch':'amd64'," more "}"

/* ' for ", so that the table can be read. */
static char *json(const char *text)
{
    char *s = xstrdup(text);

    for (char *c = s; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return s;
}

// clang-format off
static const struct { const char *name, *text; enum err_code code; const char *says; } broken[] = {
    { "empty", "", ERR_SPEC, "lock" },
    { "not JSON", "{'version':1,", ERR_SPEC, "lock" },
    { "an array", "[]", ERR_SPEC, "version" },
    { "no version", "{}", ERR_SPEC, "version" },
    { "version is text", "{'version':'1'}", ERR_SPEC, "version" },
    { "newer version", "{'version':2,'new':{}}", ERR_CONFLICT, "version 2, this slipway reads up to 1" },
    { "duplicate key", "{'version':1,'version':1}", ERR_SPEC, "lock" },
    { "unknown key", "{'version':1," V ",'files':[],'images':[],'extra':1}", ERR_SPEC, "unknown key 'extra'" },
    { "no versions", "{'version':1,'files':[],'images':[]}", ERR_SPEC, "versions: not an object" },
    { "a version is missing", "{'version':1,'versions':{'k3s':'v1'},'files':[],'images':[]}", ERR_SPEC, "key 'prefect' is missing" },
    { "a version that is a path", "{'version':1,'versions':{'k3s':'../v1','helm':'1','prefect':'1','charts':'1'},'files':[],'images':[]}", ERR_SPEC, "versions.k3s: not a version" },
    { "a version with a quote", "{'version':1,'versions':{'k3s':'v1;id','helm':'1','prefect':'1','charts':'1'},'files':[],'images':[]}", ERR_SPEC, "versions.k3s: not a version" },
    { "no files", "{'version':1," V ",'images':[]}", ERR_SPEC, "not arrays" },
    { "files is an object", "{'version':1," V ",'files':{},'images':[]}", ERR_SPEC, "not arrays" },
    { "row is text", DOC("'k3s'", ""), ERR_SPEC, "files[0]: not an object" },
    { "unknown name", DOC("{'name':'k4s'}", ""), ERR_SPEC, "files[0].name" },
    { "unknown arch", DOC("{'arch':'riscv'}", ""), ERR_SPEC, "files[0].arch" },
    { "unknown key in a row", DOC("{'sha512':'1'}", ""), ERR_SPEC, "files[0]: unknown key 'sha512'" },
    { "short digest", DOC(FILE_ROW("'file':'h','sha256':'abc'"), ""), ERR_SPEC, "files[0].sha256: not 64" },
    { "upper-case digest", DOC(FILE_ROW("'file':'h','sha256':'A" A "'"), ""), ERR_SPEC, "files[0].sha256: not 64" },
    { "digest that is too long", DOC(FILE_ROW("'file':'h','sha256':'" A "0'"), ""), ERR_SPEC, "files[0].sha256: not 64" },
    { "digest with a NUL", DOC(FILE_ROW("'file':'h','sha256':'" A "\\u0000x'"), ""), ERR_SPEC, "lock" },
    { "no digest", DOC(FILE_ROW("'file':'h'"), ""), ERR_SPEC, "key 'sha256' is missing" },
    { "a path", DOC(FILE_ROW("'file':'../h','sha256':'" A "'"), ""), ERR_SPEC, "files[0].file: not a plain file name" },
    { "an absolute path", DOC(FILE_ROW("'file':'/etc/h','sha256':'" A "'"), ""), ERR_SPEC, "files[0].file: not a plain" },
    { "a hidden file", DOC(FILE_ROW("'file':'.h','sha256':'" A "'"), ""), ERR_SPEC, "files[0].file: not a plain" },
    { "a file like an option", DOC(FILE_ROW("'file':'-rf','sha256':'" A "'"), ""), ERR_SPEC, "files[0].file: not a plain" },
    { "a file with a line end", DOC(FILE_ROW("'file':'h\\n','sha256':'" A "'"), ""), ERR_SPEC, "files[0].file: not a plain" },
    { "negative size", DOC(FILE_ROW("'file':'h','sha256':'" A "','size':-1"), ""), ERR_SPEC, "files[0].size" },
    { "size is a fraction", DOC(FILE_ROW("'file':'h','sha256':'" A "','size':1.5"), ""), ERR_SPEC, "files[0].size" },
    { "ftp URL", DOC(FILE_ROW("'file':'h','sha256':'" A "','urls':['ftp://x/h']"), ""), ERR_SPEC, "files[0].urls" },
    { "file URL", DOC(FILE_ROW("'file':'h','sha256':'" A "','urls':['file:///h']"), ""), ERR_SPEC, "files[0].urls" },
    { "URL with a line end", DOC(FILE_ROW("'file':'h','sha256':'" A "','urls':['https://x/\\r\\nh']"), ""), ERR_SPEC, "files[0].urls" },
    { "same thing twice", DOC(K3S "," "{'name':'k3s','version':'v1.21.2+k3s1','arch':'amd64','file':'other','sha256':'" B "'}", ""), ERR_SPEC, "second row for 'k3s' on amd64" },
    { "same file twice", DOC(K3S "," K3S, ""), ERR_SPEC, "second row for the file" },
    { "k3s of another version than versions", DOC("{'name':'k3s','version':'v9','arch':'amd64','file':'k','sha256':'" A "'}", ""), ERR_SPEC, "but versions says 'v1.21.2+k3s1'" },
    { "k3s without its version", "{'version':1," W ",'files':[" K3S "],'images':[]}", ERR_SPEC, "but versions says ''" },
    { "a wheel that is none", WHEELS(WHEEL("prefect", "pip-1.0.tar.gz", "1.0", "any", A)), ERR_SPEC, "files[0]: 'pip-1.0.tar.gz' is not the name of a wheel" },
    { "a wheel for Windows", WHEELS(WHEEL("prefect", "a-1.0-cp311-cp311-win_amd64.whl", "1.0", "amd64", A)), ERR_SPEC, "not the name of a wheel for Linux" },
    { "a wheel of another version", WHEELS(WHEEL("prefect", "a-1.0-py3-none-any.whl", "1.1", "any", A)), ERR_SPEC, "is not version 1.1 for any" },
    { "a wheel for another arch", WHEELS(WHEEL("prefect", "a-1.0-py3-none-any.whl", "1.0", "amd64", A)), ERR_SPEC, "is not version 1.0 for amd64" },
    { "a group that is not known", WHEELS(WHEEL("oracle", "a-1.0-py3-none-any.whl", "1.0", "any", A)), ERR_SPEC, "files[0].name: not one of" },
    { "the same wheel twice in a group", WHEELS(WHEEL("aws", "a-1.0-py3-none-any.whl", "1.0", "any", A) "," WHEEL("aws", "a-1.0-py3-none-any.whl", "1.0", "any", A)), ERR_SPEC, "second row for the file" },
    { "one wheel with two digests", WHEELS(WHEEL("aws", "a-1.0-py3-none-any.whl", "1.0", "any", A) "," WHEEL("gcp", "a-1.0-py3-none-any.whl", "1.0", "any", B)), ERR_SPEC, "second row for the file" },
    { "unknown role", DOC("", "{'role':'redis'}"), ERR_SPEC, "images[0].role" },
    { "bad reference", DOC("", "{'ref':'UPPER/x'}"), ERR_SPEC, "images[0].ref" },
    { "digest without its algorithm", DOC("", "{'digest':'" A "'}"), ERR_SPEC, "images[0].digest" },
    { "digest of another algorithm", DOC("", "{'digest':'sha512:" A "'}"), ERR_SPEC, "images[0].digest" },
    { "image with neither digest nor file", DOC("", IMAGE_ROW("'ref':'a/b'")), ERR_SPEC, "neither digest nor file" },
    { "archive without its digest", DOC("", IMAGE_ROW("'ref':'a/b','file':'x.tar'")), ERR_SPEC, "go together" },
    { "archive's digest without the archive", DOC("", IMAGE_ROW("'ref':'a/b','sha256':'" A "'")), ERR_SPEC, "go together" },
    { "same role twice", DOC("", PG "," PG), ERR_SPEC, "second row for 'postgres' on amd64" },
};

// clang-format on

static void broken_locks_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
        AUTO_FREE char *text = json(broken[i].text);
        struct err e = ERR_INIT;
        if (lockfile_parse(text, strlen(text), "lock", a, &e) == 0)
            fail_msg("%s: was taken", broken[i].name);
        if (e.code != broken[i].code || !strstr(e.msg, broken[i].says))
            fail_msg("%s: got %s '%s', want '%s'", broken[i].name, err_name(e.code), e.msg, broken[i].says);
    }
}

/* Cut after every byte, a good lock is never taken for another good one, and never crashes the parser. */
static void cut_locks_are_refused(void **state)
{
    AUTO_FREE char *text = json(DOC(K3S, PG));
    size_t len = strlen(text);

    (void)state;
    for (size_t n = 0; n <= len; n++) {
        AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
        AUTO_FREE char *part = xstrndup(text, n);
        struct err e = ERR_INIT;
        assert_int_equal(lockfile_parse(part, n, "lock", a, &e), n == len ? 0 : -1);
    }
}

static void full_lock_is_read(void **state)
{
    AUTO_FREE char *text = json(DOC(
        K3S ",{'name':'k3s-images','version':'v1.21.2+k3s1','arch':'amd64','file':'a.tar.zst','sha256':'" A
            "','size':7,'urls':['https://x/a','http://y/a']},"
            "{'name':'k3s-images','version':'v1.21.2+k3s1','arch':'amd64','file':'b.tar.zst','sha256':'" B "'}",
        PG ",{'role':'prefect','ref':'prefecthq/prefect:3.8.3','arch':'any','file':'p.tar','sha256':'" A "','size':9}"
           ",{'role':'prefect-worker','ref':'prefecthq/prefect:3-k','arch':'any','file':'p.tar','sha256':'" A "'}"));
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
    struct err e = ERR_INIT;

    (void)state;
    if (lockfile_parse(text, strlen(text), "lock", a, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(a->k3s, "v1.21.2+k3s1");
    const struct artifact_file *f = artifacts_file(a, "k3s-images", "amd64", NULL);
    assert_string_equal(f->file, "a.tar.zst");
    assert_int_equal(f->size, 7);
    assert_int_equal(f->urls.len, 2);
    f = artifacts_file(a, "k3s-images", "amd64", f);
    assert_string_equal(f->file, "b.tar.zst");
    assert_null(artifacts_file(a, "k3s-images", "amd64", f));
    assert_null(artifacts_file(a, "k3s", "arm64", NULL));
    assert_string_equal(artifacts_image(a, "prefect-worker", "arm64")->file, "p.tar");
    AUTO_FREE char *pull = artifacts_image_pull_ref(artifacts_image(a, "postgres", "amd64"));
    assert_string_equal(pull, "docker.io/library/postgres@sha256:" A);
}

/* Rows in any order give the same bytes, and what is read is what was written. */
/* A lock of runtime systemd: no K3s, several wheels of one package, one wheel in two groups. */
static void wheels_are_read(void **state)
{
    // clang-format off
    static const char text[] = WHEELS(
        WHEEL("prefect", "a-1.0-cp311-cp311-manylinux2014_x86_64.whl", "1.0", "amd64", A) ","
        WHEEL("prefect", "a-1.0-cp312-cp312-manylinux2014_x86_64.whl", "1.0", "amd64", B) ","
        WHEEL("aws", "b-1-py3-none-any.whl", "1", "any", A) ","
        WHEEL("gcp", "b-1-py3-none-any.whl", "1", "any", A));
    // clang-format on
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a));
    AUTO_FREE char *doc = json(text);
    struct err e = ERR_INIT;

    (void)state;
    if (lockfile_parse(doc, strlen(doc), "lock", a, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(a->n_files, 4);
    assert_null(a->k3s);
    assert_string_equal(a->prefect, "3.8.3");
}

static void written_lock_is_stable(void **state)
{
    char dir[] = "/tmp/slipway-lock.XXXXXX";
    assert_non_null(mkdtemp(dir));
    AUTO_FREE char *one = fsx_join(dir, "1"), *two = fsx_join(dir, "2");
    AUTO_SBUF struct sbuf x = SBUF_INIT(1 << 20), y = SBUF_INIT(1 << 20);
    AUTO_ARTIFACTS struct artifacts *a = xcalloc(1, sizeof(*a)), *b = xcalloc(1, sizeof(*b));
    struct err e = ERR_INIT;
    struct spec s = { .path = xstrdup("slipway.yaml") };

    (void)state;
    assert_int_equal(pins_fill(&s, a, &e), 0);
    for (size_t i = 0; i < a->n_images; i++) /* an unlocked image is not for a lock */
        memcpy(a->images[i].digest, "sha256:" A, 72);
    assert_int_equal(lockfile_write(one, a, &e), 0);
    for (size_t i = 0; i < a->n_files / 2; i++) {
        struct artifact_file swap = a->files[i];
        a->files[i] = a->files[a->n_files - 1 - i];
        a->files[a->n_files - 1 - i] = swap;
    }
    assert_int_equal(lockfile_write(two, a, &e), 0);
    assert_int_equal(fsx_read(one, &x, &e), 0);
    assert_int_equal(fsx_read(two, &y, &e), 0);
    assert_string_equal(x.data, y.data);
    if (lockfile_read(one, b, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(lockfile_write(two, b, &e), 0);
    sbuf_reset(&y);
    assert_int_equal(fsx_read(two, &y, &e), 0);
    assert_string_equal(x.data, y.data);
    assert_int_equal(fsx_remove_tree(dir, &e), 0);
    free(s.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_locks_are_refused), cmocka_unit_test(cut_locks_are_refused),
        cmocka_unit_test(full_lock_is_read),        cmocka_unit_test(wheels_are_read),
        cmocka_unit_test(written_lock_is_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
