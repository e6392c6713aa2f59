/* A directory of the test's own, files in it, and a clock that only moves when it is told to. */
#pragma once
#include "core/clock.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct fake_clock {
    struct clock clock; /* first: the code under test sees only this */
    int64_t mono, wall;
};

static inline int64_t fake_mono_ms(struct clock *c)
{
    return ((struct fake_clock *)c)->mono;
}

static inline int64_t fake_wall_ms(struct clock *c)
{
    return ((struct fake_clock *)c)->wall;
}

static inline int fake_sleep_ms(struct clock *c, int64_t ms, struct err *e)
{
    struct fake_clock *f = (struct fake_clock *)c;

    (void)e;
    f->mono += ms;
    f->wall += ms;
    return 0;
}

#define FAKE_CLOCK(start_ms)                                                                                  \
    {                                                                                                         \
        { 0, fake_mono_ms, fake_wall_ms, fake_sleep_ms }, (start_ms), (start_ms) + INT64_C(1700000000) * 1000 \
    }

static inline char *scratch_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = xasprintf("%s/slipway-test.XXXXXX", tmp ? tmp : "/tmp");

    assert_non_null(mkdtemp(dir));
    return dir;
}

static inline void scratch_free(char *dir)
{
    struct err e = ERR_INIT;

    if (fsx_remove_tree(dir, &e) < 0)
        fail_msg("%s", e.msg);
    free(dir);
}

static inline int scratch_setup(void **state)
{
    *state = scratch_new();
    return 0;
}

static inline int scratch_teardown(void **state)
{
    scratch_free(*state);
    return 0;
}

static inline void scratch_write(const char *path, const void *data, size_t len)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct err e = ERR_INIT;

    assert_true(fd >= 0);
    if (fsx_write_all(fd, data, len, &e) < 0)
        fail_msg("%s: %s", path, e.msg);
}

/* The whole file; NUL-terminated. */
static inline char *scratch_read(const char *path, size_t *ret_len)
{
    struct sbuf text = SBUF_INIT(16 << 20);
    struct err e = ERR_INIT;

    if (fsx_read(path, &text, &e) < 0)
        fail_msg("%s", e.msg);
    if (ret_len)
        *ret_len = text.len;
    return sbuf_take(&text);
}

/* A tmpfs of 64 KiB at `dir`. Needs root: the caller skips, aloud, without it. */
static inline void scratch_mount_small(const char *dir)
{
    assert_int_equal(mkdir(dir, 0700), 0);
    if (mount("slipway-test", dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0700") < 0)
        fail_msg("mount tmpfs on '%s': %s", dir, strerror(errno));
}

static inline void scratch_fill(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const char block[512] = "x";

    assert_true(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
}

static inline void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in \"%s\"", part, text);
}
