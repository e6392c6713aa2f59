#include "flow/upload.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include "flow/folder.h"
#include "ssh/ssh.h"
#include "step/journal.h"
#include "step/state.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define UPLOAD_TIMEOUT_MS 600000

static const char look[] = "if [ -d \"$1\" ]; then echo there; fi\n";

/* The directory appears whole or not at all. */
static const char unpack[] = "set -eu\n"
                             "umask 022\n"
                             "tmp=$1.tmp\n"
                             "rm -rf \"$tmp\"\n"
                             "mkdir -p \"$tmp\"\n"
                             "tar -x -f \"$2\" -C \"$tmp\" --no-same-owner\n"
                             "chown -R root:root \"$tmp\"\n"
                             "chmod -R a+rX,go-w \"$tmp\"\n"
                             "sync -f \"$tmp\"\n"
                             "mv -T \"$tmp\" \"$1\"\n"
                             "rm -f \"$2\"\n";

static const char tidy[] = "set -eu\n"
                           "root=$1\n"
                           "shift\n"
                           "[ -d \"$root\" ] || exit 0\n"
                           "cd \"$root\"\n"
                           "for name in *; do\n"
                           "    keep=\n"
                           "    for used in \"$@\"; do [ \"$root/$name\" != \"$used\" ] || keep=1; done\n"
                           "    [ -n \"$keep\" ] || rm -rf -- \"./$name\"\n"
                           "done\n";

static int is_there(struct run *r, const char *dir, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const struct ssh_opts o = { .sudo = true, .what = "looking for uploaded flows" };
    const char *const args[] = { dir, NULL };

    if (ssh_script(r->ssh, look, args, &o, &res, e) < 0)
        return -1;
    return strncmp(res.out.data, "there", 5) == 0;
}

static int put(struct run *r, const char *dir, int fd, off_t size, const char *sha256, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_FREE char *archive = xasprintf("%s.tar", dir);
    const struct ssh_file f = { archive, "0600", "root:root", sha256 };
    const struct ssh_opts o = { .sudo = true, .timeout_ms = UPLOAD_TIMEOUT_MS, .what = "unpacking flows" };
    const char *const args[] = { dir, archive, NULL };

    ui_note(r->ui, "uploading %lld KB of flows", (long long)(size >> 10));
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(e, ERR_INTERNAL, "archive of flows");
    if (ssh_put_fd(r->ssh, &f, fd, size, UPLOAD_TIMEOUT_MS, NULL, NULL, e) < 0)
        return -1;
    return ssh_script(r->ssh, unpack, args, &o, &res, e);
}

/* A file without a name: it goes with us. */
static int scratch(struct err *e)
{
    AUTO_FREE char *dir = state_cache_dir();

    if (fsx_mkdirs(dir, 0700, e) < 0)
        return -1;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : err_sys(e, ERR_INTERNAL, "scratch file in '%s'", dir);
}

int upload_folder(struct run *r, const char *path, struct upload_dir *ret, struct err *e)
{
    AUTO_FOLDER struct folder folder = { 0 };
    AUTO_CLOSE int fd = scratch(e);
    char sha256[HASH_HEX];
    off_t size = 0;

    if (fd < 0 || folder_read(path, &folder, e) < 0 || folder_pack(&folder, fd, sha256, &size, e) < 0)
        return -1;
    (void)snprintf(ret->path, sizeof(ret->path), UPLOAD_ROOT "/%.*s", UPLOAD_DIGITS, sha256);
    int there = is_there(r, ret->path, e);
    if (there != 0)
        return there < 0 ? -1 : 0;
    ui_info(r->ui, "uploading %zu files of '%s'", folder.files.len, path);
    return put(r, ret->path, fd, size, sha256, e);
}

static void add_all(struct svec *v, const json_t *paths)
{
    size_t i;
    json_t *path;

    json_array_foreach (paths, i, path)
        svec_add(v, json_string_value(path));
}

int upload_tidy(struct run *r, const json_t *used, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    AUTO_SVEC struct svec args = SVEC_INIT;
    const struct ssh_opts o = { .sudo = true, .what = "removing flows that no deployment uses" };
    const json_t *before = journal_get(r->journal, "flows.folders");
    const json_t *now = json_object_get(before, "now");

    if (json_array_size(used) == 0 && !before)
        return 0;
    if (!json_equal(now, used)) {
        json_t *fact = json_pack("{s:O, s:O}", "now", used, "previous", now ? now : used);
        if (journal_set(r->journal, "flows.folders", fact, e) < 0)
            return -1;
    }
    before = journal_get(r->journal, "flows.folders");
    svec_add(&args, UPLOAD_ROOT);
    add_all(&args, json_object_get(before, "now"));
    add_all(&args, json_object_get(before, "previous"));
    return ssh_script(r->ssh, tidy, svec_argv(&args), &o, &res, e);
}
