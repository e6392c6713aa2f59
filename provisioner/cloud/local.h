/* Provider `local`: a machine on this host. Private to local*.c.
 *
 * Every name is derived from the state directory, so that each object is found again without the journal and two
 * deployments of one name in two state directories never meet: id "sw-NAME-HHHHHHHH", link "swHHHHHHHH". */
#pragma once
#include "cloud/provider.h"
#include "core/svec.h"
#include <stdbool.h>
#include <stddef.h>

#define LOCAL_USER  "slipway"
#define LOCAL_SHARE "/mnt/slipway" /* artifacts directory, in the machine */

extern const struct provider_ops local_ops;
extern const struct provider_ops local_unshared_ops; /* the same without shared_dir */

struct local_driver;

struct local {
    struct provider base;
    const struct local_driver *driver;
    char id[48];
    char link[16];
    char *dir;     /* absolute */
    char *disk;    /* DIR/disk.raw */
    char *console; /* DIR/console.log */
    char *flavour; /* of the image: what the machine shall run, with its packages */
    struct svec packages;
    char *image; /* path of the cached image of this recipe */
};

struct local_tool {
    const char *tool, *package;
};

struct local_driver {
    const char *name;
    bool root;                      /* needs root */
    const struct local_tool *tools; /* ends with NULL */
    bool kernel;                    /* the image brings a kernel */
    const char *argument;           /* "--machine=": argv element that, with the id, marks its processes */
    const struct provider_ops *ops;
    int (*net_find)(struct run *r, struct local *l, struct err *e);
    int (*net_create)(struct run *r, struct local *l, struct err *e);
    int (*net_destroy)(struct run *r, struct local *l, struct err *e);
    int (*net_sweep)(struct run *r, struct local *l, json_t *rows, struct err *e);
    int (*start)(struct run *r, struct local *l, pid_t *ret, struct err *e);
    /* After the processes are gone: what the kernel still holds for them. */
    int (*release)(struct run *r, struct local *l, struct err *e);
    int (*endpoint)(struct run *r, struct local *l, struct endpoint *ret, struct err *e);
    /* Seed files that differ by driver: rows {path in the machine, template}. */
    const struct local_file *files;
};

struct local_file {
    const char *path, *template; /* template NULL: a symbolic link to `link` */
    const char *link;
    const char *mode; /* "0100644" as debugfs has it */
};

extern const struct local_driver local_nspawn, local_qemu;
extern const struct local_driver *const local_drivers[]; /* in order of preference, ends with NULL */

static inline struct local *local_of(struct provider *p)
{
    return (struct local *)(void *)p;
}

/* Sizes */
struct local_size {
    int vcpus, mem_mib;
};

/* "auto" or "<vcpus>x<GiB>"; auto: all but 4 vCPUs at most, and min(8 GiB, 3/4 of what is available). */
int local_size_of(const char *size, int host_vcpus, long available_mib, struct local_size *ret, struct err *e)
    NODISCARD;
int local_size_here(const struct spec *s, struct local_size *ret, struct err *e) NODISCARD;

/* Which driver `auto` means on a host, and whether a named one can run. Pure: `have` says what is installed. */
const struct local_driver *local_driver_choose(const char *want, bool root, bool (*have)(const char *tool),
                                               struct err *e);

/* local_image.c */
char *local_image_path(const struct local *l);
int local_image_build(struct run *r, struct local *l, struct err *e) NODISCARD;
/* Remember that the image was used just now: the cache keeps what is. */
void local_image_used(const struct local *l);
/* Kernel and initrd beside an image; caller frees. */
char *local_image_part(const struct local *l, const char *suffix);

/* local_disk.c */
int local_disk_create(struct run *r, struct local *l, struct err *e) NODISCARD;
int local_disk_destroy(struct run *r, struct local *l, struct err *e) NODISCARD;

/* local_process.c: processes of this machine, found by their command line. */
size_t local_processes(const struct local *l, pid_t *ret, size_t max);
/* Kill them all and wait until they are gone. */
int local_kill(struct run *r, const struct local *l, struct err *e) NODISCARD;

int local_await_start(struct run *r, const struct local *l, pid_t pid, struct err *e) NODISCARD;

/* Command lines, for the tests too. `share` may be NULL. */
void local_nspawn_argv(const struct local *l, const char *root, const char *share, bool systemd_host, struct svec *v);
void local_qemu_argv(const struct local *l, const char *accel, const struct local_size *size, int port, struct svec *v);

/* Append {"kind","name"}. */
void local_row(json_t *rows, const char *kind, const char *name);
