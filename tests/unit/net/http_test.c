#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "net/http.h"
#include "net/url.h"

#define MUST(expr)                             \
    do {                                       \
        struct err e_ = ERR_INIT, *e = &e_;    \
        if ((expr) < 0)                        \
            fail_msg("%s: %s", #expr, e->msg); \
    } while (0)

/* Answers by path; /say?... repeats what it was asked. Serves one port with TLS and one without. */
static const char server_py[] =
    "import http.server, ssl, sys, threading, time\n"
    "http.server.ThreadingHTTPServer.handle_error = lambda *a: None # clients hang up\n"
    "acts = []\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    protocol_version = 'HTTP/1.1'\n"
    "    def log_message(self, *a):\n"
    "        pass\n"
    "    def answer(self, status, body, headers=()):\n"
    "        self.send_response(status)\n"
    "        for k, v in headers:\n"
    "            self.send_header(k, v)\n"
    "        self.send_header('Content-Length', str(len(body)))\n"
    "        self.end_headers()\n"
    "        if self.command != 'HEAD':\n"
    "            self.wfile.write(body)\n"
    "    def go(self):\n"
    "        n = int(self.headers.get('Content-Length', 0))\n"
    "        body = self.rfile.read(n)\n"
    "        p = self.path\n"
    "        if p == '/redirect':\n"
    "            self.answer(302, b'', [('Location', '/say')])\n"
    "        elif p == '/stall':\n"
    "            time.sleep(30)\n"
    "        elif p == '/cut':\n"
    "            self.send_response(200)\n"
    "            self.send_header('Content-Length', '1000')\n"
    "            self.end_headers()\n"
    "            self.wfile.write(b'part')\n"
    "            self.close_connection = True\n"
    "        elif p == '/early':\n"
    "            self.wfile.write(b'HTTP/1.1 103 Early Hints\\r\\nX-Which: early\\r\\n\\r\\n')\n"
    "            self.answer(200, b'', [('X-Which', 'last'), ('X-Empty', '  ')])\n"
    "        elif p == '/headers':\n"
    "            self.answer(200, b'', [('X-%d' % i, 'y' * 4000) for i in range(50)])\n"
    "        elif p.startswith('/status/'):\n"
    "            self.answer(int(p[8:]), b'said', [('Retry-After', ' 7 ')])\n"
    "        elif p == '/lose':\n" /* acts, and hangs up without a word */
    "            acts.append(p)\n"
    "            self.close_connection = True\n"
    "        elif p == '/acts':\n"
    "            self.answer(200, b'%d' % len(acts), [('X-Then', 'Sun, 06 Nov 1994 08:49:37 GMT'), ('X-No', 'soon')])\n"
    "        elif p == '/big':\n"
    "            self.answer(200, b'x' * 3000000)\n"
    "        else:\n"
    "            t = '%s %s %s %s|' % (self.command, p, self.headers.get('X-Mine', '-'), self.client_address[1])\n"
    "            self.answer(200, t.encode() + body, [('X-Expect', self.headers.get('Expect', 'none'))])\n"
    "    do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = do_PUT = go\n"
    "plain = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
    "tls = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
    "c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
    "c.load_cert_chain(sys.argv[1] + '/cert.pem', sys.argv[1] + '/key.pem')\n"
    "tls.socket = c.wrap_socket(tls.socket, server_side=True)\n"
    "threading.Thread(target=plain.serve_forever, daemon=True).start()\n"
    "print(plain.server_port, tls.server_port, flush=True)\n"
    "tls.serve_forever()\n";

static char dir[64];
static pid_t server;
static int port, tls_port;
static struct http *client;

static void start_server(void)
{
    AUTO_FREE char *script = fsx_join(dir, "server.py");
    int out[2];
    char line[64] = "";

    MUST(fsx_replace(script, server_py, strlen(server_py), 0600, e));
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t parent = getpid();
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        if (getppid() == parent)
            execlp("python3", "python3", script, dir, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    size_t len = 0; /* the line may come in pieces */
    while (len < sizeof(line) - 1 && !strchr(line, '\n') && read(out[0], line + len, 1) == 1)
        len++;
    if (sscanf(line, "%d %d\n", &port, &tls_port) != 2)
        fail_msg("the server did not start: is python3 there? '%s'", line);
    close(out[0]);
}

static int start(void **state)
{
    struct proc_opts o = { .timeout_ms = 30000 };

    (void)state;
    cancel_install();
    (void)snprintf(dir, sizeof(dir), "/tmp/slipway-http-XXXXXX");
    assert_non_null(mkdtemp(dir));
    AUTO_FREE char *key = fsx_join(dir, "key.pem");
    AUTO_FREE char *cert = fsx_join(dir, "cert.pem");
    const char *argv[] = { "openssl",
                           "req",
                           "-x509",
                           "-newkey",
                           "ec",
                           "-pkeyopt",
                           "ec_paramgen_curve:P-256",
                           "-nodes",
                           "-keyout",
                           key,
                           "-out",
                           cert,
                           "-days",
                           "2",
                           "-subj",
                           "/CN=slipway test",
                           "-addext",
                           "subjectAltName=IP:127.0.0.1",
                           NULL };
    MUST(proc_run(argv, &o, e));
    /* A proxy that does not exist: whoever asks it for loopback fails. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    unsetenv("SSL_CERT_FILE");
    unsetenv("CURL_CA_BUNDLE");
    unsetenv("SSL_CERT_DIR");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    start_server();
    client = http_new(clock_real());
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_free(client);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    MUST(fsx_remove_tree(dir, e));
    return 0;
}

static int ask(const char *method, const char *path, const char *body, struct http_resp *r, struct err *e)
{
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d%s", port, path);
    const char *const headers[] = { "X-Mine: yes", NULL };
    struct http_req req = { method, url, headers, body, 10000 };

    return http_send(client, &req, r, e);
}

static void methods_and_bodies(void **state)
{
    static const struct {
        const char *method, *body, *begin, *end;
    } cases[] = {
        { "GET", NULL, "GET /say yes ", "|" },
        { "POST", "{\"a\":1}", "POST /say yes ", "|{\"a\":1}" },
        { "POST", NULL, "POST /say yes ", "|" },
        { "PATCH", "p", "PATCH /say yes ", "|p" },
        { "DELETE", NULL, "DELETE /say yes ", "|" },
        { "PUT", "u", "PUT /say yes ", "|u" },
        { "HEAD", NULL, "", "" },
    };

    char expect[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        MUST(ask(cases[i].method, "/say", cases[i].body, &r, e));
        assert_int_equal(r.status, 200);
        size_t len = strlen(cases[i].end);
        if (strncmp(r.body.data, cases[i].begin, strlen(cases[i].begin)) != 0 || r.body.len < len ||
            strcmp(r.body.data + r.body.len - len, cases[i].end) != 0)
            fail_msg("%s: '%s'", cases[i].method, r.body.data);
        http_header(&r, "x-expect", expect, sizeof(expect));
        assert_string_equal(expect, "none");
    }
}

static void connections_are_kept(void **state)
{
    AUTO_HTTP_RESP struct http_resp a = HTTP_RESP_INIT(1 << 20);
    AUTO_HTTP_RESP struct http_resp b = HTTP_RESP_INIT(1 << 20);

    (void)state;
    MUST(ask("GET", "/say", NULL, &a, e));
    MUST(ask("GET", "/say", NULL, &b, e));
    assert_string_equal(a.body.data, b.body.data); /* with the port of the client in it */
}

static void any_status_is_an_answer(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = { { "/status/404", 404 }, { "/status/500", 500 }, { "/status/429", 429 }, { "/redirect", 302 } };

    char value[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        MUST(ask("GET", cases[i].path, NULL, &r, e));
        assert_int_equal(r.status, cases[i].status);
        http_header(&r, "RETRY-AFTER", value, sizeof(value));
        assert_string_equal(value, i < 3 ? "7" : "");
        http_header(&r, "Retry", value, sizeof(value));
        assert_string_equal(value, "");
    }
}

static void headers_are_those_of_the_last_answer(void **state)
{
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
    char value[3];

    (void)state;
    MUST(ask("GET", "/early", NULL, &r, e));
    assert_null(strstr(r.headers.data, "early"));
    http_header(&r, "X-Which", value, sizeof(value)); /* cut, not overrun */
    assert_string_equal(value, "la");
    http_header(&r, "X-Empty", value, sizeof(value));
    assert_string_equal(value, "");
}

static void answers_are_bounded(void **state)
{
    static const struct {
        const char *path, *says;
    } cases[] = { { "/big", "larger than 1000 bytes" }, { "/headers", "larger than 65536 bytes" } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);
        struct err why = ERR_INIT;
        assert_int_equal(ask("GET", cases[i].path, NULL, &r, &why), -1);
        assert_int_equal(why.code, ERR_REMOTE);
        assert_false(why.retryable);
        if (!strstr(why.msg, cases[i].says))
            fail_msg("%s", why.msg);
        assert_true(r.body.len <= 1000);
    }
}

static void connection_trouble(void **state)
{
    AUTO_FREE char *stall = xasprintf("http://127.0.0.1:%d/stall", port);
    AUTO_FREE char *cut = xasprintf("http://127.0.0.1:%d/cut", port);

    const struct {
        const char *url;
        int64_t timeout_ms;
    } cases[] = {
        { stall, 400 },
        { cut, 5000 },
        { "http://127.0.0.1:1/", 5000 },
    };
    struct clock *c = clock_real();
    int64_t waited = c->waited_ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        struct err why = ERR_INIT;
        struct http_req req = { "GET", cases[i].url, NULL, NULL, cases[i].timeout_ms };
        assert_int_equal(http_send(client, &req, &r, &why), -1);
        assert_int_equal(why.code, ERR_NET);
        assert_true(why.retryable);
        assert_non_null(strstr(why.msg, cases[i].url));
    }
    assert_true(c->waited_ms - waited >= 350);
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
    MUST(ask("GET", "/say", NULL, &r, e)); /* and the client still works */
}

static void what_may_have_been_sent(void **state)
{
    static const struct {
        const char *path;
        int64_t timeout_ms;
        bool sent;
    } cases[] = { { "/stall", 400, true }, { "/cut", 5000, true }, { NULL, 5000, false } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        struct err why = ERR_INIT;
        AUTO_FREE char *url =
            cases[i].path ? xasprintf("http://127.0.0.1:%d%s", port, cases[i].path) : xstrdup("http://127.0.0.1:1/");
        struct http_req req = { "POST", url, NULL, "a=b", cases[i].timeout_ms };
        assert_int_equal(http_send(client, &req, &r, &why), -1);
        if (r.sent != cases[i].sent)
            fail_msg("%s: sent is %d", url, r.sent);
    }
    /* Nor is a request sent to a server whose certificate is refused. */
    AUTO_FREE char *tls = xasprintf("https://127.0.0.1:%d/say", tls_port);
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
    struct http_req req = { "POST", tls, NULL, "a=b", 10000 };
    struct err why = ERR_INIT;
    assert_int_equal(http_send(client, &req, &r, &why), -1);
    assert_false(r.sent);
}

static int acts(void)
{
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);

    MUST(ask("GET", "/acts", NULL, &r, e)); /* and so there is a kept connection */
    assert_true(http_header_time(&r, "X-Then") == INT64_C(784111777000));
    assert_int_equal(http_header_time(&r, "X-No"), -1);
    assert_int_equal(http_header_time(&r, "X-Absent"), -1);
    return (int)strtol(r.body.data, NULL, 10);
}

/* A kept connection that is lost makes libcurl send again, and a server act twice; but not with `once`. */
static void sent_once(void **state)
{
    static const struct {
        bool once;
        int acts;
    } cases[] = { { false, 2 }, { true, 1 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);
        struct err why = ERR_INIT;
        int before = acts();
        client->once = cases[i].once;
        assert_int_equal(ask("POST", "/lose", "a=b", &r, &why), -1);
        client->once = false;
        assert_true(r.sent);
        assert_int_equal(acts() - before, cases[i].acts);
    }
}

static void urls_that_are_not_asked(void **state)
{
    static const struct {
        const char *url, *says, *secret;
    } cases[] = {
        { "http://example.invalid/x", "only https", NULL },
        { "http://user:hunter2@example.invalid/x?token=abc", "http://example.invalid/x", "hunter2" },
        { "http://user:hunter2@example.invalid/x?token=abc", "http://example.invalid/x", "token" },
        { "file:///etc/passwd", "URL", NULL },
        { "", "URL", NULL },
        { "not a url", "URL", NULL },
        { "ftp://127.0.0.1/", "ftp", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        struct err why = ERR_INIT;
        struct http_req req = { "GET", cases[i].url, NULL, NULL, 2000 };
        assert_int_equal(http_send(client, &req, &r, &why), -1);
        if (!strstr(why.msg, cases[i].says) || (cases[i].secret && strstr(why.msg, cases[i].secret)))
            fail_msg("'%s': %s", cases[i].url, why.msg);
    }
}

static void certificates(void **state)
{
    AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/say", tls_port);
    AUTO_FREE char *other = xasprintf("https://localhost:%d/say", tls_port);
    AUTO_FREE char *cert = fsx_join(dir, "cert.pem");
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
    struct http_req req = { "GET", url, NULL, NULL, 10000 }, wrong = { "GET", other, NULL, NULL, 10000 };
    struct err why = ERR_INIT;

    (void)state;
    assert_int_equal(http_send(client, &req, &r, &why), -1);
    assert_int_equal(why.code, ERR_AUTH);
    assert_non_null(strstr(why.msg, "not accepted by the CAs in '/etc/ssl/certs'"));
    assert_non_null(strstr(why.hint, "proxy that re-signs"));
    setenv("SSL_CERT_FILE", cert, 1);
    MUST(http_send(client, &req, &r, e));
    assert_int_equal(r.status, 200);
    /* Of that CA, but for another name. */
    err_clear(&why);
    assert_int_equal(http_send(client, &wrong, &r, &why), -1);
    assert_int_equal(why.code, ERR_AUTH);
    assert_non_null(strstr(why.msg, cert));
    /* CURL_CA_BUNDLE is the stronger one, as in curl. */
    struct http *fresh = http_new(clock_real());
    err_clear(&why);
    setenv("CURL_CA_BUNDLE", "/dev/null", 1);
    assert_int_equal(http_send(fresh, &req, &r, &why), -1);
    assert_int_equal(why.code, ERR_AUTH);
    http_free(fresh);
    /* A client's own bundle is the strongest. */
    fresh = http_new_ca(clock_real(), cert);
    MUST(http_send(fresh, &req, &r, e));
    assert_int_equal(r.status, 200);
    http_free(fresh);
    fresh = http_new_ca(clock_real(), "/nonexistent/ca.pem");
    err_clear(&why);
    assert_int_equal(http_send(fresh, &req, &r, &why), -1);
    assert_int_equal(why.code, ERR_AUTH);
    assert_non_null(strstr(why.msg, "'/nonexistent/ca.pem' cannot be read"));
    http_free(fresh);
    unsetenv("SSL_CERT_FILE");
    unsetenv("CURL_CA_BUNDLE");
}

static bool request_is_canceled(void)
{
    struct http *own = http_new(clock_real());
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);
    struct err why = ERR_INIT;
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/stall", port);
    struct http_req req = { "GET", url, NULL, NULL, 20000 };
    int rc = http_send(own, &req, &r, &why);

    http_free(own);
    return rc == -1 && why.code == ERR_CANCELED;
}

static void cancel_ends_a_request(void **state)
{
    int status = -1;

    (void)state;
    (void)fflush(NULL);
    pid_t child = fork(); /* a signal is for a whole process, and stays */
    if (child == 0) {
        pid_t me = getpid();
        if (fork() == 0) {
            (void)poll(NULL, 0, 300);
            kill(me, SIGINT);
            _exit(0);
        }
        _exit(request_is_canceled() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void loopback(void **state)
{
    static const struct {
        const char *url;
        bool yes;
    } cases[] = {
        { "http://127.0.0.1/", true },
        { "http://127.1.2.3:80/", true },
        { "http://[::1]:8080/", true },
        { "http://LOCALHOST/", true },
        { "http://localhost.evil.org/", false },
        { "http://127.0.0.1.evil.org/", false },
        { "http://127.0.0.1@evil.org/", false },
        { "http://10.0.0.1/", false },
        { "http://[::2]/", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (url_is_loopback(cases[i].url) != cases[i].yes)
            fail_msg("%s", cases[i].url);
    assert_true(url_is_metadata("http://169.254.169.254/latest"));
    assert_false(url_is_metadata("http://169.254.169.254.evil.org/"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_and_bodies),      cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(any_status_is_an_answer), cmocka_unit_test(headers_are_those_of_the_last_answer),
        cmocka_unit_test(answers_are_bounded),     cmocka_unit_test(connection_trouble),
        cmocka_unit_test(urls_that_are_not_asked), cmocka_unit_test(certificates),
        cmocka_unit_test(what_may_have_been_sent), cmocka_unit_test(sent_once),
        cmocka_unit_test(cancel_ends_a_request),   cmocka_unit_test(loopback),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
