#include "step/journal.h"
#include "core/fsx.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/ui_text.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES  (64 << 20)
#define CRC_DIGITS 8

struct journal {
    int fd; /* -1: read only */
    char *path;
    struct clock *clock;
    json_t *marks; /* step -> "intent" | "done"; insertion order is first-begun order */
    json_t *facts;
    char *failure;
};

static struct journal *new_journal(const char *path)
{
    struct journal *j = xcalloc(1, sizeof(*j));

    j->fd = -1;
    j->path = xstrdup(path);
    j->marks = json_object();
    j->facts = json_object();
    j->failure = xstrdup("");
    return j;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    json_decref(j->marks);
    json_decref(j->facts);
    free(j->failure);
    free(j->path);
    free(j);
}

static void set_failure(struct journal *j, const char *text)
{
    free(j->failure);
    j->failure = xstrdup(text);
}

static bool fold_fact(struct journal *j, const char *key, json_t *value)
{
    if (!*key || !value)
        return false;
    if (json_is_null(value))
        json_object_del(j->facts, key);
    else
        json_object_set(j->facts, key, value);
    return true;
}

/* One record into the folded state. Unknown kinds of this version do not exist: they are damage. */
static bool fold(struct journal *j, const json_t *rec)
{
    const char *kind = jsonx_str(rec, "k"), *step = jsonx_str(rec, "step");

    if (strcmp(kind, "open") == 0)
        return true;
    if (strcmp(kind, "fact") == 0)
        return fold_fact(j, jsonx_str(rec, "key"), json_object_get(rec, "value"));
    if (!*step)
        return false;
    if (strcmp(kind, "intent") == 0) {
        json_object_set_new(j->marks, step, json_string("intent"));
    } else if (strcmp(kind, "done") == 0) {
        json_object_set_new(j->marks, step, json_string("done"));
        set_failure(j, "");
    } else if (strcmp(kind, "undone") == 0) {
        json_object_del(j->marks, step);
    } else if (strcmp(kind, "failed") == 0) {
        set_failure(j, jsonx_str(rec, "msg"));
    } else {
        return false;
    }
    return true;
}

/* A line without its newline: record, or NULL when the checksum or the form is wrong. New reference. */
static json_t *decode(const char *line, size_t len)
{
    char want[CRC_DIGITS + 1];
    struct err lost = ERR_INIT;

    if (len < CRC_DIGITS + 2 || line[CRC_DIGITS] != ' ')
        return NULL;
    (void)snprintf(want, sizeof(want), "%08x", hash_crc32(line + CRC_DIGITS + 1, len - CRC_DIGITS - 1));
    if (memcmp(line, want, CRC_DIGITS) != 0)
        return NULL;
    return jsonx_parse(line + CRC_DIGITS + 1, len - CRC_DIGITS - 1, "record", &lost);
}

static int damaged(const struct journal *j, size_t offset, struct err *e)
{
    (void)err_set(e, ERR_CONFLICT, "journal '%s' is damaged at byte %zu", j->path, offset);
    return err_hint(e,
                    "nothing was touched; put a good copy in its place, or move the file away and run teardown, which "
                    "finds what exists without it");
}

static int check_version(const struct journal *j, const json_t *rec, struct err *e)
{
    int64_t version = jsonx_int(rec, "version", -1);

    if (strcmp(jsonx_str(rec, "k"), "open") != 0 || version < 1)
        return damaged(j, 0, e);
    if (version <= JOURNAL_VERSION)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "journal '%s' is of format version %lld, this slipway knows up to %d", j->path,
                  (long long)version, JOURNAL_VERSION);
    return err_hint(e, "use the slipway that made the deployment, or a newer one; nothing was touched");
}

/* Fold the text. `ret_good` is the length of what is whole: a last line that was not finished is left out. */
static int replay(struct journal *j, const char *text, size_t len, size_t *ret_good, struct err *e)
{
    size_t at = 0;

    *ret_good = 0;
    while (at < len) {
        const char *end = memchr(text + at, '\n', len - at);
        AUTO_JSON json_t *rec = end ? decode(text + at, (size_t)(end - text) - at) : NULL;
        if (!end)
            break; /* torn: the write did not finish, so nothing was acknowledged */
        if (!rec || (at == 0 && check_version(j, rec, e) < 0) || !fold(j, rec))
            return e->code == ERR_CONFLICT ? -1 : damaged(j, at, e);
        at = (size_t)(end - text) + 1;
        *ret_good = at;
    }
    return 0;
}

static int load(struct journal *j, size_t *ret_good, size_t *ret_len, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_BYTES);

    *ret_good = *ret_len = 0;
    if (fsx_read(j->path, &text, e) < 0)
        return -1;
    *ret_len = text.len;
    return replay(j, text.data, text.len, ret_good, e);
}

int journal_read(const char *path, struct journal **ret, struct err *e)
{
    struct journal *j = new_journal(path);
    size_t good, len;

    if (load(j, &good, &len, e) < 0) {
        journal_free(j);
        return -1;
    }
    *ret = j;
    return 0;
}

static int write_line(const struct journal *j, const char *line, struct err *e)
{
    if (fsx_write_all(j->fd, line, strlen(line), e) < 0)
        return err_wrap(e, "journal '%s'", j->path);
    return fdatasync(j->fd) < 0 ? err_sys(e, ERR_INTERNAL, "sync journal '%s'", j->path) : 0;
}

/* Steals `record`; NULL is what json_pack makes of text that is not UTF-8. Folded only when it is on disk. */
static int append(struct journal *j, json_t *record, struct err *e)
{
    AUTO_JSON json_t *rec = record;

    if (!rec)
        return err_set(e, ERR_INTERNAL, "a record for journal '%s' is not UTF-8", j->path);
    json_object_set_new(rec, "t", json_integer(j->clock->wall_ms(j->clock)));
    AUTO_FREE char *text = jsonx_text(rec, 0);
    AUTO_FREE char *line = xasprintf("%08x %s\n", hash_crc32(text, strlen(text)), text);
    off_t before = lseek(j->fd, 0, SEEK_END);
    if (write_line(j, line, e) < 0) {
        /* Half a line would hide the next whole one. */
        if (before >= 0 && ftruncate(j->fd, before) < 0)
            return err_wrap(e, "and it could not be cut back");
        return -1;
    }
    (void)fold(j, rec);
    return 0;
}

static int sync_dir(const char *path, struct err *e)
{
    AUTO_FREE char *dir = fsx_dirname(path);
    AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return err_sys(e, ERR_INTERNAL, "sync directory '%s'", dir);
    return 0;
}

static int open_file(struct journal *j, const char *name, struct err *e)
{
    size_t good = 0, len = 0;
    bool fresh = !fsx_exists(j->path);

    if (!fresh && load(j, &good, &len, e) < 0)
        return -1;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return err_sys(e, ERR_INTERNAL, "open journal '%s'", j->path);
    if (len > good && ftruncate(j->fd, (off_t)good) < 0)
        return err_sys(e, ERR_INTERNAL, "cut the torn end off journal '%s'", j->path);
    if (good > 0)
        return 0;
    if (append(j, json_pack("{s:s, s:i, s:s}", "k", "open", "version", JOURNAL_VERSION, "name", name), e) < 0)
        return -1;
    return sync_dir(j->path, e);
}

int journal_open(const char *path, const char *name, struct clock *clock, struct journal **ret, struct err *e)
{
    struct journal *j = new_journal(path);

    j->clock = clock;
    if (open_file(j, name, e) < 0) {
        journal_free(j);
        return -1;
    }
    *ret = j;
    return 0;
}

int journal_intent(struct journal *j, const char *step, struct err *e)
{
    return append(j, json_pack("{s:s, s:s}", "k", "intent", "step", step), e);
}

int journal_done(struct journal *j, const char *step, struct err *e)
{
    return append(j, json_pack("{s:s, s:s}", "k", "done", "step", step), e);
}

int journal_undone(struct journal *j, const char *step, struct err *e)
{
    return append(j, json_pack("{s:s, s:s}", "k", "undone", "step", step), e);
}

int journal_failed(struct journal *j, const char *step, const char *msg, struct err *e)
{
    size_t size = strlen(msg) * 4 + 1; /* a byte becomes \xNN at worst */
    AUTO_FREE char *text = xcalloc(size, 1);

    /* A remote's words need not be UTF-8, which a JSON string must be. */
    ui_text_safe(msg, NULL, text, size);
    return append(j, json_pack("{s:s, s:s, s:s}", "k", "failed", "step", step, "msg", text), e);
}

enum journal_mark journal_mark(const struct journal *j, const char *step)
{
    const char *mark = json_string_value(json_object_get(j->marks, step));

    if (!mark)
        return JOURNAL_NONE;
    return strcmp(mark, "done") == 0 ? JOURNAL_DONE : JOURNAL_INTENT;
}

const char *journal_failure(const struct journal *j)
{
    return j->failure;
}

int journal_set(struct journal *j, const char *key, json_t *value, struct err *e)
{
    if (!value)
        return err_set(e, ERR_INTERNAL, "fact '%s' is not UTF-8", key);
    const json_t *have = json_object_get(j->facts, key);
    if (json_is_null(value) ? !have : json_equal(value, have)) {
        json_decref(value);
        return 0;
    }
    return append(j, json_pack("{s:s, s:s, s:o}", "k", "fact", "key", key, "value", value), e);
}

const json_t *journal_get(const struct journal *j, const char *key)
{
    return json_object_get(j->facts, key);
}

const char *journal_str(const struct journal *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j->facts, key));

    return s ? s : "";
}
