/* Cleanup by attribute and small macros. */
#pragma once
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void util_free_ptr(void *p)
{
    free(*(void **)p);
}

static inline void util_close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void util_close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void util_close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static inline void util_json_decref(json_t **j)
{
    json_decref(*j);
}

#define AUTO_FREE  __attribute__((cleanup(util_free_ptr)))
#define AUTO_CLOSE __attribute__((cleanup(util_close_fd)))
#define AUTO_FILE  __attribute__((cleanup(util_close_file)))
#define AUTO_DIR   __attribute__((cleanup(util_close_dir)))
#define AUTO_JSON  __attribute__((cleanup(util_json_decref)))

/* Hand a resource over: the cleanup attribute then sees NULL or -1. */
#define TAKE_PTR(p)                 \
    ({                              \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })
#define TAKE_FD(fd)        \
    ({                     \
        int taken_ = (fd); \
        (fd) = -1;         \
        taken_;            \
    })
