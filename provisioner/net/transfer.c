#include "net/transfer.h"
#include "core/cancel.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "net/curl_options.h"
#include "net/url.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    NOTE_EVERY_MS = 250,
    POLL_MS = 250, /* how soon Ctrl-C is seen */
};

/* What one exchange saw; the curl callbacks share it. */
struct seen {
    struct transfer *t;
    CURL *curl;
    struct err fault;  /* set by a callback that stopped the exchange */
    bool retry_fault;  /* `fault` is worth another try */
    bool begun;        /* the first body byte, or the end of an empty body, was judged */
    off_t range_start; /* of Content-Range, -1: none */
    off_t range_total;
    char validator[256];
    off_t total; /* by the server's word, 0: not known */
    int64_t last_byte_ms, last_note_ms;
};

int part_restart(struct part *p, struct err *e)
{
    if (ftruncate(p->fd, 0) < 0 || lseek(p->fd, 0, SEEK_SET) < 0)
        return err_sys(e, ERR_INTERNAL, "empty the partial file");
    hash_sha256_free(p->hash, NULL);
    p->hash = hash_sha256_new();
    p->have = 0;
    p->resumed = false;
    p->validator[0] = p->source[0] = '\0';
    return 0;
}

static long status_of(const struct seen *s)
{
    long status = 0;

    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Name of the header when the line is "Name: value"; value without the line end into `ret`. */
static bool header_is(const char *line, size_t len, const char *name, char *ret, size_t size)
{
    size_t n = strlen(name);

    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    const char *v = line + n + 1, *end = line + len;
    while (v < end && (*v == ' ' || *v == '\t'))
        v++;
    while (end > v && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    if ((size_t)(end - v) >= size)
        return false;
    memcpy(ret, v, (size_t)(end - v));
    ret[end - v] = '\0';
    return true;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    struct seen *s = ctx;
    char value[256];
    long long from, to, total;

    (void)size; /* always 1 */
    if (n > 5 && memcmp(line, "HTTP/", 5) == 0) {
        s->validator[0] = '\0';
        s->range_start = s->range_total = -1;
    }
    /* A weak tag does not promise the same bytes (RFC 9110, 13.1.5). */
    if (header_is(line, n, "ETag", value, sizeof(value)) && value[0] == '"')
        memcpy(s->validator, value, sizeof(value));
    if (!s->validator[0] && header_is(line, n, "Last-Modified", value, sizeof(value)))
        memcpy(s->validator, value, sizeof(value));
    if (header_is(line, n, "Content-Range", value, sizeof(value))) {
        if (sscanf(value, "bytes %lld-%lld/%lld", &from, &to, &total) == 3) {
            s->range_start = from;
            s->range_total = total;
        } else if (sscanf(value, "bytes */%lld", &total) == 1) {
            s->range_total = total;
        }
    }
    return n;
}

static int too_large(struct seen *s, off_t limit)
{
    if (s->t->want)
        return err_set(&s->fault, ERR_CONFLICT, "has more than the %lld bytes it should have", (long long)limit);
    return err_set(&s->fault, ERR_REMOTE, "has more than the %lld bytes allowed", (long long)limit);
}

/* Decide what the answer means for the bytes we have. */
static int begin_body(struct seen *s)
{
    struct part *p = s->t->part;
    off_t limit = s->t->want ? s->t->want : s->t->max_bytes;
    curl_off_t length = -1;

    s->begun = true;
    if (status_of(s) == 206 && s->range_start != p->have) {
        s->retry_fault = part_restart(p, &s->fault) == 0;
        return s->retry_fault ? err_set(&s->fault, ERR_REMOTE, "answered with another range than asked for") : -1;
    }
    if (status_of(s) == 200 && p->have && part_restart(p, &s->fault) < 0)
        return -1;
    (void)curl_easy_getinfo(s->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > limit - p->have)
        return too_large(s, limit);
    s->total = length > 0 ? p->have + length : 0;
    p->resumed |= p->have > 0;
    memcpy(p->validator, s->validator, sizeof(p->validator));
    hash_sha256_hex(s->t->url, strlen(s->t->url), p->source);
    return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct seen *s = ctx;
    struct part *p = s->t->part;
    off_t limit = s->t->want ? s->t->want : s->t->max_bytes;

    (void)size;
    s->last_byte_ms = s->t->clock->mono_ms(s->t->clock);
    if (status_of(s) != 200 && status_of(s) != 206)
        return n; /* an error page is not the file */
    if (!s->begun && begin_body(s) < 0)
        return 0;
    if ((off_t)n > limit - p->have)
        return too_large(s, limit), 0;
    if (fsx_write_all(p->fd, data, n, &s->fault) < 0)
        return 0;
    hash_sha256_add(p->hash, data, n);
    p->have += (off_t)n;
    return n;
}

/* Between two waits: canceled, stalled, or something to tell. */
static int tick(struct seen *s)
{
    struct transfer *t = s->t;
    int64_t ms = t->clock->mono_ms(t->clock);
    off_t all = t->want ? t->want : s->total;

    if (cancel_check(&s->fault) < 0)
        return -1;
    if (ms - s->last_byte_ms > t->stall_ms) {
        s->retry_fault = true;
        return err_set(&s->fault, ERR_NET, "no byte for %lld s (%lld bytes so far)", (long long)(t->stall_ms / 1000),
                       (long long)t->part->have);
    }
    if (ms - s->last_note_ms < NOTE_EVERY_MS)
        return 0;
    s->last_note_ms = ms;
    if (all)
        ui_note(t->ui, "%s: %.1f of %.1f MiB", t->label, (double)t->part->have / 1048576, (double)all / 1048576);
    else
        ui_note(t->ui, "%s: %.1f MiB", t->label, (double)t->part->have / 1048576);
    return 0;
}

static struct curl_slist *request_headers(const struct transfer *t)
{
    const struct part *p = t->part;
    struct curl_slist *list = NULL;

    for (size_t i = 0; t->headers && t->headers[i]; i++)
        list = curl_slist_append(list, t->headers[i]);
    if (p->have && p->validator[0]) {
        char here[HASH_HEX];
        hash_sha256_hex(t->url, strlen(t->url), here);
        AUTO_FREE char *line = xasprintf("If-Range: %s", p->validator);
        if (strcmp(here, p->source) == 0)
            list = curl_slist_append(list, line);
    }
    return list;
}

static void set_options(struct seen *s, struct curl_slist *headers, char *text)
{
    const struct transfer *t = s->t;
    CURL *c = s->curl;

    curl_options_download(c, t->url, t->plain_ok);
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10);
}

static enum transfer_end judge_status(struct seen *s, struct err *e)
{
    long status = status_of(s);
    struct part *p = s->t->part;
    bool again = status == 408 || status == 425 || status == 429 || status >= 500;

    if (status == 416 && p->have) {
        if (s->range_total == p->have)
            return TRANSFER_DONE; /* nothing was missing */
        if (part_restart(p, e) < 0)
            return TRANSFER_STOP;
        again = true;
    }
    if (status == 200 || status == 206) {
        if (!s->begun && begin_body(s) < 0) {
            *e = s->fault;
            return s->retry_fault ? TRANSFER_RETRY : TRANSFER_NEXT;
        }
        return TRANSFER_DONE; /* complete by the server's word; the digest says of what */
    }
    (void)err_set(e, ERR_NET, "HTTP %ld%s", status, status == 429 ? " (the server limits how often it is asked)" : "");
    return again ? TRANSFER_RETRY : TRANSFER_NEXT;
}

static enum transfer_end judge_failure(const struct seen *s, CURLcode rc, const char *text, struct err *e)
{
    if (s->fault.code) {
        *e = s->fault;
        if (e->code == ERR_CANCELED || e->code == ERR_INTERNAL)
            return TRANSFER_STOP;
        return s->retry_fault ? TRANSFER_RETRY : TRANSFER_NEXT;
    }
    (void)err_set(e, ERR_NET, "%s", text[0] ? text : curl_easy_strerror(rc));
    switch (rc) {
    case CURLE_UNSUPPORTED_PROTOCOL:
        (void)err_set(e, ERR_NET, "refused, not https (%s)", text);
        return TRANSFER_NEXT;
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return TRANSFER_NEXT;
    default:
        return TRANSFER_RETRY;
    }
}

static CURLcode perform(struct seen *s, CURLM *multi)
{
    struct clock *clock = s->t->clock;
    int running = 1, left;

    for (;;) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        const CURLMsg *m = curl_multi_info_read(multi, &left);
        if (m && m->msg == CURLMSG_DONE)
            return m->data.result;
        if (tick(s) < 0)
            return CURLE_ABORTED_BY_CALLBACK;
        int64_t before = clock->mono_ms(clock);
        (void)curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
        clock->waited_ms += clock->mono_ms(clock) - before;
    }
}

enum transfer_end transfer_run(struct transfer *t, struct err *e)
{
    struct part *p = t->part;
    char text[CURL_ERROR_SIZE] = "", here[HASH_HEX];
    struct seen s = { .t = t, .fault = ERR_INIT, .range_start = -1, .range_total = -1 };

    hash_sha256_hex(t->url, strlen(t->url), here);
    bool same = p->validator[0] && strcmp(here, p->source) == 0;
    if (p->have && !same && !t->any_source && part_restart(p, e) < 0)
        return TRANSFER_STOP;
    s.last_byte_ms = t->clock->mono_ms(t->clock);
    s.curl = curl_easy_init();
    CURLM *multi = curl_multi_init();
    if (!s.curl || !multi) {
        (void)err_set(e, ERR_INTERNAL, "libcurl does not start");
        curl_easy_cleanup(s.curl);
        (void)curl_multi_cleanup(multi);
        return TRANSFER_STOP;
    }
    struct curl_slist *headers = request_headers(t);
    set_options(&s, headers, text);
    AUTO_FREE char *range = xasprintf("%lld-", (long long)p->have);
    if (p->have)
        (void)curl_easy_setopt(s.curl, CURLOPT_RANGE, range);
    (void)curl_multi_add_handle(multi, s.curl);
    CURLcode rc = perform(&s, multi);
    (void)curl_multi_remove_handle(multi, s.curl);
    enum transfer_end end = rc == CURLE_OK ? judge_status(&s, e) : judge_failure(&s, rc, text, e);
    curl_slist_free_all(headers);
    curl_easy_cleanup(s.curl);
    (void)curl_multi_cleanup(multi);
    return end;
}
