#include "core/nearest.h"
#include <stdint.h>
#include <string.h>

#define NEAREST_MAX 127

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours cost 1 each. Three rows of the matrix are
 * enough: the one being filled, the one before, and for the swap the one before that. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), rows[3][NEAREST_MAX + 1];
    size_t *older = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], older[j - 2] + 1);
        }
        size_t *free_row = older;
        older = above;
        above = row;
        row = free_row;
    }
    return above[m];
}

/* diskGib, disk-gib and DISK_GIB are one word to a person. */
static void fold(const char *s, char ret[static NEAREST_MAX + 1])
{
    size_t n = 0;

    for (; *s && n < NEAREST_MAX; s++) {
        if (*s == '_' || *s == '-' || *s == ' ')
            continue;
        ret[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
    }
    ret[n] = '\0';
}

const char *nearest(const char *word, const char *const *candidates, size_t n)
{
    char a[NEAREST_MAX + 1] = "", b[NEAREST_MAX + 1] = "";
    const char *best = NULL;
    size_t best_d = SIZE_MAX;

    if (strlen(word) > NEAREST_MAX)
        return NULL;
    fold(word, a);
    for (size_t i = 0; i < n; i++) {
        fold(candidates[i], b);
        size_t d = distance(a, b), longest = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
        if (d < best_d && d <= (longest + 2) / 3 && d < strlen(b)) {
            best = candidates[i];
            best_d = d;
        }
    }
    return best;
}
