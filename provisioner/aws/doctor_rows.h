/* The parts of aws/doctor.h; private to doctor*.c and their test. */
#pragma once
#include "aws/aws.h"

/* Appends a row. `status`: "ok", "fail", "unknown"; `remedy` may be "". */
void doctor_row(json_t *rows, const char *check, const char *status, const char *remedy, const char *detail, ...)
    PRINTF_LIKE(5, 6);
/* A check that ended in an error becomes a row: unknown when the right to look is missing or nothing answered, else
 * fail; `e` is cleared. -1 only when it was interrupted. */
int doctor_row_error(json_t *rows, const char *check, struct err *e) NODISCARD;

/* A parameter of a dry run. */
struct doctor_param {
    const char *key;
    const char *value;     /* NULL: of an object; "$image", "$type", "$cidr": what a bootstrap would take */
    enum aws_kind_id kind; /* whose id it is */
    const char *path;      /* another member of the object than its id, or NULL */
};

/* How a right is asked for. */
struct doctor_probe {
    const char *action;
    const char *tags[3]; /* types of the objects that it makes */
    struct doctor_param params[7];
};

/* One for each EC2 action that changes something; ends with a NULL action. */
extern const struct doctor_probe doctor_probe_table[];
/* `image`: an image's id, or "" when none was found. */
int doctor_rights(struct run *r, struct aws *a, const char *image, json_t *rows, struct err *e) NODISCARD;

/* Code of the vCPU quota of an instance type's family ("L-1216C47A"), or NULL. */
const char *doctor_vcpu_quota(const char *type);
int doctor_quotas(struct run *r, struct aws *a, const char *type, int vcpus, json_t *rows, struct err *e) NODISCARD;

/* Routes of /proc/net/route (text) that overlap `cidr`, as "10.77.0.0/24 (eth0), ..."; the default route is none. */
void doctor_routes_inside(const char *cidr, const char *routes, struct sbuf *out);
bool doctor_overlap(const char *cidr, const char *other);
int doctor_network(struct run *r, struct aws *a, json_t *rows, struct err *e) NODISCARD;
int doctor_ssh(struct run *r, struct aws *a, json_t *rows, struct err *e) NODISCARD;
