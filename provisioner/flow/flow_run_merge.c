/* API lines and printed lines made one log. Prefect prints "07:27:45.997 | INFO    | Flow run 'x' - the message": the
 * time is of the same record as the API's, cut to milliseconds and in the process's own time zone, so equal to it up to
 * quarters of an hour. */
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "flow/flow_run_log.h"
#include "flow/flow_run_time.h"
#include <stdlib.h>
#include <string.h>

#define DAY_US     86400000000LL
#define QUARTER_US 900000000LL
#define ROUNDED_US 2000 /* milliseconds are cut or rounded, by the version of Python */

struct entry {
    int64_t us;
    size_t order; /* of equal times: as they were */
    json_t *line; /* owned */
    bool printed; /* the infrastructure printed it too */
};

struct merge {
    struct entry *entries;
    size_t n, n_api;
    int64_t now_us;  /* of the line before */
    int64_t zone_us; /* what the console's clock is ahead of UTC */
};

struct printed {
    const char *text; /* without a time of its own in front */
    int64_t us;       /* that time, -1: it has none */
    int64_t day_us;   /* time of the day by Prefect's console handler, -1: it did not print this */
    const char *rest; /* "Flow run 'x' - the message" */
};

/* "07:27:45.997 | INFO    | rest" */
static bool console(const char *text, int64_t *ret_day_us, const char **ret_rest)
{
    int h, m, s, ms, used = 0;

    if (sscanf(text, "%2d:%2d:%2d.%3d | %n", &h, &m, &s, &ms, &used) != 4 || used == 0)
        return false;
    const char *bar = strstr(text + used, " | ");
    if (!bar || bar - (text + used) > 12)
        return false;
    *ret_day_us = (((int64_t)h * 60 + m) * 60 + s) * 1000000 + (int64_t)ms * 1000;
    *ret_rest = bar + 3;
    return true;
}

static struct printed read_printed(const char *line)
{
    struct printed p = { line, -1, -1, NULL };
    const char *rest;

    if (flow_run_time_scan(line, &p.us, &rest) && (*rest == ' ' || !*rest))
        p.text = rest + (*rest == ' ');
    else
        p.us = -1;
    (void)console(p.text, &p.day_us, &p.rest);
    return p;
}

static size_t trimmed(const char *s, size_t len)
{
    while (len && (s[len - 1] == ' ' || s[len - 1] == '\r' || s[len - 1] == '\t'))
        len--;
    return len;
}

/* Is `rest` LOGGER - FIRST-LINE-OF-MESSAGE? */
static bool says(const char *rest, const char *message)
{
    size_t want = trimmed(message, strcspn(message, "\n")), have = trimmed(rest, strlen(rest));

    if (want == 0)
        return have >= 2 && strncmp(rest + have - 2, " -", 2) == 0;
    return have >= want + 3 && strncmp(rest + have - want - 3, " - ", 3) == 0 &&
           strncmp(rest + have - want, message, want) == 0;
}

static bool same_instant(int64_t day_us, int64_t api_us)
{
    int64_t d = (api_us - day_us) % QUARTER_US;

    d = d < 0 ? d + QUARTER_US : d;
    return d < ROUNDED_US || QUARTER_US - d < ROUNDED_US;
}

/* The API's line that `p` is the print of. */
static struct entry *twin(struct merge *m, const struct printed *p)
{
    for (size_t i = 0; p->day_us >= 0 && i < m->n_api; i++) {
        struct entry *a = &m->entries[i];
        if (!a->printed && same_instant(p->day_us, a->us) && says(p->rest, jsonx_str(a->line, "message")))
            return a;
    }
    return NULL;
}

/* How many of the lines from `lines` on are the later lines of the same message. */
static size_t continuation(const char *message, char *const *lines, size_t n)
{
    size_t used = 0;

    while ((message = strchr(message, '\n')) && used < n) {
        message++;
        const char *text = read_printed(lines[used]).text;
        size_t want = trimmed(message, strcspn(message, "\n"));
        if (trimmed(text, strlen(text)) != want || strncmp(text, message, want) != 0)
            break;
        used++;
    }
    return used;
}

/* The day is the one that brings the time nearest to the line before. */
static int64_t dated(const struct merge *m, int64_t day_us)
{
    int64_t us = m->now_us - m->now_us % DAY_US + day_us - m->zone_us;

    while (us - m->now_us > DAY_US / 2)
        us -= DAY_US;
    while (m->now_us - us > DAY_US / 2)
        us += DAY_US;
    return us;
}

/* What is not UTF-8 loses its foreign bytes, not the line. */
static json_t *json_text(const char *text)
{
    json_t *j = json_string(text);
    AUTO_FREE char *ascii = j ? NULL : xstrdup(text);

    for (char *c = ascii; c && *c; c++)
        *c = (char)((unsigned char)*c < 0x80 ? *c : '?');
    return j ? j : json_string(ascii);
}

static void add_printed(struct merge *m, const struct printed *p)
{
    char stamp[32];

    if (p->us >= 0)
        m->now_us = p->us;
    else if (p->day_us >= 0)
        m->now_us = dated(m, p->day_us);
    flow_run_time_iso(m->now_us, stamp);
    json_t *line = json_pack("{s:s, s:s, s:s, s:o, s:s}", "timestamp", stamp, "level", "", "logger", "", "message",
                             json_text(p->text), "source", "output");
    m->entries[m->n] = (struct entry){ m->now_us, m->n, line, false };
    m->n++;
}

/* What a clock that shows `day_us` when it is `api_us` is ahead of UTC: a whole number of quarters of an hour. */
static int64_t ahead_of_utc(int64_t day_us, int64_t api_us)
{
    int64_t quarters = (day_us - api_us % DAY_US + DAY_US + QUARTER_US / 2) / QUARTER_US;

    return quarters * QUARTER_US % DAY_US;
}

static void add_output(struct merge *m, char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct printed p = read_printed(lines[i]);
        struct entry *a = twin(m, &p);
        if (!a) {
            add_printed(m, &p);
            continue;
        }
        a->printed = true;
        m->now_us = a->us;
        m->zone_us = ahead_of_utc(p.day_us, a->us);
        i += continuation(jsonx_str(a->line, "message"), lines + i + 1, n - i - 1);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void split(const char *text, struct svec *lines)
{
    for (size_t n; *text; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        if (n)
            svec_addf(lines, "%.*s", (int)n, text);
        else
            svec_add(lines, "");
    }
}

json_t *flow_run_log_merge(const json_t *lines, const char *output, int64_t start_us)
{
    AUTO_SVEC struct svec printed = SVEC_INIT;
    json_t *out = json_array(), *line;
    size_t i;

    split(output, &printed);
    AUTO_FREE struct entry *entries = xcalloc(json_array_size(lines) + printed.len + 1, sizeof(*entries));
    struct merge m = { entries, 0, 0, start_us, 0 };
    json_array_foreach (lines, i, line) {
        int64_t us = flow_run_time_us(jsonx_str(line, "timestamp"));
        entries[m.n] = (struct entry){ us, m.n, json_incref(line), false };
        m.n++;
    }
    m.n_api = m.n;
    if (m.n_api && start_us <= 0)
        m.now_us = entries[0].us;
    add_output(&m, printed.items, printed.len);
    qsort(entries, m.n, sizeof(*entries), by_time);
    for (i = 0; i < m.n; i++)
        json_array_append_new(out, entries[i].line);
    return out;
}
