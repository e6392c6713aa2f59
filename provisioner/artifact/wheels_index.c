#include "artifact/wheels_index.h"
#include "artifact/ref.h"
#include "artifact/wheel_name.h"
#include "artifact/wheels.h"
#include "artifact/wheels_pins.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/http.h"
#include "net/url.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    TRIES = 3,
    TIMEOUT_MS = 120000,
    PAUSE_MS = 1000,
    LINKS_MAX = 512, /* wheels of one version */
};

#define PAGE_MAX (64u << 20)

struct link {
    char file[200], sha256[65];
    char *url;
    bool chosen;
};

struct links {
    struct link rows[LINKS_MAX];
    size_t n;
};

static void links_free(struct links **l)
{
    for (size_t i = 0; *l && i < (*l)->n; i++)
        free((*l)->rows[i].url);
    free(*l);
}

static int get_page(struct http *http, struct clock *clock, const char *url, struct http_resp *resp, struct err *e)
{
    const struct http_req req = { "GET", url, (const char *const[]){ "Accept: text/html", NULL }, NULL, TIMEOUT_MS };
    char shown[512];

    url_show(url, shown, sizeof(shown));
    for (int i = 0;; i++) {
        sbuf_reset(&resp->body);
        sbuf_reset(&resp->headers);
        err_clear(e);
        int rc = http_send(http, &req, resp, e);
        bool again = rc < 0 ? e->retryable : resp->status == 429 || resp->status >= 500;
        if (again && i + 1 < TRIES) {
            if (clock->sleep_ms(clock, PAUSE_MS, e) < 0)
                return -1;
            continue;
        }
        if (rc < 0)
            return err_wrap(e, "'%s'", shown);
        if (resp->status == 200)
            return 0;
        return err_set(e, resp->status == 401 || resp->status == 403 ? ERR_AUTH : ERR_REMOTE, "'%s': HTTP %d", shown,
                       resp->status);
    }
}

/* The value of `href` in the tag from `tag` to `end`, entities decoded; false when it has none. */
static bool href_of(const char *tag, const char *end, struct sbuf *ret)
{
    const char *p = tag;

    for (; p + 6 < end; p++)
        if (strchr(" \t\r\n", p[-1]) && strncasecmp(p, "href=", 5) == 0 && (p[5] == '"' || p[5] == '\''))
            break;
    if (p + 6 >= end)
        return false;
    const char *close = memchr(p + 6, p[5], (size_t)(end - p - 6));
    for (p += 6; close && p < close; p++) {
        sbuf_addch(ret, *p);
        if (strncmp(p, "&amp;", 5) == 0)
            p += 4;
    }
    return close && !ret->overflow;
}

/* `href` on the page `base` as an address without fragment, user and password; NULL when it is none. Caller frees. */
static char *absolute(const char *base, const char *href, struct link *l)
{
    CURLU *u = curl_url();
    char *path = NULL, *url = NULL, *fragment = NULL, *ret = NULL;

    if (u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, href, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK && strncmp(fragment, "sha256=", 7) == 0 &&
        ref_is_sha256(fragment + 7) && curl_url_get(u, CURLUPART_PATH, &path, CURLU_URLDECODE) == CURLUE_OK) {
        const char *file = strrchr(path, '/') + 1;
        memcpy(l->sha256, fragment + 7, sizeof(l->sha256));
        if (strlen(file) < sizeof(l->file))
            memcpy(l->file, file, strlen(file) + 1);
        (void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
        (void)curl_url_set(u, CURLUPART_USER, NULL, 0);
        (void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
        if (l->file[0] && curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
            ret = xstrdup(url);
    }
    curl_free(path);
    curl_free(url);
    curl_free(fragment);
    curl_url_cleanup(u);
    return ret;
}

/* Every wheel of `version` that a page names with its digest. */
static void read_links(const char *page, const char *base, const char *name, const char *version, struct links *ret)
{
    const char *end;

    for (const char *p = page; (p = strchr(p, '<')) && (end = strchr(p, '>')) && ret->n < LINKS_MAX; p = end) {
        AUTO_SBUF struct sbuf href = SBUF_INIT(4096);
        struct link *l = &ret->rows[ret->n];
        char own[128], of[64];
        if ((p[1] != 'a' && p[1] != 'A') || !strchr(" \t\r\n", p[2]) || !href_of(p + 3, end, &href))
            continue;
        memset(l, 0, sizeof(*l));
        l->url = absolute(base, href.data, l);
        if (l->url && wheel_parse(l->file, own, of) && strcmp(own, name) == 0 && strcmp(of, version) == 0)
            ret->n++;
        else
            free(TAKE_PTR(l->url));
    }
}

static int choose(struct links *l, const char *name, const char *version, int minor, const char *arch, struct err *e)
{
    struct link *best = NULL;
    int least = 0;

    for (size_t i = 0; i < l->n; i++) {
        int rank = wheel_rank(l->rows[i].file, minor, arch);
        if (rank >= 0 && (!best || rank < least)) {
            best = &l->rows[i];
            least = rank;
        }
    }
    if (!best)
        return err_set(e, ERR_SPEC, "the index has no wheel of '%s' %s for Python 3.%d on %s with a sha256", name,
                       version, minor, arch);
    best->chosen = true;
    return 0;
}

int wheels_index_add(struct http *http, struct clock *clock, const char *index, const char *group, const char *name,
                     const char *version, struct artifacts *ret, struct err *e)
{
    static const char *const arches[] = { "amd64", "arm64" };
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(PAGE_MAX);
    __attribute__((cleanup(links_free))) struct links *links = xcalloc(1, sizeof(*links));
    size_t n = strlen(index);

    while (n && index[n - 1] == '/')
        n--;
    AUTO_FREE char *url = xasprintf("%.*s/%s/", (int)n, index, name);
    if (get_page(http, clock, url, &resp, e) < 0)
        return -1;
    read_links(resp.body.data, url, name, version, links);
    for (int minor = WHEELS_PYTHON_MIN; minor <= WHEELS_PYTHON_MAX; minor++)
        for (size_t i = 0; i < ARRAY_LEN(arches); i++)
            if (choose(links, name, version, minor, arches[i], e) < 0)
                return -1;
    for (size_t i = 0; i < links->n; i++) {
        const struct link *l = &links->rows[i];
        if (l->chosen && !wheels_add(ret, group, l->file, l->sha256, 0, l->url))
            return err_set(e, ERR_REMOTE, "the index names '%s', which is not a wheel for Linux", l->file);
    }
    return 0;
}
