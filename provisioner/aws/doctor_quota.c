#include "aws/doctor_rows.h"
#include "aws/inventory.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STANDARD "L-1216C47A"

/* Whose vCPUs count together. Source: Service Quotas console, "Running On-Demand ... instances". */
static const struct {
    const char *letters; /* of the type, up to the first digit or dash */
    const char *code;
} families[] = {
    { "a", STANDARD },       { "c", STANDARD },      { "cr", STANDARD },      { "d", STANDARD },
    { "h", STANDARD },       { "i", STANDARD },      { "im", STANDARD },      { "is", STANDARD },
    { "m", STANDARD },       { "r", STANDARD },      { "t", STANDARD },       { "z", STANDARD },
    { "f", "L-74FC7D96" },   { "g", "L-DB2E81BA" },  { "gr", "L-DB2E81BA" },  { "vt", "L-DB2E81BA" },
    { "p", "L-417A185B" },   { "x", "L-7295265B" },  { "inf", "L-1945791B" }, { "trn", "L-2C3B7624" },
    { "hpc", "L-F7808C92" }, { "dl", "L-6E869C2A" }, { "u", "L-43DA4232" },
};

const char *doctor_vcpu_quota(const char *type)
{
    size_t n = 0;

    while (islower((unsigned char)type[n]))
        n++;
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (strlen(families[i].letters) == n && strncmp(families[i].letters, type, n) == 0)
            return families[i].code;
    return NULL;
}

static int quota(struct aws *a, const char *service, const char *code, double *ret, struct err *e)
{
    AUTO_JSON json_t *args = json_pack("{s:s, s:s}", "ServiceCode", service, "QuotaCode", code), *reply = NULL;

    if (aws_call_json(a->client, "GetServiceQuota", args, &reply, e) < 0)
        return -1;
    const json_t *value = jsonx_get(reply, "Quota.Value");
    *ret = json_number_value(value);
    return json_is_number(value) ? 0 : err_set(e, ERR_REMOTE, "the answer to GetServiceQuota names no value");
}

/* Whatever keeps a quota from being read, it is not known to be used up. */
static int not_told(json_t *rows, const char *check, const char *code, struct err *e)
{
    if (e->code == ERR_CANCELED)
        return -1;
    doctor_row(rows, check, "unknown", e->hint, "quota %s is not told: %s", code, e->msg);
    err_clear(e);
    return 0;
}

static void compare(struct aws *a, json_t *rows, const char *check, const char *service, const char *code, int needed,
                    double limit, int64_t used)
{
    char remedy[256];
    double left = limit - (double)used;

    (void)snprintf(remedy, sizeof(remedy),
                   "raise it: https://%s.console.aws.amazon.com/servicequotas/home/services/%s/quotas/%s",
                   aws_client_region(a->client), service, code);
    doctor_row(rows, check, left < needed ? "fail" : "ok", left < needed ? remedy : "",
               "%d needed, %.0f left of %.0f (quota %s)", needed, left, limit, code);
}

static int64_t vcpus_of(const json_t *instance)
{
    int64_t cores = strtoll(jsonx_str(instance, "cpuOptions.coreCount"), NULL, 10);
    int64_t threads = strtoll(jsonx_str(instance, "cpuOptions.threadsPerCore"), NULL, 10);

    return cores * threads;
}

/* Spot instances have quotas of their own. */
static int64_t vcpus_running(const json_t *reservations, const char *code)
{
    int64_t sum = 0;
    size_t i, j;
    json_t *reservation, *one;

    json_array_foreach (reservations, i, reservation)
        json_array_foreach (json_object_get(reservation, "instancesSet"), j, one) {
            const char *other = doctor_vcpu_quota(jsonx_str(one, "instanceType"));
            if (other && strcmp(other, code) == 0 && !*jsonx_str(one, "instanceLifecycle"))
                sum += vcpus_of(one);
        }
    return sum;
}

static int vcpus_left(struct run *r, struct aws *a, const char *type, int vcpus, json_t *rows, struct err *e)
{
    const char *code = doctor_vcpu_quota(type);
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *reservations = NULL;
    double limit;

    if (*aws_id(r, a, AWS_INSTANCE)) {
        doctor_row(rows, "vCPUs", "ok", "", "the machine is there");
        return 0;
    }
    if (!code || vcpus == 0) {
        doctor_row(rows, "vCPUs", "unknown", "", "which quota '%s' counts against is not known", type);
        return 0;
    }
    aws_query_add(&q, "Filter.1.Name", "instance-state-name");
    aws_query_add(&q, "Filter.1.Value.1", "pending");
    aws_query_add(&q, "Filter.1.Value.2", "running");
    if (quota(a, "ec2", code, &limit, e) < 0 ||
        aws_call_all(a->client, "DescribeInstances", &q, "reservationSet", &reservations, e) < 0)
        return not_told(rows, "vCPUs", code, e);
    compare(a, rows, "vCPUs", "ec2", code, vcpus, limit, vcpus_running(reservations, code));
    return 0;
}

/* Quotas of which one more is needed. */
static const struct {
    const char *check, *service, *code, *describe, *set;
    enum aws_kind_id kind;
} counted[] = {
    { "addresses", "ec2", "L-0263D0A3", "DescribeAddresses", "addressesSet", AWS_ADDRESS },
    { "networks", "vpc", "L-F678F1CE", "DescribeVpcs", "vpcSet", AWS_VPC },
};

static int one_more(struct run *r, struct aws *a, size_t i, json_t *rows, struct err *e)
{
    AUTO_JSON json_t *objects = NULL;
    double limit;

    if (counted[i].kind == AWS_VPC && r->spec->aws.subnet)
        return 0;
    if (*aws_id(r, a, counted[i].kind)) {
        doctor_row(rows, counted[i].check, "ok", "", "ours is there");
        return 0;
    }
    if (quota(a, counted[i].service, counted[i].code, &limit, e) < 0 ||
        aws_call_all(a->client, counted[i].describe, NULL, counted[i].set, &objects, e) < 0)
        return not_told(rows, counted[i].check, counted[i].code, e);
    compare(a, rows, counted[i].check, counted[i].service, counted[i].code, 1, limit,
            (int64_t)json_array_size(objects));
    return 0;
}

int doctor_quotas(struct run *r, struct aws *a, const char *type, int vcpus, json_t *rows, struct err *e)
{
    if (vcpus_left(r, a, type, vcpus, rows, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        if (one_more(r, a, i, rows, e) < 0)
            return -1;
    return 0;
}
