#include "step/lock.h"
#include "core/clock.h"
#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/ui_text.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct lock {
    int fd;
};

static json_t *read_holder(const char *path)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(4096);
    struct err lost = ERR_INIT;

    return fsx_read(path, &text, &lost) == 0 ? jsonx_parse(text.data, text.len, "holder", &lost) : NULL;
}

static int held(const char *path, struct err *e)
{
    struct clock *c = clock_real();
    AUTO_JSON json_t *holder = read_holder(path);

    /* Between taking the lock and writing who took it lies a moment. */
    for (int i = 0; !holder && i < 50; i++) {
        if (c->sleep_ms(c, 10, e) < 0)
            return -1;
        holder = read_holder(path);
    }
    (void)err_set(e, ERR_CONFLICT, "another slipway works on this deployment: '%s', pid %lld on %s, user %s, since %s",
                  jsonx_str(holder, "command"), (long long)jsonx_int(holder, "pid", 0), jsonx_str(holder, "host"),
                  jsonx_str(holder, "user"), jsonx_str(holder, "since"));
    return err_hint(e, "wait until it ends; the lock goes with its process, there is nothing to remove");
}

static int write_holder(int fd, const char *command, struct err *e)
{
    char host[256] = "", since[21], shown[256];
    struct clock *c = clock_real();
    const struct passwd *pw = getpwuid(geteuid());

    (void)gethostname(host, sizeof(host) - 1);
    clock_iso8601(c->wall_ms(c), since);
    ui_text_safe(command, NULL, shown, sizeof(shown)); /* JSON takes no bytes that are not UTF-8 */
    AUTO_JSON json_t *holder = json_pack("{s:s, s:I, s:s, s:s, s:s}", "command", shown, "pid", (json_int_t)getpid(),
                                         "host", host, "user", pw ? pw->pw_name : "?", "since", since);
    AUTO_FREE char *text = jsonx_text(holder, 0);
    if (ftruncate(fd, 0) < 0)
        return err_sys(e, ERR_INTERNAL, "truncate the lock");
    return fsx_write_all(fd, text, strlen(text), e);
}

/* A teardown removes the file while it holds the lock: who had it open by then holds a lock that no one else sees. */
static bool is_still_at(int fd, const char *path)
{
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/* 1: holds, 0: the file went away meanwhile. */
static int try_take(const char *path, const char *command, struct lock **ret, struct err *e)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "open lock '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? held(path, e) : err_sys(e, ERR_INTERNAL, "lock '%s'", path);
    if (!is_still_at(fd, path))
        return 0;
    if (write_holder(fd, command, e) < 0)
        return -1;
    *ret = xcalloc(1, sizeof(**ret));
    (*ret)->fd = TAKE_FD(fd);
    return 1;
}

int lock_take(const char *path, const char *command, struct lock **ret, struct err *e)
{
    for (int i = 0; i < 10; i++) {
        int rc = try_take(path, command, ret, e);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    return err_set(e, ERR_CONFLICT, "lock '%s' is removed again and again", path);
}

void lock_release(struct lock *l)
{
    if (!l)
        return;
    close(l->fd);
    free(l);
}
