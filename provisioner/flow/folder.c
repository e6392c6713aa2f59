#include "flow/folder.h"
#include "artifact/tar.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IGNORE_FILE ".prefectignore"
#define MAX_DEPTH   32 /* links may form a circle */
#define MAX_IGNORE  (64 << 10)
#define MAX_FILES   20000

static const char *const always[] = { ".git", "__pycache__", "*.pyc", ".venv", "node_modules", NULL };

struct walk {
    struct folder *folder;
    struct svec rules;
};

static bool rule_matches(const char *rule, const char *path, bool directory)
{
    const char *leaf = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    AUTO_FREE char *glob = xstrdup(rule);
    size_t len = strlen(glob);

    if (len && glob[len - 1] == '/') {
        glob[len - 1] = '\0';
        if (!directory)
            return false;
    }
    if (strchr(glob, '/'))
        return fnmatch(*glob == '/' ? glob + 1 : glob, path, FNM_PATHNAME) == 0;
    return fnmatch(glob, leaf, 0) == 0;
}

static bool ignored(const struct walk *w, const char *path, bool directory)
{
    bool out = false;

    for (size_t i = 0; i < w->rules.len; i++) {
        const char *rule = w->rules.items[i];
        bool back = *rule == '!';
        if (out == back && rule_matches(back ? rule + 1 : rule, path, directory))
            out = !back;
    }
    return out;
}

static int read_rules(struct walk *w, struct err *e)
{
    AUTO_FREE char *path = fsx_join(w->folder->root, IGNORE_FILE);
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_IGNORE);
    struct err none = ERR_INIT;
    char *save = NULL;

    for (size_t i = 0; always[i]; i++)
        svec_add(&w->rules, always[i]);
    if (fsx_read(path, &text, &none) < 0)
        return none.sys == ENOENT ? 0 : err_set(e, ERR_SPEC, "%s", none.msg);
    for (char *line = strtok_r(text.data, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
        size_t len = strlen(line);
        while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
            line[--len] = '\0';
        if (len && *line != '#')
            svec_add(&w->rules, line);
    }
    return 0;
}

/* A link is as good as what it points to, as long as that is in the folder too. */
static int look(const struct walk *w, const char *path, struct stat *st, struct err *e)
{
    AUTO_FREE char *full = fsx_join(w->folder->root, path);
    size_t len = strlen(w->folder->root);

    if (lstat(full, st) < 0)
        return err_sys(e, ERR_SPEC, "'%s'", full);
    if (S_ISLNK(st->st_mode)) {
        AUTO_FREE char *real = realpath(full, NULL);
        if (!real || stat(full, st) < 0)
            return err_sys(e, ERR_SPEC, "link '%s'", full);
        if (strncmp(real, w->folder->root, len) != 0 || (real[len] && real[len] != '/'))
            return err_set(e, ERR_SPEC, "link '%s' leads out of the folder, to '%s'", full, real);
    }
    if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        return err_set(e, ERR_SPEC, "'%s' is neither a file nor a directory", full);
    return 0;
}

static int take_file(struct walk *w, const char *path, off_t size, struct err *e)
{
    struct folder *f = w->folder;

    if (!tar_holds(path))
        return err_set(e, ERR_SPEC, "'%s': the path of a file in it is longer than an archive takes, %s: '%s'", f->root,
                       "255 bytes and 100 for the name", path);
    if (f->files.len == MAX_FILES)
        return err_set(e, ERR_SPEC, "'%s' has more than %d files", f->root, MAX_FILES);
    svec_add(&f->files, path);
    f->bytes += size;
    return 0;
}

static int walk_directory(struct walk *w, const char *below, int depth, struct err *e)
{
    AUTO_FREE char *full = *below ? fsx_join(w->folder->root, below) : xstrdup(w->folder->root);
    AUTO_DIR DIR *dir = opendir(full);
    const struct dirent *d;

    if (!dir)
        return err_sys(e, ERR_SPEC, "folder '%s'", full);
    if (depth > MAX_DEPTH)
        return err_set(e, ERR_SPEC, "'%s' is nested more than %d deep", full, MAX_DEPTH);
    while ((d = readdir(dir))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        AUTO_FREE char *path = *below ? fsx_join(below, d->d_name) : xstrdup(d->d_name);
        struct stat st;
        if (ignored(w, path, false))
            continue;
        if (look(w, path, &st, e) < 0)
            return -1;
        if (ignored(w, path, S_ISDIR(st.st_mode)))
            continue;
        if ((S_ISDIR(st.st_mode) ? walk_directory(w, path, depth + 1, e) : take_file(w, path, st.st_size, e)) < 0)
            return -1;
    }
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int folder_read(const char *path, struct folder *ret, struct err *e)
{
    struct folder f = { realpath(path, NULL), SVEC_INIT, 0 };
    struct walk w = { &f, SVEC_INIT };
    int rc = 0;

    if (!f.root)
        return err_sys(e, ERR_SPEC, "folder '%s'", path);
    rc = read_rules(&w, e);
    if (rc == 0)
        rc = walk_directory(&w, "", 0, e);
    svec_done(&w.rules);
    if (rc == 0 && f.bytes > FOLDER_MAX_BYTES) {
        (void)err_set(e, ERR_SPEC, "folder '%s' has %lld MB, and at most %lld MB are uploaded", path,
                      (long long)(f.bytes >> 20), (long long)(FOLDER_MAX_BYTES >> 20));
        rc = err_hint(e, "name what is not code in '%s/" IGNORE_FILE "'", path);
    }
    if (rc == 0 && f.files.len == 0)
        rc = err_set(e, ERR_SPEC, "folder '%s' is empty", path);
    if (rc < 0) {
        folder_done(&f);
        return -1;
    }
    qsort(f.files.items, f.files.len, sizeof(*f.files.items), by_bytes);
    *ret = f;
    return 0;
}

void folder_done(struct folder *f)
{
    free(TAKE_PTR(f->root));
    svec_done(&f->files);
}

static int add_file(struct tar *t, const struct folder *f, const char *name, struct err *e)
{
    AUTO_FREE char *path = fsx_join(f->root, name);
    AUTO_FREE char *real = realpath(path, NULL); /* the archive follows no link */
    char sha256[HASH_HEX];
    struct stat st;

    if (!real || stat(real, &st) < 0)
        return err_sys(e, ERR_SPEC, "'%s'", path);
    if (hash_sha256_file(real, sha256, e) < 0)
        return -1;
    return (st.st_mode & S_IXUSR ? tar_add_program : tar_add_file)(t, name, real, st.st_size, sha256, e);
}

int folder_pack(const struct folder *f, int fd, char ret_sha256[static HASH_HEX], off_t *ret_size, struct err *e)
{
    struct tar t;
    int rc = 0;

    tar_init(&t, fd);
    for (size_t i = 0; rc == 0 && i < f->files.len; i++)
        rc = add_file(&t, f, f->files.items[i], e);
    if (rc == 0)
        rc = tar_finish(&t, ret_sha256, e);
    *ret_size = t.size;
    tar_done(&t);
    return rc;
}
