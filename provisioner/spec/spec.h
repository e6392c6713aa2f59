/* The spec file as typed values, filled from the field table (spec/fields.h), every default applied.
 * Reference: slipway.yaml(5), which is held to the same table. */
#pragma once
#include "core/err.h"
#include "core/svec.h"
#include <jansson.h>
#include <stdint.h>

/* Where a secret value is read on this host, at the moment it is needed; never kept here. Both NULL: not given. */
struct spec_secret {
    char *env;  /* name of an environment variable */
    char *file; /* path, absolute */
};

struct spec_queue {
    char *name;
    int64_t priority;    /* from 1, the lowest number is served first */
    int64_t concurrency; /* 0: no limit of its own */
};

struct spec_pool {
    char *name;
    char *type;          /* kubernetes | process | docker; when not given, what the runtime has first */
    int64_t concurrency; /* flow runs at once; -1: auto, computed from the machine */
    bool docker_socket;  /* the worker may use Docker's socket, which is as good as root */
    struct spec_queue *queues;
    size_t n_queues;
};

struct spec_limit {
    char *name;
    int64_t slots;
    double slot_decay_per_second; /* 0: a slot comes back only when it is released */
};

struct spec_schedule {
    char *cron, *rrule; /* exactly one of cron, rrule, interval_s */
    int64_t interval_s; /* 0: not an interval */
    char *anchor;       /* of an interval, RFC 3339, or NULL */
    char *timezone;     /* IANA name; "UTC" when not given */
    char *slug;         /* identity of the schedule across deploys; made from the text when not given */
    bool active;
    json_t *parameters; /* object, {} when not given */
};

/* Where a flow's code comes from when it runs. */
struct spec_source {
    char *type;                  /* local | git | s3 | gcs | azure | image; NULL: not given */
    char *path;                  /* local: directory, absolute; image: directory in the image */
    char *url;                   /* git: repository; s3, gcs: endpoint instead of the public one, or NULL */
    char *branch, *tag, *commit; /* git: at most one */
    char *bucket;                /* s3, gcs: bucket; azure: container */
    char *folder;                /* in the bucket; "" is all of it */
    char *region;                /* s3, or NULL */
    struct spec_secret secret;   /* git: token; s3, gcs: credentials as JSON; azure: connection string */
};

struct spec_deployment {
    char *name, *entrypoint;   /* "flows/etl.py:etl" */
    char *description;         /* or NULL */
    char *pool;                /* NULL: the first pool */
    char *queue;               /* NULL: the pool's default */
    char *image;               /* kubernetes, docker: instead of Prefect's, or NULL */
    char *requirements;        /* path of a requirements file, absolute, or NULL */
    char *version;             /* or NULL */
    struct spec_source source; /* type NULL: flows.source */
    struct spec_schedule *schedules;
    size_t n_schedules;
    json_t *parameters, *job_variables; /* objects */
    struct svec tags;
    int64_t concurrency; /* runs of this deployment at once; 0: no limit */
    char *collision;     /* enqueue | cancel_new */
    bool paused;
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
        char *region;         /* NULL: AWS_REGION, AWS_DEFAULT_REGION or the profile's */
        struct svec zones;    /* in order of preference; empty: every zone that offers the type */
        char *cidr;           /* of the network that is made, canonical; of no meaning with `subnet` */
        char *subnet;         /* NULL: a network of its own; else shared, never changed */
        char *security_group; /* NULL: one of its own; else shared, never changed; only with `subnet` */
    } aws;

    struct {
        char *size; /* auto | <vcpus>x<GiB>, such as 2x4 | a cloud's instance type, such as t3.large */
        int64_t disk_gib;
        char *image;       /* debian-12 | debian-13 | ubuntu-24.04 | ami-..., what spec/provider_facts.h allows */
        struct svec trust; /* paths of CA bundles, PEM */
    } machine;

    struct {
        struct svec ssh_from; /* CIDR or "auto" */
        char *ui;             /* tunnel */
    } access;

    char *runtime; /* k3s | systemd */

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
                char *type; /* postgres | sqlite (runtime systemd only) */
                int64_t size_gib;
                char *image; /* NULL as for k3s.version */
            } database;

            /* A server that exists, instead of our own. At most one of cloud.account and url is set. */
            struct {
                char *account, *workspace; /* UUIDs */
                struct spec_secret key;    /* API key; not given: environment variable PREFECT_API_KEY */
            } cloud;

            char *url;               /* "https://prefect.example.com/api" */
            struct spec_secret auth; /* of url: "user:password" of basic auth; not given: none */
            int64_t events_days;     /* events older than this are vacuumed */
            int64_t runs_days;       /* flow runs older than this are vacuumed; 0: never */

            json_t *resources; /* object: Kubernetes ResourceRequirements, {} = ours */
            json_t *values;    /* object: merged over ours, last */
        } server;

        struct {
            int64_t replicas;
            json_t *values;
        } worker;
        struct spec_pool *work_pools;
        size_t n_work_pools;       /* at least 1 */
        struct spec_limit *limits; /* global concurrency limits */
        size_t n_limits;

        struct {
            int64_t pending_min; /* PENDING for longer: crashed by an automation; 0: no automation */
            int64_t zombie_min;  /* RUNNING without a heartbeat for longer: crashed; 0: no automation */
        } automations;
    } prefect;

    struct {
        char *from; /* path of a prefect.yaml, absolute, or NULL */
        struct spec_source source;
        struct spec_deployment *deployments;
        size_t n_deployments;
    } flows;

    struct {
        char *dir; /* NULL, or a directory with files and a slipway.lock of its own; made absolute, relative to the spec
                    */
        struct svec mirrors; /* URL prefixes, tried in order before the origin */
    } artifacts;

    char *on_failure; /* keep | rollback */
    json_t *timeouts; /* object: phase -> seconds; phases as in step/phase.h */

    struct svec warnings; /* FILE:LINE:COLUMN: text; what is allowed and still unwise, for ui_warn */
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
    size_t more;  /* found beyond the rows */
    bool lenient; /* set by the caller: files and folders that the spec names need not be there any more */
};

/* Parse and check. Every problem is reported at once, in e->msg, one per line: FILE:LINE:COLUMN: text. ERR_SPEC.
 * A file that is not there: ERR_SPEC with e->sys == ENOENT. */
int spec_load(const char *path, struct spec **ret, struct err *e) NODISCARD;
/* For commands that look or take away: a flows folder that has gone must not keep a machine alive. */
int spec_load_lenient(const char *path, struct spec **ret, struct err *e) NODISCARD;
/* The same with the problems as rows; `problems` starts as {0} (but for `lenient`) and stays empty when the file could
 * not be read. */
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
