#include "artifact/wheel_name.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    GLIBC_MAX = 34, /* of RHEL 9, the oldest with a Python that Prefect takes; Debian 12 has 2.36 */
    GLIBC_ANY = 0,
    PYTHON_PURE = 50, /* rank of "none", behind every abi3 */
    RANK_STEP = 100,  /* one Python rank is worth more than any glibc */
};

/* The three tags, each a piece of the file name. */
struct tags {
    const char *at[3];
    size_t len[3];
};

enum { TAG_PYTHON, TAG_ABI, TAG_PLATFORM };

static bool split(const char *file, struct tags *ret)
{
    size_t n = strlen(file);

    if (n < 5 || strcmp(file + n - 4, ".whl") != 0)
        return false;
    const char *end = file + n - 4;
    for (int i = TAG_PLATFORM; i >= TAG_PYTHON; i--) {
        const char *p = end;
        while (p > file && p[-1] != '-')
            p--;
        if (p == file || p == end)
            return false;
        ret->at[i] = p;
        ret->len[i] = (size_t)(end - p);
        end = p - 1;
    }
    const char *dash = memchr(file, '-', (size_t)(end - file));
    return dash && dash > file && dash + 1 < end;
}

/* Next piece of a tag between dots, into `ret`. */
static bool next_piece(const struct tags *t, int which, size_t *at, char ret[static 64])
{
    if (*at >= t->len[which])
        return false;
    const char *p = t->at[which] + *at;
    size_t n = strcspn(p, ".-");
    if (n > t->len[which] - *at)
        n = t->len[which] - *at;
    (void)snprintf(ret, 64, "%.*s", (int)n, p);
    *at += n + 1;
    return true;
}

/* Lower case, and a run of "-_." is one "-". */
static void normal_name(const char *name, size_t len, char *ret, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < size; i++) {
        char c = name[i];
        bool mark = c == '-' || c == '_' || c == '.';
        if (mark && n && ret[n - 1] == '-')
            continue;
        ret[n++] = (char)(mark ? '-' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    ret[n] = '\0';
}

bool wheel_parse(const char *file, char ret_name[static 128], char ret_version[static 64])
{
    struct tags t;

    if (!split(file, &t))
        return false;
    size_t name = strcspn(file, "-"), version = strcspn(file + name + 1, "-");
    if (name >= 128 || version >= 64)
        return false;
    normal_name(file, name, ret_name, 128);
    (void)snprintf(ret_version, 64, "%.*s", (int)version, file + name + 1);
    return true;
}

/* The minor of the glibc 2.x that a platform tag asks for, GLIBC_ANY for "any"; -1 when it is not for us. `ret_arch`
 * gets the architecture. */
static int glibc_of(const char *platform, const char **ret_arch)
{
    static const struct {
        const char *prefix;
        int glibc; /* 0: follows in the tag */
    } families[] = {
        { "manylinux1_", 5 },
        { "manylinux2010_", 12 },
        { "manylinux2014_", 17 },
        { "manylinux_2_", 0 },
    };

    *ret_arch = "any";
    if (strcmp(platform, "any") == 0)
        return GLIBC_ANY;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        size_t n = strlen(families[i].prefix);
        int glibc = families[i].glibc, used = 0;
        if (strncmp(platform, families[i].prefix, n) != 0)
            continue;
        if (!glibc && (sscanf(platform + n, "%3d_%n", &glibc, &used) != 1 || used == 0))
            return -1;
        const char *machine = platform + n + used;
        *ret_arch = strcmp(machine, "x86_64") == 0 ? "amd64" : strcmp(machine, "aarch64") == 0 ? "arm64" : NULL;
        return *ret_arch && glibc > 0 && glibc <= GLIBC_MAX ? glibc : -1;
    }
    return -1;
}

/* Best (lowest) rank of one pair of Python and ABI tag for CPython 3.`minor`, -1: none. */
static int pair_rank(const char *python, const char *abi, int minor)
{
    char own[16], generic[16];
    int from, used = 0;

    (void)snprintf(own, sizeof(own), "cp3%d", minor);
    (void)snprintf(generic, sizeof(generic), "py3%d", minor);
    if (strcmp(python, own) == 0 && strcmp(abi, own) == 0)
        return 0;
    if (strcmp(abi, "abi3") == 0 && sscanf(python, "cp3%3d%n", &from, &used) == 1 && python[used] == '\0')
        return from >= 2 && from <= minor ? minor - from + 1 : -1;
    if (strcmp(abi, "none") == 0 &&
        (strcmp(python, own) == 0 || strcmp(python, generic) == 0 || strcmp(python, "py3") == 0))
        return PYTHON_PURE;
    return -1;
}

static int python_rank(const struct tags *t, int minor)
{
    char python[64], abi[64];
    int best = -1;

    for (size_t p = 0; next_piece(t, TAG_PYTHON, &p, python);) {
        for (size_t a = 0; next_piece(t, TAG_ABI, &a, abi);) {
            int rank = pair_rank(python, abi, minor);
            if (rank >= 0 && (best < 0 || rank < best))
                best = rank;
        }
    }
    return best;
}

const char *wheel_arch(const char *file)
{
    char platform[64];
    const char *arch;
    struct tags t;

    if (!split(file, &t))
        return NULL;
    for (size_t at = 0; next_piece(&t, TAG_PLATFORM, &at, platform);)
        if (glibc_of(platform, &arch) >= 0)
            return arch;
    return NULL;
}

int wheel_rank(const char *file, int minor, const char *arch)
{
    char platform[64];
    const char *row;
    struct tags t;
    int best = -1;

    if (!split(file, &t))
        return -1;
    int python = python_rank(&t, minor);
    if (python < 0)
        return -1;
    for (size_t at = 0; next_piece(&t, TAG_PLATFORM, &at, platform);) {
        int glibc = glibc_of(platform, &row);
        if (glibc < 0 || (glibc != GLIBC_ANY && strcmp(row, arch) != 0))
            continue;
        int place = glibc == GLIBC_ANY ? GLIBC_MAX + 1 : glibc; /* machine code before what runs anywhere */
        int rank = python * RANK_STEP + place;
        if (best < 0 || rank < best)
            best = rank;
    }
    return best;
}
