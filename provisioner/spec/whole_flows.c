#include "core/fsx.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/util.h"
#include "spec/whole.h"
#include <inttypes.h>

#define SHORT_S       60 /* below it, a schedule is one of the short ones that the scheduler feels */
#define SHORT_MANY    5
#define SHORT_PER_MIN 20 /* about what one machine of 4 vCPU starts as Jobs beside other work */

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

/* Lower-case letters and digits; the signs of cron that mean something stay apart as words, so that two expressions
 * do not get one slug, and a sign before a digit elsewhere (BYDAY=-1FR, Etc/GMT+5). What is left becomes one '-'. */
static void add_text(struct sbuf *out, const char *text, bool cron)
{
    static const struct {
        char sign;
        const char *in_cron, *before_digit;
    } words[] = {
        { '*', "all", NULL }, { '/', "by", NULL }, { ',', "and", NULL }, { '-', "to", "minus" }, { '+', NULL, "plus" }
    };

    for (; *text; text++) {
        const char *word = NULL;
        bool number = text[1] >= '0' && text[1] <= '9';
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            if (words[i].sign == *text)
                word = cron ? words[i].in_cron : number ? words[i].before_digit : NULL;
        }
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (word)
            sbuf_addstr(out, word);
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            sbuf_addch(out, c);
        else if (out->len && out->data[out->len - 1] != '-')
            sbuf_addch(out, '-');
    }
}

/* 2026-01-01T06:00:00+01:00 as 20260101t060000plus01-00. */
static void add_anchor(struct sbuf *out, const char *anchor)
{
    size_t i = 0;

    for (; i < strlen("2026-01-01T06:00:00") && anchor[i]; i++) {
        if (anchor[i] != '-' && anchor[i] != ':')
            sbuf_addch(out, anchor[i] == 'T' ? 't' : anchor[i]);
    }
    add_text(out, anchor + i, false);
}

char *whole_slug(const struct spec_schedule *s)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT((size_t)64 * 1024);
    char digest[HASH_HEX];

    if (s->interval_s)
        sbuf_addf(&out, "every-%" PRId64 "-s", s->interval_s);
    else
        sbuf_addstr(&out, s->cron ? "cron-" : "rrule-");
    if (s->cron || s->rrule)
        add_text(&out, s->cron ? s->cron : s->rrule, s->cron != NULL);
    if (s->anchor) {
        sbuf_addstr(&out, "-from-");
        add_anchor(&out, s->anchor);
    }
    if (!is(s->timezone, "UTC")) {
        sbuf_addch(&out, '-');
        add_text(&out, s->timezone, false);
    }
    if (out.len <= 57)
        return sbuf_take(&out);
    hash_sha256_hex(out.data, out.len, digest);
    return xasprintf("%.48s-%.8s", out.data, digest);
}

static void check_schedule(const struct whole *w, const struct spec_deployment *d, size_t i, const char *path)
{
    struct spec_schedule *s = &d->schedules[i];
    static const char *const kinds[] = { "cron", "interval", "rrule" };
    size_t given = 0;

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        AUTO_FREE char *field = xasprintf("%s.%s", path, kinds[k]);
        given += whole_given(w, field);
    }
    if (given != 1)
        whole_say(w, path, "wants exactly one of cron, interval and rrule, got %zu of them", given);
    if (s->anchor && given == 1 && !s->interval_s) {
        AUTO_FREE char *field = xasprintf("%s.anchor", path);
        whole_say(w, field, "goes only with 'interval'; cron and rrule say their own times");
    }
    if (!s->cron && !s->rrule && !s->interval_s)
        return; /* nothing to make a slug of */
    if (!s->slug)
        s->slug = whole_slug(s);
    for (size_t j = 0; j < i; j++) {
        if (is(d->schedules[j].slug, s->slug)) {
            whole_say(w, path, "has the slug '%s' as entry %zu; remove one, or give each its own 'slug'", s->slug, j);
            break;
        }
    }
    if (s->rrule) {
        AUTO_FREE char *field = xasprintf("%s.rrule", path);
        whole_warn(w, field, "costs the scheduler up to a core to look ahead; take cron where it can say the same");
    }
}

static void check_source(const struct whole *w, struct spec_source *s, const char *path)
{
    int revisions = !!s->branch + !!s->tag + !!s->commit;
    bool blob = is(s->type, "s3") || is(s->type, "gcs") || is(s->type, "azure");
    AUTO_FREE char *git = xasprintf("%s.git", path), *token = xasprintf("%s.git.token", path);
    AUTO_FREE char *connection = xasprintf("%s.azure.connection", path);
    AUTO_FREE char *s3 = xasprintf("%s.s3.credentials", path), *gcs = xasprintf("%s.gcs.credentials", path);
    const char *const secrets[] = { token, s3, gcs, connection };

    if (revisions > 1)
        whole_say(w, git, "names more than one of branch, tag and commit; keep one");
    if (s->url && strncmp(s->url, "http", 4) != 0 && whole_given(w, token))
        whole_say(w, token, "goes only with an https URL; ssh uses the machine's own key");
    if (s->url && strncmp(s->url, "http:", 5) == 0 && whole_given(w, token))
        whole_say(w, token, "goes only with an https URL; Prefect sends no token over plain http");
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        whole_secret(w, &s->secret, secrets[i]);
    if (blob && !s->folder)
        s->folder = xstrdup("");
}

static const struct spec_pool *pool_of(const struct whole *w, const struct spec_deployment *d)
{
    for (size_t i = 0; d->pool && i < w->s->prefect.n_work_pools; i++) {
        if (is(w->s->prefect.work_pools[i].name, d->pool))
            return &w->s->prefect.work_pools[i];
    }
    return d->pool ? NULL : &w->s->prefect.work_pools[0];
}

static void refuse_pool(const struct whole *w, const struct spec_deployment *d, const char *path)
{
    AUTO_SBUF struct sbuf have = SBUF_INIT(1024);
    AUTO_FREE char *field = xasprintf("%s.pool", path);
    const char *names[16], *near;
    size_t n = 0;

    for (const struct spec_pool *pool = w->s->prefect.work_pools;
         pool && n < w->s->prefect.n_work_pools && n < ARRAY_LEN(names); pool++) {
        const char *name = pool->name;
        if (!name)
            return; /* reported there; it may be the one that is meant */
        sbuf_addf(&have, "%s%s", n ? ", " : "", name);
        names[n++] = name;
    }
    near = nearest(d->pool, names, n);
    whole_say(w, field, "is '%s', which is not in prefect.work_pools; %s%s%s", d->pool,
              near ? "did you mean '" : "there are: ", near ? near : have.data, near ? "'?" : "");
}

static void check_pool(const struct whole *w, const struct spec_deployment *d, const char *path)
{
    const struct spec_pool *pool = pool_of(w, d);
    const struct spec_source *source = d->source.type ? &d->source : &w->s->flows.source;
    bool queue = !d->queue || is(d->queue, "default");
    AUTO_SBUF struct sbuf have = SBUF_INIT(2048);
    AUTO_FREE char *field = xasprintf("%s.queue", path), *image = xasprintf("%s.image", path);

    if (!pool) {
        refuse_pool(w, d, path);
        return;
    }
    sbuf_addstr(&have, "default");
    for (size_t i = 0; i < pool->n_queues; i++) {
        queue = queue || is(pool->queues[i].name, d->queue);
        sbuf_addf(&have, ", %s", pool->queues[i].name ? pool->queues[i].name : "?");
    }
    if (!queue)
        whole_say(w, field, "is '%s', which pool '%s' does not have; there are: %s", d->queue,
                  pool->name ? pool->name : "?", have.data);
    bool process = w->runtime_known && is(pool->type, "process");
    if (process && d->image)
        whole_say(w, image, "is for pools of type kubernetes and docker; pool '%s' runs processes", pool->name);
    else if (process && is(source->type, "image"))
        whole_say(w, path, "has its code in an image, but pool '%s' runs processes; name a pool of containers",
                  pool->name);
    else if (is(source->type, "image") && !d->image)
        whole_say(w, path, "has its code in an image and names none; add image: REGISTRY/NAME:TAG");
}

static const char *function_of(const struct spec_deployment *d)
{
    const char *colon = d->entrypoint ? strrchr(d->entrypoint, ':') : NULL;

    return colon ? colon + 1 : NULL;
}

static void check_name(const struct whole *w, size_t i, const char *path)
{
    const struct spec_deployment *all = w->s->flows.deployments;
    const char *mine = function_of(&all[i]);

    for (size_t j = 0; mine && all[i].name && j < i; j++) {
        const char *other = function_of(&all[j]);
        if (other && strcmp(other, mine) == 0 && is(all[j].name, all[i].name)) {
            whole_say(w, path, "is a second deployment '%s' of '%s', as in entry %zu; rename one", all[i].name, mine,
                      j);
            return;
        }
    }
}

static void check_entrypoint(const struct whole *w, const struct spec_deployment *d, const char *path)
{
    const struct spec_source *source = d->source.type ? &d->source : &w->s->flows.source;
    const char *function = function_of(d);

    if (!function || !is(source->type, "local") || !source->path)
        return;
    AUTO_FREE char *file = xstrndup(d->entrypoint, (size_t)(function - 1 - d->entrypoint));
    AUTO_FREE char *full = fsx_join(source->path, file), *field = xasprintf("%s.entrypoint", path);
    if (!fsx_exists(full) && !w->p->lenient)
        whole_say(w, field, "names the file '%.100s', which the source folder does not have", file);
}

static void check_deployment(const struct whole *w, size_t i)
{
    struct spec_deployment *d = &w->s->flows.deployments[i];
    AUTO_FREE char *path = xasprintf("flows.deployments[%zu]", i), *source = xasprintf("%s.source", path);

    if (!whole_node(w, path, YT_MAP))
        return;
    check_source(w, &d->source, source);
    if (!whole_given(w, source) && !whole_given(w, "flows.source"))
        whole_say(w, path, "has no source; write one here or as 'flows.source'");
    check_name(w, i, path);
    check_pool(w, d, path);
    check_entrypoint(w, d, path);
    for (size_t k = 0; k < d->n_schedules; k++) {
        AUTO_FREE char *schedule = xasprintf("%s.schedules[%zu]", path, k);
        if (whole_node(w, schedule, YT_MAP))
            check_schedule(w, d, k, schedule);
    }
}

static void check_load(const struct whole *w)
{
    double per_min = 0;
    size_t n = 0;

    for (size_t i = 0; i < w->s->flows.n_deployments; i++) {
        const struct spec_deployment *d = &w->s->flows.deployments[i];
        for (size_t k = 0; k < d->n_schedules; k++) {
            int64_t interval = d->schedules[k].interval_s;
            if (interval < 1 || interval >= SHORT_S || !d->schedules[k].active || d->paused)
                continue;
            n++;
            per_min += 60.0 / (double)interval;
        }
    }
    if (n >= SHORT_MANY || per_min >= SHORT_PER_MIN)
        whole_warn(
            w, "flows.deployments",
            "has %zu schedule%s with an interval below %d s, which start%s %.0f runs a minute; the scheduler and "
            "the database fall behind, let one run do more",
            n, n == 1 ? "" : "s", SHORT_S, n == 1 ? "s" : "", per_min);
}

void whole_check_flows(const struct whole *w)
{
    static const char *const excluded[] = { "flows.source", "flows.deployments" };

    for (size_t i = 0; whole_given(w, "flows.from") && i < ARRAY_LEN(excluded); i++) {
        if (whole_given(w, excluded[i]))
            whole_say(w, excluded[i], "does not go with 'flows.from', whose prefect.yaml says it; remove one");
    }
    check_source(w, &w->s->flows.source, "flows.source");
    for (size_t i = 0; i < w->s->flows.n_deployments; i++)
        check_deployment(w, i);
    check_load(w);
}
