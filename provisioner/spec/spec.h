/* The spec file as typed values, filled from the field table (spec/fields.h), every default applied.
 * Reference: slipway.yaml(5), which is held to the same table. */
#pragma once
#include "core/err.h"
#include "core/svec.h"
#include <jansson.h>
#include <stdint.h>

struct spec_pool {
    char *name;
    char *type;          /* "kubernetes" */
    int64_t concurrency; /* flow runs at once; -1: auto, computed from the machine */
};

struct spec {
    char *path;
    char *name;     /* deployment id: [a-z][a-z0-9-]{0,19} */
    char *provider; /* the one key under `provider:` */

    struct {
        char *driver; /* auto | nspawn | qemu */
    } local;

    struct {
        char *host, *user;
        int64_t port;
        char *host_key; /* "ssh-ed25519 AAAA...", "ecdsa-sha2-nistp256 AAAA..." or "SHA256:..." */
        char *identity; /* path of an OpenSSH or PEM private key; NULL: slipway's own key (init prints it) */
    } ssh;

    struct {
        char *size; /* auto | <vcpus>x<GiB>, such as 2x4 | a cloud's instance type */
        int64_t disk_gib;
        char *image;
        struct svec trust; /* paths of CA bundles, PEM */
    } machine;

    struct {
        struct svec ssh_from; /* CIDR or "auto" */
        char *ui;             /* tunnel */
    } access;

    char *runtime; /* k3s */

    struct {
        char *version;  /* NULL: the lock's, else the built-in pin's */
        json_t *config; /* object, merged over ours */
    } k3s;

    struct {
        char *version; /* NULL as for k3s */
    } helm;

    struct {
        char *version; /* NULL as for k3s */

        struct {
            struct {
                int64_t size_gib;
                char *image; /* NULL as for k3s.version */
            } database;

            json_t *resources; /* object: Kubernetes ResourceRequirements, {} = ours */
            json_t *values;    /* object: merged over ours, last */
        } server;

        struct {
            int64_t replicas;
            json_t *values;
        } worker;
        struct spec_pool *work_pools;
        size_t n_work_pools; /* at least 1 */
    } prefect;

    struct {
        char *dir; /* NULL, or a directory with files and a slipway.lock of its own; made absolute, relative to the spec
                    */
        struct svec mirrors; /* URL prefixes, tried in order before the origin */
    } artifacts;

    char *on_failure; /* keep | rollback */
    json_t *timeouts; /* object: phase -> seconds; phases as in step/phase.h */
};

/* One thing that is wrong, for those who show it themselves. */
struct spec_problem {
    size_t line, column; /* from 1 */
    char *path;          /* field, such as "prefect.work_pools[1].name"; "" for the file as a whole */
    char *text;          /* what, value, remedy */
};

#define SPEC_PROBLEMS_MAX 30

struct spec_problems {
    struct spec_problem rows[SPEC_PROBLEMS_MAX]; /* by line and column */
    size_t n;
    size_t more; /* found beyond the rows */
};

/* Parse and check. Every problem is reported at once, in e->msg, one per line: FILE:LINE:COLUMN: text. ERR_SPEC.
 * A file that is not there: ERR_SPEC with e->sys == ENOENT. */
int spec_load(const char *path, struct spec **ret, struct err *e) NODISCARD;
/* The same with the problems as rows; `problems` starts as {0} and stays empty when the file could not be read. */
int spec_load_problems(const char *path, struct spec **ret, struct spec_problems *problems, struct err *e) NODISCARD;
void spec_problems_done(struct spec_problems *p);
/* The same for text already in memory; `path` is for messages and relative paths. For tests and fuzzing. */
int spec_parse(const char *path, const char *text, size_t len, struct spec **ret, struct err *e) NODISCARD;
void spec_free(struct spec *s); /* NULL is allowed */

static inline void spec_free_ptr(struct spec **s)
{
    spec_free(*s);
}

#define AUTO_SPEC     __attribute__((cleanup(spec_free_ptr)))
#define AUTO_PROBLEMS __attribute__((cleanup(spec_problems_done)))
/* JSON Schema (draft 2020-12) of the spec, from the field table. New reference. */
json_t *spec_schema(void);
/* A commented spec for `provider` (NULL: local) and `name` (NULL: "demo"), from the field table; caller frees.
 * NULL with ERR_USAGE when one of them cannot be. */
char *spec_commented(const char *provider, const char *name, struct err *e) NODISCARD;
