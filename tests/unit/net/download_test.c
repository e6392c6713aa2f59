#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../artifact/server.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/svec.h"
#include "net/download.h"
#include <errno.h>
#include <sys/mount.h>
#include <sys/resource.h>

enum { SIZE = 300000 };

static struct {
    char dir[64];
    char sha[HASH_HEX];
    char *data;
    char *log, *path, *part;
    struct server plain, tls;
    struct clock clock;
    struct ui *ui; /* the real one, but pauses between tries take no time */
} t;

static int64_t real_mono(struct clock *c)
{
    (void)c;
    return clock_real()->mono_ms(clock_real());
}

static int short_sleep(struct clock *c, int64_t ms, struct err *e)
{
    (void)e;
    c->waited_ms += ms;
    return usleep(2000);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(t.dir, sizeof(t.dir), "/tmp/slipway-download.XXXXXX");
    if (!mkdtemp(t.dir))
        return -1;
    t.clock = (struct clock){ 0, real_mono, real_mono, short_sleep };
    t.ui = ui_new(&(struct ui_opts){ .quiet = true }, &t.clock);
    t.data = xcalloc(1, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        t.data[i] = (char)(i * 31 + i / 251);
    hash_sha256_hex(t.data, SIZE, t.sha);
    t.log = xasprintf("%s/log", t.dir);
    t.path = xasprintf("%s/got", t.dir);
    t.part = xasprintf("%s/got.part", t.dir);
    AUTO_FREE char *file = xasprintf("%s/f", t.dir), *key = xasprintf("%s/key", t.dir);
    AUTO_FREE char *cert = xasprintf("%s/cert", t.dir);
    put_file(file, t.data, SIZE);
    must_run((const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                    "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                                    "-days", "30", "-keyout", key, "-out", cert, NULL });
    t.plain = server_start(
        (const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/fileserver.py", t.dir, t.log, NULL });
    t.tls = server_start((const char *const[]){ "/usr/bin/python3", "tests/unit/artifact/fileserver.py", t.dir, t.log,
                                                cert, key, NULL });
    (void)unsetenv("CURL_CA_BUNDLE"); /* would win */
    return setenv("SSL_CERT_FILE", cert, 1);
}

static int teardown(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    ui_free(t.ui);
    server_stop(&t.plain);
    server_stop(&t.tls);
    int rc = fsx_remove_tree(t.dir, &e);
    free(t.data);
    free(t.log);
    free(t.path);
    free(t.part);
    return rc;
}

/* "ok/f" is on the plain server, "tls:ok/f" on the other; NULL-terminated result. */
static void make_urls(const char *const *paths, struct svec *ret)
{
    for (; *paths; paths++) {
        if (strstr(*paths, "://"))
            svec_add(ret, *paths);
        else if (strncmp(*paths, "tls:", 4) == 0)
            svec_addf(ret, "https://127.0.0.1:%d/%s", t.tls.port, *paths + 4);
        else
            svec_addf(ret, "http://127.0.0.1:%d/%s", t.plain.port, *paths);
    }
}

static void clean(void)
{
    AUTO_FREE char *meta = xasprintf("%s.meta", t.part);

    (void)unlink(t.path);
    (void)unlink(t.part);
    (void)unlink(meta);
    if (truncate(t.log, 0) < 0 && errno != ENOENT)
        fail_msg("empty '%s': %s", t.log, strerror(errno));
}

static bool is_right(const char *path)
{
    char got[HASH_HEX];
    struct err e = ERR_INIT;

    return fsx_exists(path) && hash_sha256_file(path, got, &e) == 0 && strcmp(got, t.sha) == 0;
}

struct row {
    const char *name;
    const char *paths[4];
    bool digest; /* the digest is known */
    bool size;   /* the size is known */
    size_t plain_urls;
    size_t part;                /* bytes of the right file that an earlier run left */
    enum err_code code;         /* ERR_NONE: the file is right */
    const char *says;           /* in the message */
    const char *logged, *never; /* in the server's log */
};

// clang-format off
static const struct row rows[] = {
    { "plain answer", { "ok/f" }, true, false, 0, 0, ERR_NONE, NULL, "/ok/f range=- ", NULL },
    { "digest not known", { "ok/f" }, false, false, 0, 0, ERR_NONE, NULL, NULL, NULL },
    { "resumes an earlier run's part", { "ok/f" }, true, false, 0, 1000, ERR_NONE, NULL, "range=bytes=1000- if-range=- ", NULL },
    { "part of unknown origin is not resumed without a digest", { "ok/f" }, false, false, 0, 1000, ERR_NONE, NULL, "range=- ", "range=bytes" },
    { "cut in the middle goes on where it was", { "cut/f?1" }, true, true, 0, 0, ERR_NONE, NULL, "range=bytes=150000- if-range=\"one\"", NULL },
    { "cut, digest not known: If-Range", { "cut/f?2" }, false, false, 0, 0, ERR_NONE, NULL, "range=bytes=150000- if-range=\"one\"", NULL },
    { "resume at a mirror without the other's tag", { "cut-always/f", "other-etag/f" }, true, false, 0, 1000, ERR_NONE, NULL, "/other-etag/f range=bytes=1000- if-range=- ", NULL },
    { "server ignores the range", { "norange/f" }, true, false, 0, 1000, ERR_NONE, NULL, NULL, NULL },
    { "server answers with another range", { "badrange/f" }, true, false, 0, 1000, ERR_NONE, NULL, NULL, NULL },
    { "part is whole already", { "ok/f" }, true, false, 0, SIZE, ERR_NONE, NULL, "range=bytes=300000- ", NULL },
    { "file changed between the halves: once more from zero", { "changed/f?1" }, true, false, 0, 0, ERR_NONE, NULL, "/changed/f?1 range=- ", NULL },
    { "503 once", { "busy/f?1" }, true, false, 0, 0, ERR_NONE, NULL, NULL, NULL },
    { "second source after 404", { "404/f", "ok/f" }, true, false, 0, 0, ERR_NONE, NULL, "/ok/f", NULL },
    { "second source after wrong bytes", { "wrong/f", "ok/f" }, true, false, 0, 0, ERR_NONE, NULL, "/ok/f range=- ", NULL },
    { "wrong bytes everywhere", { "wrong/f", "404/f" }, true, false, 0, 0, ERR_CONFLICT, "want sha256", NULL, NULL },
    { "too short for the known size", { "short/f" }, true, true, 0, 0, ERR_CONFLICT, "(299999 bytes)", NULL, NULL },
    { "too long for the known size", { "long/f" }, true, true, 0, 0, ERR_CONFLICT, "more than the 300000 bytes", NULL, NULL },
    { "endless", { "endless/f" }, false, false, 0, 0, ERR_NET, "more than the 1048576 bytes", NULL, NULL },
    { "stall", { "stall/f" }, true, false, 0, 0, ERR_NET, "no byte for", NULL, NULL },
    { "all 5xx", { "500/f" }, true, false, 0, 0, ERR_NET, "HTTP 500", NULL, NULL },
    { "429", { "429/f" }, true, false, 0, 0, ERR_NET, "limits how often", NULL, NULL },
    { "nobody listens", { "http://127.0.0.1:1/f" }, true, false, 0, 0, ERR_NET, "http://127.0.0.1:1/f: ", NULL, NULL },
    { "no URL", { NULL }, true, false, 0, 0, ERR_NET, "no URL", NULL, NULL },
    { "http to another host", { "http://192.0.2.1/f" }, true, false, 0, 0, ERR_NET, "refused, not https", NULL, NULL },
    { "http that looks like loopback", { "http://127.0.0.1@192.0.2.1/f" }, true, false, 0, 0, ERR_NET, "refused, not https", NULL, NULL },
    { "file URL", { "file:///etc/hostname" }, false, false, 1, 0, ERR_NET, "refused, not https", NULL, NULL },
    { "credentials are masked", { "http://user:hunter2@127.0.0.1:1/f" }, true, false, 0, 0, ERR_NET, "http://127.0.0.1:1/f", NULL, NULL },
    { "https", { "tls:ok/f" }, true, false, 0, 0, ERR_NONE, NULL, NULL, NULL },
    { "https to https", { "tls:to-https/f" }, true, false, 0, 0, ERR_NONE, NULL, "/ok/f", NULL },
    { "https to http", { "tls:to-http/f" }, true, false, 0, 0, ERR_NET, "refused, not https", NULL, "/ok/f" },
    { "https to http, also for a mirror", { "tls:to-http/f" }, true, false, 1, 0, ERR_NET, "refused, not https", NULL, "/ok/f" },
    { "http to http without leave", { "to-http/f" }, true, false, 0, 0, ERR_NET, "refused, not https", NULL, "/ok/f" },
    { "http mirror to http", { "to-http/f" }, true, false, 1, 0, ERR_NONE, NULL, "/ok/f", NULL },
    { "redirect to a file", { "to-file/f" }, true, false, 1, 0, ERR_NET, "refused, not https", NULL, NULL },
    { "redirects without end", { "loop/f" }, true, false, 1, 0, ERR_NET, "redirects", NULL, NULL },
};

// clang-format on

static int run(const struct row *r, char sha[HASH_HEX], struct err *e)
{
    AUTO_SVEC struct svec urls = SVEC_INIT;

    make_urls(r->paths, &urls);
    struct download d = {
        .urls = svec_argv(&urls),
        .plain_urls = r->plain_urls,
        .path = t.path,
        .label = "f",
        .sha256 = r->digest ? t.sha : NULL,
        .size = r->size ? SIZE : 0,
        .max_bytes = 1 << 20,
        .stall_ms = r->paths[0] && strstr(r->paths[0], "stall") ? 300 : 10000,
    };
    return download_file(&d, &t.clock, t.ui, sha, e);
}

static void check_log(const struct row *r)
{
    AUTO_SBUF struct sbuf log = SBUF_INIT(1 << 20);
    struct err e = ERR_INIT;

    assert_int_equal(fsx_read(t.log, &log, &e), 0);
    if (r->logged && !strstr(log.data, r->logged))
        fail_msg("%s: the server did not see '%s' but: %s", r->name, r->logged, log.data);
    if (r->never && strstr(log.data, r->never))
        fail_msg("%s: the server saw '%s': %s", r->name, r->never, log.data);
}

static void download_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct err e = ERR_INIT;
        char sha[HASH_HEX] = "";
        clean();
        if (r->part)
            put_file(t.part, t.data, r->part);
        int rc = run(r, sha, &e);
        if (e.code != r->code || rc != (r->code ? -1 : 0))
            fail_msg("%s: got %s '%s', want %s", r->name, err_name(e.code), e.msg, err_name(r->code));
        if (r->says && !strstr(e.msg, r->says))
            fail_msg("%s: '%s' does not say '%s'", r->name, e.msg, r->says);
        if (strstr(e.msg, "hunter2"))
            fail_msg("%s: a password in '%s'", r->name, e.msg);
        if (!r->code && (!is_right(t.path) || strcmp(sha, t.sha) != 0 || fsx_exists(t.part)))
            fail_msg("%s: the file is not right, or a part is left", r->name);
        if (r->code && fsx_exists(t.path))
            fail_msg("%s: something is under the final name", r->name);
        check_log(r);
    }
}

/* The second run sends what the first learned of the file: the tag of the same URL. */
static void resume_across_runs(void **state)
{
    struct row r = { .name = "across runs", .paths = { "stall/f" }, .digest = true };
    struct err e = ERR_INIT;
    char sha[HASH_HEX];
    struct stat st;

    (void)state;
    clean();
    assert_int_equal(run(&r, sha, &e), -1);
    assert_int_equal(stat(t.part, &st), 0);
    assert_int_equal(st.st_size, 1000);
    assert_int_equal(st.st_mode & 0777, 0600);
    err_clear(&e);
    r.paths[0] = "ok/f";
    r.logged = "/ok/f range=bytes=1000-";
    assert_int_equal(run(&r, sha, &e), 0);
    assert_true(is_right(t.path));
    check_log(&r);
}

static void headers_stay_with_the_first_host(void **state)
{
    static const char *const headers[] = { "Authorization: Bearer s3cret", NULL };
    AUTO_SVEC struct svec urls = SVEC_INIT;
    AUTO_SBUF struct sbuf log = SBUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    char sha[HASH_HEX];

    (void)state;
    clean();
    make_urls((const char *const[]){ "to-localhost/f", NULL }, &urls);
    struct download d = {
        .urls = svec_argv(&urls), .plain_urls = 1, .path = t.path, .label = "f", .sha256 = t.sha, .headers = headers
    };
    assert_int_equal(download_file(&d, &t.clock, t.ui, sha, &e), 0);
    assert_int_equal(fsx_read(t.log, &log, &e), 0);
    assert_non_null(strstr(log.data, "/to-localhost/f range=- if-range=- auth=Bearer s3cret"));
    assert_non_null(strstr(log.data, "/ok/f range=- if-range=- auth=-\n"));
}

static void unknown_ca_is_refused(void **state)
{
    struct row r = { .name = "unknown CA", .paths = { "tls:ok/f" }, .digest = true };
    AUTO_FREE char *ca = xstrdup(getenv("SSL_CERT_FILE"));
    struct err e = ERR_INIT;
    char sha[HASH_HEX];

    (void)state;
    clean();
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    assert_int_equal(run(&r, sha, &e), -1);
    assert_int_equal(e.code, ERR_NET);
    assert_non_null(strstr(e.msg, "certificate"));
    assert_int_equal(setenv("SSL_CERT_FILE", ca, 1), 0);
}

/* RLIMIT_FSIZE stands for a full disk: write() fails half-way with an errno all the same. */
static void full_disk_leaves_nothing(void **state)
{
    struct row r = { .name = "full disk", .paths = { "ok/f" }, .digest = true };
    struct rlimit was, low;
    struct err e = ERR_INIT;
    char sha[HASH_HEX];

    (void)state;
    clean();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    low = was;
    low.rlim_cur = 100000;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    int rc = run(&r, sha, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, ERR_INTERNAL);
    assert_int_equal(e.sys, EFBIG);
    assert_false(fsx_exists(t.path));
    assert_false(fsx_exists(t.part));
}

/* Two processes, one download: the second waits and takes what the first stored. */
static void two_processes_share(void **state)
{
    struct row r = { .name = "two", .paths = { "ok/f" }, .digest = true };
    struct err e = ERR_INIT;
    char sha[HASH_HEX];
    int status;

    (void)state;
    clean();
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(&r, sha, &e) == 0 ? 0 : 1);
    assert_int_equal(run(&r, sha, &e), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(is_right(t.path));
    assert_false(fsx_exists(t.part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(download_cases),
        cmocka_unit_test(resume_across_runs),
        cmocka_unit_test(headers_stay_with_the_first_host),
        cmocka_unit_test(unknown_ca_is_refused),
        cmocka_unit_test(full_disk_leaves_nothing),
        cmocka_unit_test(two_processes_share),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
