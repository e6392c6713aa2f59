#include "net/http.h"
#include "net/curl_options.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/cancel.h"
#include "core/mem.h"
#include "core/util.h"
#include "net/http_via.h"
#include "net/url.h"

enum { POLL_MS = 250, SHOWN = 512 };

struct http_curl {
    struct http base;
    struct clock *clock;
    CURLM *multi; /* keeps connections between requests */
    CURL *easy;
    char *ca_file;       /* or NULL */
    struct http_via via; /* `open` is NULL: libcurl connects itself */
};

/* One request while it runs. */
struct exchange {
    struct http_curl *h;
    const struct http_req *req;
    struct http_resp *ret;
    struct err *e;
    char shown[SHOWN]; /* the URL for messages */
    char text[CURL_ERROR_SIZE];
};

void http_resp_done(struct http_resp *r)
{
    sbuf_done(&r->body);
    sbuf_done(&r->headers);
}

void http_header(const struct http_resp *r, const char *name, char *ret, size_t size)
{
    size_t len = strlen(name);

    ret[0] = '\0';
    for (const char *line = r->headers.data; *line; line += *line == '\n') {
        size_t n = strcspn(line, "\r\n");
        if (n > len && line[len] == ':' && strncasecmp(line, name, len) == 0) {
            const char *value = line + len + 1, *end = line + n;
            value += strspn(value, " \t");
            while (end > value && strchr(" \t", end[-1]))
                end--;
            (void)snprintf(ret, size, "%.*s", (int)(end - value), value);
            return;
        }
        line += n + strspn(line + n, "\r");
    }
}

int64_t http_header_time(const struct http_resp *r, const char *name)
{
    char text[64];

    http_header(r, name, text, sizeof(text));
    time_t t = *text ? curl_getdate(text, NULL) : -1;
    return t < 0 ? -1 : (int64_t)t * 1000;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;

    sbuf_add(&x->ret->body, data, size * n);
    return x->ret->body.overflow ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;

    /* Interim answers (100, 103) have headers of their own, which are not those of the answer. */
    if (size * n > 5 && memcmp(data, "HTTP/", 5) == 0)
        sbuf_reset(&x->ret->headers);
    sbuf_add(&x->ret->headers, data, size * n);
    return x->ret->headers.overflow ? 0 : size * n;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *x = arg;
    int fd = -1;

    (void)purpose;
    (void)address;
    return x->h->via.open(x->h->via.ctx, &fd, x->e) < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
    struct http_curl *h = arg;

    h->via.close(h->via.ctx, fd);
    return 0;
}

static int check_url(const struct http_curl *h, const char *url, const char *shown, struct err *e)
{
    char host[256];

    url_host(url, host, sizeof(host));
    if (!*host)
        return err_set(e, ERR_SPEC, "'%s' is not a URL", shown);
    if (!url_is_https(url) && strncasecmp(url, "http://", 7) != 0)
        return err_set(e, ERR_SPEC, "'%s' is neither https nor http", shown);
    if (!h->via.open && !url_is_https(url) && !url_is_loopback(url) && !url_is_metadata(url))
        return err_set(e, ERR_SPEC, "'%s': only https is allowed to another host", shown);
    return 0;
}

static void set_connection(struct exchange *x, struct curl_slist **connect_to)
{
    char to[32];
    CURL *c = x->h->easy;

    curl_options_base(c, x->req->url, x->h->ca_file);
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https"); /* narrower: check_url */
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    if (x->h->base.once)
        (void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    if (!x->h->via.open)
        return;
    (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
    /* The name in the URL is looked up by nobody. */
    (void)snprintf(to, sizeof(to), "::127.0.0.1:%d", x->h->via.port);
    *connect_to = curl_slist_append(NULL, to);
    (void)curl_easy_setopt(c, CURLOPT_CONNECT_TO, *connect_to);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x);
    (void)curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    (void)curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, x->h);
}

static struct curl_slist *set_request(struct exchange *x)
{
    CURL *c = x->h->easy;
    const struct http_req *r = x->req;
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; r->headers && r->headers[i]; i++)
        headers = curl_slist_append(headers, r->headers[i]);
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    if (r->body || strcmp(r->method, "POST") == 0) {
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? strlen(r->body) : 0));
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body ? r->body : "");
    }
    if (strcmp(r->method, "HEAD") == 0)
        (void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else
        (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    (void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 128L << 10);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->text);
    if (r->timeout_ms)
        (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    return headers;
}

static int failed(const struct exchange *x, CURLcode rc, struct err *e)
{
    const char *why = x->text[0] ? x->text : curl_easy_strerror(rc), *cas = curl_options_ca_file(x->h->ca_file);

    if (e->code) /* the stream below has said why */
        return err_wrap(e, "%s %s", x->req->method, x->shown);
    switch (rc) {
    case CURLE_WRITE_ERROR:
        return err_set(e, ERR_REMOTE, "%s %s: the answer is larger than %zu bytes", x->req->method, x->shown,
                       x->ret->body.overflow ? x->ret->body.max : x->ret->headers.max);
    case CURLE_SSL_CACERT_BADFILE:
        (void)err_set(e, ERR_AUTH, "%s %s: '%s' cannot be read as a bundle of CAs", x->req->method, x->shown,
                      cas ? cas : "/etc/ssl/certs");
        return err_hint(e, "AWS_CA_BUNDLE, ca_bundle of the profile, CURL_CA_BUNDLE or SSL_CERT_FILE names it");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        (void)err_set(e, ERR_AUTH, "%s %s: certificate not accepted by the CAs in '%s': %s", x->req->method, x->shown,
                      cas ? cas : "/etc/ssl/certs", why);
        if (cas)
            return err_hint(e, "behind a proxy that re-signs TLS, add its CA to that file");
        return err_hint(e, "behind a proxy that re-signs TLS, name its CA bundle in SSL_CERT_FILE");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return err_set(e, ERR_INTERNAL, "%s %s: %s", x->req->method, x->shown, why);
    default:
        (void)err_set(e, ERR_NET, "%s %s: %s", x->req->method, x->shown, why);
        e->retryable = true;
        return -1;
    }
}

static int wait_some(const struct exchange *x, struct err *e)
{
    struct http_curl *h = x->h;

    if (h->via.open)
        return h->via.pump(h->via.ctx, POLL_MS, e);
    int64_t before = h->clock->mono_ms(h->clock);
    (void)curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
    h->clock->waited_ms += h->clock->mono_ms(h->clock) - before;
    return 0;
}

static int perform(struct exchange *x, struct err *e)
{
    int running = 1, left;
    const CURLMsg *m;

    for (;;) {
        CURLMcode rc = curl_multi_perform(x->h->multi, &running);
        if (rc)
            return err_set(e, ERR_INTERNAL, "%s %s: %s", x->req->method, x->shown, curl_multi_strerror(rc));
        while ((m = curl_multi_info_read(x->h->multi, &left)))
            if (m->msg == CURLMSG_DONE)
                return m->data.result ? failed(x, m->data.result, e) : 0;
        if (cancel_check(e) < 0 || wait_some(x, e) < 0)
            return err_wrap(e, "%s %s", x->req->method, x->shown);
    }
}

static int curl_send(struct http *base, const struct http_req *req, struct http_resp *ret, struct err *e)
{
    struct http_curl *h = (struct http_curl *)base;
    struct exchange x = { .h = h, .req = req, .ret = ret, .e = e };
    long status = 0, request_size = 0;
    struct curl_slist *connect_to = NULL;

    url_show(req->url, x.shown, sizeof(x.shown));
    if (check_url(h, req->url, x.shown, e) < 0)
        return -1;
    ret->status = 0;
    ret->sent = false;
    sbuf_reset(&ret->body);
    sbuf_reset(&ret->headers);
    /* Learn that the other side has closed a kept connection before it is used again. */
    if (h->via.open && h->via.pump(h->via.ctx, 0, e) < 0)
        return err_wrap(e, "%s %s", req->method, x.shown);
    curl_easy_reset(h->easy);
    struct curl_slist *headers = set_request(&x);
    set_connection(&x, &connect_to);
    (void)curl_multi_add_handle(h->multi, h->easy);
    int rc = perform(&x, e);
    (void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &request_size);
    (void)curl_multi_remove_handle(h->multi, h->easy);
    curl_easy_reset(h->easy); /* it still points to what ends here */
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
    ret->status = (int)status;
    ret->sent = request_size > 0;
    return rc;
}

struct http *http_new_via(struct clock *clock, const struct http_via *via)
{
    struct http_curl *h = xcalloc(1, sizeof(*h));

    h->base.send = curl_send;
    h->clock = clock;
    h->multi = curl_multi_init();
    h->easy = curl_easy_init();
    if (!h->multi || !h->easy)
        abort();
    if (via) {
        h->via = *via;
        /* Only the connection in use may be kept: pump watches all that are open. */
        (void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 1L);
    }
    return &h->base;
}

struct http *http_new(struct clock *clock)
{
    return http_new_via(clock, NULL);
}

struct http *http_new_ca(struct clock *clock, const char *file)
{
    struct http *base = http_new(clock);

    ((struct http_curl *)base)->ca_file = file && *file ? xstrdup(file) : NULL;
    return base;
}

void http_free(struct http *base)
{
    struct http_curl *h = (struct http_curl *)base;

    if (!h)
        return;
    curl_easy_cleanup(h->easy);
    (void)curl_multi_cleanup(h->multi);
    if (h->via.free)
        h->via.free(h->via.ctx);
    free(h->ca_file);
    free(h);
}

int http_send(struct http *h, const struct http_req *req, struct http_resp *ret, struct err *e)
{
    return h->send(h, req, ret, e);
}
