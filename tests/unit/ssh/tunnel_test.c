#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sshd_fixture.h"

#include "core/cancel.h"
#include "core/hash.h"
#include "ssh/http_tunnel.h"

enum { BIG = 12 << 20, CLIENTS = 8 };

static struct sshd server;
static struct ssh *conn;
static pid_t web;
static int web_port;
static char big_sum[HASH_HEX];

static void make_big(void)
{
    AUTO_FREE char *path = fsx_join(server.dir, "big");
    AUTO_FREE char *data = xcalloc(1, BIG);

    for (size_t i = 0; i < BIG; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    hash_sha256_hex(data, BIG, big_sum);
    MUST(fsx_replace(path, data, BIG, 0644, e));
}

/* HTTP/1.1, so that connections are kept. */
static const char web_py[] = "import http.server, sys, functools, os\n"
                             "class H(http.server.SimpleHTTPRequestHandler):\n"
                             "    protocol_version = 'HTTP/1.1'\n"
                             "    def log_message(self, *a):\n"
                             "        pass\n"
                             "    def do_POST(self):\n"
                             "        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))\n"
                             "        self.send_response(201)\n"
                             "        self.send_header('Content-Length', str(len(body)))\n"
                             "        self.send_header('X-Peer', str(self.client_address[1]))\n"
                             "        self.end_headers()\n"
                             "        self.wfile.write(body)\n"
                             "h = functools.partial(H, directory=sys.argv[2])\n"
                             "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), h).serve_forever()\n";

static int start(void **state)
{
    (void)state;
    cancel_install();
    sshd_start(&server, NULL);
    make_big();
    write_file(server.dir, "web.py", web_py, 0644);
    AUTO_FREE char *py = fsx_join(server.dir, "web.py");
    web = 0;
    for (int i = 0; i < 5 && !web; i++) {
        web_port = free_port();
        AUTO_FREE char *port = xasprintf("%d", web_port);
        web = spawn_bound((const char *const[]){ "/usr/bin/env", "python3", py, port, server.dir, NULL });
        if (!await_port(web_port, web))
            web = 0;
    }
    if (!web)
        fail_msg("the HTTP server did not start: is python3 there?");
    conn = sshd_connect(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ssh_close(conn);
    kill(web, SIGKILL);
    waitpid(web, NULL, 0);
    sshd_stop(&server);
    return 0;
}

static void many_requests_on_one_stream(void **state)
{
    struct http *h = http_over_ssh(conn, "127.0.0.1", web_port, clock_real());
    char first[32] = "", peer[32];

    (void)state;
    for (int i = 0; i < 20; i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1 << 20);
        AUTO_FREE char *body = xasprintf("{\"n\": %d}", i);
        const char *const headers[] = { "Content-Type: application/json", NULL };
        struct http_req req = { "POST", "http://prefect.invalid/api/x", headers, body, 10000 };
        MUST(http_send(h, &req, &r, e));
        assert_int_equal(r.status, 201);
        assert_string_equal(r.body.data, body);
        http_header(&r, "x-peer", peer, sizeof(peer));
        if (!i)
            (void)snprintf(first, sizeof(first), "%s", peer);
        assert_string_equal(peer, first);
    }
    http_free(h);
}

static void large_body_both_ways(void **state)
{
    struct http *h = http_over_ssh(conn, "127.0.0.1", web_port, clock_real());
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(BIG);
    char sum[HASH_HEX];
    struct http_req req = { "GET", "http://prefect.invalid/big", NULL, NULL, 60000 };

    (void)state;
    MUST(http_send(h, &req, &r, e));
    assert_int_equal(r.status, 200);
    assert_int_equal(r.body.len, BIG);
    hash_sha256_hex(r.body.data, r.body.len, sum);
    assert_string_equal(sum, big_sum);
    AUTO_FREE char *text = xcalloc(1, (6 << 20) + 1);
    memset(text, 'x', 6 << 20);
    struct http_req post = { "POST", "http://prefect.invalid/", NULL, text, 60000 };
    MUST(http_send(h, &post, &r, e));
    assert_int_equal(r.body.len, 6 << 20);
    assert_string_equal(r.body.data, text);
    http_free(h);
}

static void answer_over_the_ceiling(void **state)
{
    struct http *h = http_over_ssh(conn, "127.0.0.1", web_port, clock_real());
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);
    struct err why = ERR_INIT;
    struct http_req req = { "GET", "http://prefect.invalid/big", NULL, NULL, 60000 };

    (void)state;
    assert_int_equal(http_send(h, &req, &r, &why), -1);
    assert_int_equal(why.code, ERR_REMOTE);
    assert_non_null(strstr(why.msg, "larger than 1000 bytes"));
    http_free(h);
    /* The connection below is still good. */
    MUST(ssh_run(conn, (const char *const[]){ "true", NULL }, NULL, NULL, e));
}

static void closed_port_there(void **state)
{
    struct http *h = http_over_ssh(conn, "127.0.0.1", free_port(), clock_real());
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(1000);
    struct err why = ERR_INIT;
    struct http_req req = { "GET", "http://prefect.invalid/", NULL, NULL, 5000 };

    (void)state;
    assert_int_equal(http_send(h, &req, &r, &why), -1);
    assert_int_equal(why.code, ERR_NET);
    assert_true(why.retryable);
    assert_non_null(strstr(why.msg, "seen from"));
    http_free(h);
}

static void commands_run_beside_a_stream(void **state)
{
    struct http *h = http_over_ssh(conn, "127.0.0.1", web_port, clock_real());

    (void)state;
    for (int i = 0; i < 5; i++) {
        AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(BIG);
        AUTO_SSH_RESULT struct ssh_result out = SSH_RESULT_INIT;
        struct http_req req = { "GET", "http://prefect.invalid/big", NULL, NULL, 60000 };
        MUST(http_send(h, &req, &r, e));
        assert_int_equal(r.body.len, BIG);
        MUST(ssh_run(conn, (const char *const[]){ "echo", "beside", NULL }, NULL, &out, e));
        assert_string_equal(out.out.data, "beside\n");
    }
    http_free(h);
}

/* Clients of the forward are children, since ssh_forward does not return while it serves. */
struct clients {
    pid_t pids[CLIENTS];
    size_t running;
    int failed;
};

static int fetch(int port)
{
    struct http *h = http_new(clock_real());
    AUTO_HTTP_RESP struct http_resp r = HTTP_RESP_INIT(BIG);
    struct err why = ERR_INIT;
    char sum[HASH_HEX];
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/big", port);
    struct http_req req = { "GET", url, NULL, NULL, 60000 };

    int rc = http_send(h, &req, &r, &why);
    if (rc < 0)
        fprintf(stderr, "client: %s\n", why.msg);
    hash_sha256_hex(r.body.data, r.body.len, sum);
    http_free(h);
    return rc < 0 ? 1 : strcmp(sum, big_sum) != 0;
}

static void start_clients(void *ctx, int port)
{
    struct clients *c = ctx;

    /* One that asks for much and disappears. */
    int rude = connect_to(port);
    static const char ask[] = "GET /big HTTP/1.0\r\n\r\n";
    assert_int_equal(write(rude, ask, strlen(ask)), (ssize_t)strlen(ask));
    struct linger now = { 1, 0 };
    (void)setsockopt(rude, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(rude);
    for (size_t i = 0; i < CLIENTS; i++) {
        c->pids[i] = fork();
        if (c->pids[i] == 0)
            _exit(fetch(port));
        c->running++;
    }
}

static bool clients_done(void *ctx)
{
    struct clients *c = ctx;
    int status;

    for (size_t i = 0; i < CLIENTS; i++) {
        if (c->pids[i] <= 0 || waitpid(c->pids[i], &status, WNOHANG) != c->pids[i])
            continue;
        c->pids[i] = 0;
        c->running--;
        c->failed += status != 0;
    }
    return c->running == 0;
}

static void forward_serves_clients_at_once(void **state)
{
    struct clients c = { .running = 0 };
    int port = 0;

    (void)state;
    MUST(ssh_forward(conn, 0, "127.0.0.1", web_port, &port, start_clients, clients_done, &c, e));
    assert_int_equal(c.failed, 0);
    MUST(ssh_run(conn, (const char *const[]){ "true", NULL }, NULL, NULL, e));
}

static void half_close_reaches_the_other_side(void **state)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(a);
    struct ssh_stream *st = NULL;
    char buf[64];
    ssize_t n = -1;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    MUST(ssh_stream_open(conn, "127.0.0.1", ntohs(a.sin_port), &st, &fd, e));
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(write(fd, "ask", 3), 3);
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 100 && n != 0; i++) {
        MUST(ssh_pump(conn, 100, &fd, 1, e));
        n = recv(peer, buf, sizeof(buf), MSG_DONTWAIT);
        if (n > 0)
            assert_memory_equal(buf, "ask", 3);
    }
    assert_int_equal(n, 0);
    assert_int_equal(write(peer, "answer", 6), 6);
    for (int i = 0; i < 100 && (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) < 0; i++)
        MUST(ssh_pump(conn, 100, &fd, 1, e));
    assert_int_equal(n, 6);
    close(peer);
    close(listener);
    close(fd);
    ssh_stream_close(st);
}

static void lost_server_ends_the_forward(void **state)
{
    struct ssh *own = sshd_connect(&server);
    AUTO_SSH_RESULT struct ssh_result r = SSH_RESULT_INIT;
    struct err why = ERR_INIT;

    (void)state;
    /* The process that serves this one connection. */
    MUST(ssh_run(own, (const char *const[]){ "sh", "-c", "ps -o ppid= -p $PPID", NULL }, NULL, &r, e));
    pid_t session = (pid_t)strtol(r.out.data, NULL, 10);
    assert_true(session > 1);
    kill(session, SIGKILL);
    assert_int_equal(ssh_forward(own, 0, "127.0.0.1", web_port, NULL, NULL, NULL, NULL, &why), -1);
    assert_int_equal(why.code, ERR_NET);
    ssh_close(own);
}

static int group(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_requests_on_one_stream),       cmocka_unit_test(large_body_both_ways),
        cmocka_unit_test(answer_over_the_ceiling),           cmocka_unit_test(closed_port_there),
        cmocka_unit_test(commands_run_beside_a_stream),      cmocka_unit_test(forward_serves_clients_at_once),
        cmocka_unit_test(half_close_reaches_the_other_side), cmocka_unit_test(lost_server_ends_the_forward),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

int main(void)
{
    return run_as_each_user(group);
}
