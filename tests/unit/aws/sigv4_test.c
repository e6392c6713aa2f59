#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"

#define MUST(expr)                             \
    do {                                       \
        struct err e_ = ERR_INIT, *e = &e_;    \
        if ((expr) < 0)                        \
            fail_msg("%s: %s", #expr, e->msg); \
    } while (0)

/* The official vectors: awslabs/aws-c-auth, tests/aws-signing-test-suite/v4. */
static const char vectors[] = "../shared/definitions/sigv4";

static char *file_of(const char *name, const char *file)
{
    AUTO_FREE char *path = xasprintf("%s/%s/%s", vectors, name, file);
    struct sbuf text = SBUF_INIT(1 << 20);

    MUST(fsx_read(path, &text, e));
    return sbuf_take(&text);
}

/* A request as text, taken apart. */
struct request {
    char *text, *path, *query;
    struct svec headers;
    struct sigv4_request r;
};

/* Continued lines stay in their header, with the line break. */
static const char *read_header(struct svec *headers, const char *at)
{
    const char *end = at + strcspn(at, "\n");

    while (end[0] && (end[1] == ' ' || end[1] == '\t'))
        end += 1 + strcspn(end + 1, "\n");
    svec_addf(headers, "%.*s", (int)(end - at), at);
    return end + (*end == '\n');
}

static void read_request(struct request *q, const char *name, const json_t *context)
{
    q->text = file_of(name, "request.txt");
    char *line_end = strchr(q->text, '\n'), *space = strchr(q->text, ' ');
    assert_true(space && line_end && line_end - space > 10);
    *space = line_end[-9] = '\0'; /* " HTTP/1.1" */
    char *mark = strchr(space + 1, '?');
    q->path = xstrndup(space + 1, mark ? (size_t)(mark - space - 1) : strlen(space + 1));
    q->query = xstrdup(mark ? mark + 1 : "");
    const char *at = line_end + 1;
    while (*at && *at != '\n')
        at = read_header(&q->headers, at);
    at += *at == '\n';
    q->r = (struct sigv4_request){
        .method = q->text, .path = q->path, .query = q->query, .body = at, .body_len = strlen(at)
    };
    if (jsonx_bool(context, "sign_body", false)) {
        char hash[HASH_HEX];
        hash_sha256_hex(at, strlen(at), hash);
        svec_addf(&q->headers, "x-amz-content-sha256:%s", hash);
    }
    const char *token = jsonx_str(context, "credentials.token");
    if (*token && !jsonx_bool(context, "omit_session_token", false))
        svec_addf(&q->headers, "X-Amz-Security-Token:%s", token);
}

static void request_done(struct request *q)
{
    free(q->text);
    free(q->path);
    free(q->query);
    svec_done(&q->headers);
}

/* "2015-08-30T12:36:00Z" to "20150830T123600Z". */
static void compact(const char *iso, char ret[static 17])
{
    size_t n = 0;

    for (; *iso && n < 16; iso++)
        if (*iso != '-' && *iso != ':')
            ret[n++] = *iso;
    ret[n] = '\0';
}

static void same(const char *name, const char *stage, const char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        fail_msg("%s, %s:\ngot  '%s'\nwant '%s'", name, stage, got, want);
}

static void check_authorization(const char *name, const struct request *q, const struct sigv4_scope *s,
                                const struct aws_credentials *c)
{
    AUTO_SBUF struct sbuf line = SBUF_INIT(1 << 16);
    AUTO_FREE char *signed_request = file_of(name, "header-signed-request.txt");
    char *want = strstr(signed_request, "\nAuthorization:");

    assert_non_null(want);
    want += strlen("\nAuthorization:");
    want[strcspn(want, "\n")] = '\0';
    MUST(sigv4_authorization(&line, &q->r, s, c, e));
    assert_memory_equal(line.data, "Authorization: ", strlen("Authorization: "));
    same(name, "Authorization", line.data + strlen("Authorization: "), want);
}

static void check_vector(const char *name)
{
    struct err err = ERR_INIT;
    AUTO_FREE char *text = file_of(name, "context.json");
    AUTO_JSON json_t *context = jsonx_parse(text, strlen(text), name, &err);
    AUTO_FREE char *canonical = file_of(name, "header-canonical-request.txt");
    AUTO_FREE char *to_sign = file_of(name, "header-string-to-sign.txt");
    AUTO_FREE char *signature = file_of(name, "header-signature.txt");
    AUTO_FREE char *key_id = NULL;
    AUTO_FREE char *secret = NULL;
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 20);
    struct request q = { .headers = SVEC_INIT };
    char hex[HASH_HEX];

    assert_non_null(context);
    struct sigv4_scope s = { .region = jsonx_str(context, "region"),
                             .service = jsonx_str(context, "service"),
                             .normalize = jsonx_bool(context, "normalize", true) };
    compact(jsonx_str(context, "timestamp"), s.time);
    key_id = xstrdup(jsonx_str(context, "credentials.access_key_id"));
    secret = xstrdup(jsonx_str(context, "credentials.secret_access_key"));
    struct aws_credentials c = { .key_id = key_id, .secret = secret };
    read_request(&q, name, context);
    svec_addf(&q.headers, "X-Amz-Date:%s", s.time);
    q.r.headers = svec_argv(&q.headers);

    MUST(sigv4_canonical_request(&out, &q.r, &s, e));
    same(name, "canonical request", out.data, canonical);
    sbuf_reset(&out);
    MUST(sigv4_string_to_sign(&out, canonical, &s, e));
    same(name, "string to sign", out.data, to_sign);
    MUST(sigv4_signature(hex, secret, to_sign, &s, e));
    same(name, "signature", hex, signature);
    check_authorization(name, &q, &s, &c);
    request_done(&q);
}

static void test_official_vectors(void **state)
{
    AUTO_DIR DIR *d = opendir(vectors);
    struct dirent *entry;
    int count = 0;

    (void)state;
    if (!d) {
        print_message("NOT RUN: %s is absent\n", vectors);
        return;
    }
    while ((entry = readdir(d)))
        if (entry->d_name[0] != '.') {
            check_vector(entry->d_name);
            count++;
        }
    print_message("%d vectors at 4 stages each\n", count);
    assert_int_equal(count, 38);
}

/* The expected values were computed with Python's hmac and hashlib. */
static const struct own_vector {
    const char *name, *method, *path, *query, *body;
    const char *headers[6];
    const char *region, *service, *canonical, *signature;
} own_vectors[] = {
    { "form with session token",
      "POST",
      "/",
      "",
      "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Aslipway",
      { "Host: ec2.eu-central-1.amazonaws.com", "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        "X-Amz-Date: 20261121T040000Z", "X-Amz-Security-Token: to/ken+==", NULL },
      "eu-central-1",
      "ec2",
      "POST\n/\n\ncontent-type:application/x-www-form-urlencoded; "
      "charset=utf-8\nhost:ec2.eu-central-1.amazonaws.com\nx-amz-date:20261121T040000Z\nx-amz-security-token:to/"
      "ken+==\n\ncontent-type;host;x-amz-date;x-amz-security-"
      "token\n9438ce84f8869c86df7c8aab4141ea36ad79b6db1db1d71c4fbc74d35d14ac4a",
      "9fde4cdc61649872ef34d830d002180c7219a678f2ef747dcf1acd17ab0c3632" },
    { "path, query and repeated header",
      "GET",
      "/x/.././a%20b//c/",
      "b=%zz&a=1/2&a=%20%2B&a&",
      "",
      { "X-Many: one", "host:localhost:8080", "x-MANY:  two 	 three ", NULL },
      "us-west-2",
      "ssm",
      "GET\n/a%2520b/c/\na=&a=%20%2B&a=1%2F2&b=%25zz\nhost:localhost:8080\nx-many:one,two "
      "three\n\nhost;x-many\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "4dd0c064197e1974ecfb6f43a8cfa94e1d6ed79114bc11a58d2c4fec85113785" },
};

static void test_own_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(own_vectors); i++) {
        const struct own_vector *v = &own_vectors[i];
        AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 16);
        AUTO_FREE char *key_id = xstrdup("AKIDOWNVECTOR");
        AUTO_FREE char *secret = xstrdup("slipway+own/secret");
        struct sigv4_scope s = { .region = v->region, .service = v->service, .normalize = true };
        struct sigv4_request r = { v->method, v->path, v->query, v->headers, v->body, strlen(v->body) };
        struct aws_credentials c = { .key_id = key_id, .secret = secret };
        AUTO_SBUF struct sbuf line = SBUF_INIT(1 << 16);

        sigv4_time(1795233600123, s.time);
        MUST(sigv4_canonical_request(&out, &r, &s, e));
        same(v->name, "canonical request", out.data, v->canonical);
        MUST(sigv4_authorization(&line, &r, &s, &c, e));
        const char *mark = strstr(line.data, "Signature=");
        assert_non_null(mark);
        same(v->name, "signature", mark + strlen("Signature="), v->signature);
    }
}

static void test_header_without_a_name(void **state)
{
    static const char *const bad[] = { "no colon here", ": no name" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *headers[] = { "Host: h", bad[i], NULL };
        AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 16);
        struct sigv4_scope s = { .region = "r", .service = "s", .time = "20150830T123600Z" };
        struct sigv4_request r = { "GET", "/", "", headers, "", 0 };
        struct err err = ERR_INIT;
        assert_int_equal(sigv4_canonical_request(&out, &r, &s, &err), -1);
        assert_int_equal(err.code, ERR_INTERNAL);
        assert_null(strstr(err.msg, bad[i])); /* it may be a secret */
    }
}

static void test_time(void **state)
{
    char got[17];

    (void)state;
    sigv4_time(1440938160000, got);
    assert_string_equal(got, "20150830T123600Z");
    sigv4_time(0, got);
    assert_string_equal(got, "19700101T000000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_official_vectors),
        cmocka_unit_test(test_own_vectors),
        cmocka_unit_test(test_header_without_a_name),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
