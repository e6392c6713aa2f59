#include "aws/sigv4.h"
#include "aws/credentials.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/util.h"
#include <ctype.h>
#include <mbedtls/md.h>
#include <string.h>

enum { MAX_BYTES = 1 << 20, MAC = 32 };

/* A name with its value, of a header or of the query. */
struct pair {
    char *name, *value;
    size_t at; /* place in the request: equal names keep their order */
};

struct pairs {
    struct pair *items;
    size_t len;
};

#define AUTO_PAIRS __attribute__((cleanup(pairs_done)))

static void pairs_done(struct pairs *p)
{
    for (size_t i = 0; i < p->len; i++) {
        secret_free(p->items[i].name);
        secret_free(p->items[i].value); /* the session token is among them */
    }
    free(p->items);
}

static struct pair *pairs_add(struct pairs *p)
{
    p->items = xrealloc(p->items, p->len + 1, sizeof(*p->items));
    p->items[p->len] = (struct pair){ .at = p->len };
    return &p->items[p->len++];
}

static int by_name(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : (x->at > y->at) - (x->at < y->at);
}

static int by_name_and_value(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->value, y->value);
}

static void sort(struct pairs *p, int (*compare)(const void *, const void *))
{
    if (p->len)
        qsort(p->items, p->len, sizeof(*p->items), compare);
}

/* RFC 3986: unreserved characters, and those in `keep`, stand for themselves. */
static void encode(struct sbuf *out, const char *text, size_t len, const char *keep)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 128 && isalnum(c)) || (c && (strchr("-_.~", c) || strchr(keep, c))))
            sbuf_addch(out, (char)c);
        else
            sbuf_addf(out, "%%%02X", c);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What is encoded already stays as it is, what is not becomes so: decoded first, then encoded. */
static char *encoded_again(const char *text, size_t len)
{
    struct sbuf plain = SBUF_INIT(MAX_BYTES), out = SBUF_INIT(MAX_BYTES);

    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        sbuf_addch(&plain, low >= 0 ? (char)(high << 4 | low) : text[i]);
        i += low >= 0 ? 2 : 0;
    }
    encode(&out, plain.data, plain.len, "");
    sbuf_done(&plain);
    return sbuf_take(&out);
}

static void drop_last_segment(struct sbuf *path)
{
    while (path->len && path->data[path->len - 1] != '/')
        path->data[--path->len] = '\0';
    if (path->len)
        path->data[--path->len] = '\0';
}

/* RFC 3986 5.2.4, and empty segments go too. `out` ends with "/" when the last segment named a directory. */
static void normalize(struct sbuf *out, const char *path)
{
    bool directory = true;

    while (*path) {
        size_t n = strcspn(path, "/");
        directory = path[n] == '/' || n == 0 || (n == 1 && path[0] == '.') || (n == 2 && !strncmp(path, "..", 2));
        if (n == 2 && strncmp(path, "..", 2) == 0) {
            drop_last_segment(out);
        } else if (n && !(n == 1 && path[0] == '.')) {
            sbuf_addch(out, '/');
            sbuf_add(out, path, n);
        }
        path += n + (path[n] == '/');
    }
    if (directory || !out->len)
        sbuf_addch(out, '/');
}

static void add_path(struct sbuf *out, const char *path, bool normalized)
{
    AUTO_SBUF struct sbuf plain = SBUF_INIT(MAX_BYTES);

    if (normalized)
        normalize(&plain, path);
    else
        sbuf_addstr(&plain, *path ? path : "/");
    encode(out, plain.data, plain.len, "/");
}

static void add_query(struct sbuf *out, const char *query)
{
    AUTO_PAIRS struct pairs all = { 0 };

    while (*query) {
        size_t n = strcspn(query, "&"), name = strcspn(query, "=&");
        if (n) {
            size_t value = name < n ? name + 1 : n;
            struct pair *p = pairs_add(&all);
            p->name = encoded_again(query, name);
            p->value = encoded_again(query + value, n - value);
        }
        query += n + (query[n] == '&');
    }
    sort(&all, by_name_and_value);
    for (size_t i = 0; i < all.len; i++)
        sbuf_addf(out, "%s%s=%s", i ? "&" : "", all.items[i].name, all.items[i].value);
}

/* Without white space at the ends, and each run of it inside as one space. */
static char *trimmed(const char *text)
{
    struct sbuf out = SBUF_INIT(MAX_BYTES);

    for (; *text; text++) {
        if (!strchr(" \t\r\n", *text))
            sbuf_addch(&out, *text);
        else if (out.len && out.data[out.len - 1] != ' ')
            sbuf_addch(&out, ' ');
    }
    sbuf_trim(&out);
    return sbuf_take(&out);
}

static int read_headers(struct pairs *ret, const struct sigv4_request *r, struct err *e)
{
    for (size_t i = 0; r->headers && r->headers[i]; i++) {
        const char *colon = strchr(r->headers[i], ':');
        if (!colon || colon == r->headers[i])
            return err_set(e, ERR_INTERNAL, "sign: header %zu has no name", i + 1);
        struct pair *p = pairs_add(ret);
        p->name = xstrndup(r->headers[i], (size_t)(colon - r->headers[i]));
        for (char *c = p->name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        p->value = trimmed(colon + 1);
    }
    sort(ret, by_name);
    return 0;
}

static void add_signed_names(struct sbuf *out, const struct pairs *headers)
{
    for (size_t i = 0; i < headers->len; i++)
        if (!i || strcmp(headers->items[i].name, headers->items[i - 1].name) != 0)
            sbuf_addf(out, "%s%s", i ? ";" : "", headers->items[i].name);
}

int sigv4_canonical_request(struct sbuf *out, const struct sigv4_request *r, const struct sigv4_scope *s, struct err *e)
{
    AUTO_PAIRS struct pairs headers = { 0 };
    char hash[HASH_HEX];

    if (read_headers(&headers, r, e) < 0)
        return -1;
    sbuf_addf(out, "%s\n", r->method);
    add_path(out, r->path, s->normalize);
    sbuf_addch(out, '\n');
    add_query(out, r->query);
    for (size_t i = 0; i < headers.len; i++) {
        bool again = i && strcmp(headers.items[i].name, headers.items[i - 1].name) == 0;
        if (!again)
            sbuf_addf(out, "\n%s:", headers.items[i].name);
        sbuf_addf(out, "%s%s", again ? "," : "", headers.items[i].value);
    }
    sbuf_addstr(out, "\n\n");
    add_signed_names(out, &headers);
    hash_sha256_hex(r->body ? r->body : "", r->body_len, hash);
    sbuf_addf(out, "\n%s", hash);
    return sbuf_check(out, "canonical request", e);
}

static void add_scope(struct sbuf *out, const struct sigv4_scope *s)
{
    sbuf_addf(out, "%.8s/%s/%s/aws4_request", s->time, s->region, s->service);
}

int sigv4_string_to_sign(struct sbuf *out, const char *canonical_request, const struct sigv4_scope *s, struct err *e)
{
    char hash[HASH_HEX];

    hash_sha256_hex(canonical_request, strlen(canonical_request), hash);
    sbuf_addf(out, "AWS4-HMAC-SHA256\n%s\n", s->time);
    add_scope(out, s);
    sbuf_addf(out, "\n%s", hash);
    return sbuf_check(out, "string to sign", e);
}

static int hmac(unsigned char ret[static MAC], const void *key, size_t key_len, const char *text, size_t len,
                struct err *e)
{
    int rc = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, key_len, (const unsigned char *)text,
                             len, ret);

    return rc ? err_set(e, ERR_INTERNAL, "sign: mbedtls error -0x%04x", (unsigned)-rc) : 0;
}

int sigv4_signature(char ret[static HASH_HEX], const char *secret, const char *string_to_sign,
                    const struct sigv4_scope *s, struct err *e)
{
    AUTO_SBUF struct sbuf first = SBUF_INIT(MAX_BYTES);
    unsigned char key[MAC], mac[MAC];
    int rc = -1;

    sbuf_addf(&first, "AWS4%s", secret);
    if (hmac(key, first.data, first.len, s->time, strnlen(s->time, 8), e) == 0 &&
        hmac(mac, key, MAC, s->region, strlen(s->region), e) == 0 &&
        hmac(key, mac, MAC, s->service, strlen(s->service), e) == 0 &&
        hmac(mac, key, MAC, "aws4_request", strlen("aws4_request"), e) == 0 &&
        hmac(key, mac, MAC, string_to_sign, strlen(string_to_sign), e) == 0)
        rc = 0;
    for (size_t i = 0; rc == 0 && i < MAC; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", key[i]);
    secret_wipe(key, sizeof(key));
    secret_wipe(mac, sizeof(mac));
    return rc;
}

int sigv4_authorization(struct sbuf *out, const struct sigv4_request *r, const struct sigv4_scope *s,
                        const struct aws_credentials *c, struct err *e)
{
    AUTO_SBUF struct sbuf canonical = SBUF_INIT(MAX_BYTES);
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_BYTES);
    AUTO_PAIRS struct pairs headers = { 0 };
    char signature[HASH_HEX];

    if (sigv4_canonical_request(&canonical, r, s, e) < 0 || sigv4_string_to_sign(&text, canonical.data, s, e) < 0 ||
        sigv4_signature(signature, c->secret, text.data, s, e) < 0 || read_headers(&headers, r, e) < 0)
        return -1;
    sbuf_addf(out, "Authorization: AWS4-HMAC-SHA256 Credential=%s/", c->key_id);
    add_scope(out, s);
    sbuf_addstr(out, ", SignedHeaders=");
    add_signed_names(out, &headers);
    sbuf_addf(out, ", Signature=%s", signature);
    return sbuf_check(out, "signature", e);
}

void sigv4_time(int64_t wall_ms, char ret[static 17])
{
    char iso[21];
    size_t n = 0;

    clock_iso8601(wall_ms, iso);
    for (const char *c = iso; *c && n < 16; c++)
        if (*c != '-' && *c != ':')
            ret[n++] = *c;
    ret[n] = '\0';
}
