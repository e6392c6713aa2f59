#include "artifact/wheels_summary.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static json_t *summary_of(const json_t *files, const char *name)
{
    AUTO_SVEC struct svec lines = SVEC_INIT;
    struct hash_sha256 *hash = hash_sha256_new();
    char digest[HASH_HEX], shown[64];
    int64_t size = 0;
    bool known = true;
    const json_t *row;
    size_t i;

    json_array_foreach (files, i, row) {
        if (strcmp(jsonx_str(row, "name"), name) != 0)
            continue;
        svec_addf(&lines, "%s  %s\n", jsonx_str(row, "sha256"), jsonx_str(row, "file"));
        size += jsonx_int(row, "size", 0);
        known &= jsonx_int(row, "size", 0) > 0; /* an index does not say it */
    }
    if (lines.len)
        qsort(lines.items, lines.len, sizeof(*lines.items), by_text);
    for (i = 0; i < lines.len; i++)
        hash_sha256_add(hash, lines.items[i], strlen(lines.items[i]));
    hash_sha256_free(hash, digest);
    if (known)
        (void)snprintf(shown, sizeof(shown), "%zu wheels, %.1f MiB", lines.len, (double)size / 1048576);
    else
        (void)snprintf(shown, sizeof(shown), "%zu wheels", lines.len);
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "name", name, "file", shown, "count", (json_int_t)lines.len, "size",
                     (json_int_t)size, "sha256", digest);
}

json_t *wheels_summary(json_t *files)
{
    static const char *const names[] = { "wheel-prefect", "wheel-docker", "wheel-aws", "wheel-gcp", "wheel-azure" };
    json_t *ret = json_array();
    json_t *row;
    size_t i;

    json_array_foreach (files, i, row)
        if (strncmp(jsonx_str(row, "name"), "wheel-", 6) != 0)
            json_array_append(ret, row);
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        json_t *one = summary_of(files, names[k]);
        if (jsonx_int(one, "count", 0) > 0)
            json_array_append(ret, one);
        json_decref(one);
    }
    json_decref(files);
    return ret;
}
