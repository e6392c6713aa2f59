/* Any file is a journal, or is refused as a conflict; what was read goes on as a whole journal after the next append.
 */
#include "core/hash.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "step/journal.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/slipway-journal-fuzz.XXXXXX";

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static struct journal *must_read(void)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    demand(journal_read(path, &j, &e) == 0);
    return j;
}

/* What was torn off is cut away: the next reader sees the old marks and the new one. */
static void go_on(const char *failure)
{
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    demand(journal_open(path, "fuzz", clock_real(), &j, &e) == 0);
    demand(strcmp(journal_failure(j), failure) == 0);
    demand(journal_intent(j, "fuzz/step", &e) == 0);
    journal_free(j);
    j = must_read();
    demand(journal_mark(j, "fuzz/step") == JOURNAL_INTENT);
    demand(strcmp(journal_failure(j), failure) == 0);
    journal_free(j);
}

static void seal(struct sbuf *out, const char *text, size_t len)
{
    while (len) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;
        sbuf_addf(out, "%08x ", hash_crc32(text, n));
        sbuf_add(out, text, n);
        sbuf_addch(out, '\n');
        text += n + (end != NULL);
        len -= n + (end != NULL);
    }
}

static void drop_file(void)
{
    (void)unlink(path);
}

static void write_file(const char *data, size_t size)
{
    static bool made;

    if (!made) {
        int fd = mkstemp(path);
        demand(fd >= 0 && atexit(drop_file) == 0);
        close(fd);
        made = true;
    }
    AUTO_FILE FILE *f = fopen(path, "we");
    demand(f && fwrite(data, 1, size, f) == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_SBUF struct sbuf sealed = SBUF_INIT(16 << 20);
    struct err e = ERR_INIT;
    struct journal *j = NULL;

    if (size && data[0] == '!') {
        seal(&sealed, (const char *)data + 1, size - 1);
        write_file(sealed.data, sealed.len);
    } else {
        write_file((const char *)data, size);
    }
    if (journal_read(path, &j, &e) == 0) {
        go_on(journal_failure(j));
        journal_free(j);
    } else {
        demand(!j && e.code == ERR_CONFLICT && *e.hint);
    }
    return 0;
}
