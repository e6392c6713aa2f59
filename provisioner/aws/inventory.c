#include "aws/inventory.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_EVERY_MS = 500 };

const struct aws_kind aws_kind_table[AWS_KINDS] = {
    [AWS_VPC] = { "vpc", "vpc", "DescribeVpcs", "vpcSet", "vpcId" },
    [AWS_INTERNET_GATEWAY] = { "internet-gateway", "internet-gateway", "DescribeInternetGateways", "internetGatewaySet",
                               "internetGatewayId" },
    [AWS_SUBNET] = { "subnet", "subnet", "DescribeSubnets", "subnetSet", "subnetId" },
    [AWS_ROUTE_TABLE] = { "route-table", "route-table", "DescribeRouteTables", "routeTableSet", "routeTableId" },
    [AWS_SECURITY_GROUP] = { "security-group", "security-group", "DescribeSecurityGroups", "securityGroupInfo",
                             "groupId" },
    [AWS_ADDRESS] = { "address", "elastic-ip", "DescribeAddresses", "addressesSet", "allocationId" },
    [AWS_INSTANCE] = { "instance", "instance", "DescribeInstances", "reservationSet", "instanceId" },
    [AWS_LAUNCH_TEMPLATE] = { "launch-template", "launch-template", "DescribeLaunchTemplates", "launchTemplates",
                              "launchTemplateId" },
    [AWS_VOLUME] = { "volume", "volume", "DescribeVolumes", "volumeSet", "volumeId" },
    [AWS_NETWORK_INTERFACE] = { "network-interface", "network-interface", "DescribeNetworkInterfaces",
                                "networkInterfaceSet", "networkInterfaceId" },
};

const char *aws_tag(const json_t *object, const char *key)
{
    const json_t *tags = json_object_get(object, "tagSet");
    size_t i;
    json_t *tag;

    json_array_foreach (tags, i, tag)
        if (strcmp(jsonx_str(tag, "key"), key) == 0)
            return jsonx_str(tag, "value");
    return "";
}

bool aws_is_ours(const struct run *r, const struct aws *a, const json_t *object)
{
    return *a->token && strcmp(aws_tag(object, AWS_TAG_DEPLOYMENT), r->spec->name) == 0 &&
           strcmp(aws_tag(object, AWS_TAG_TOKEN), a->token) == 0;
}

static int64_t settled_ms(const struct aws *a)
{
    return a->asked_ms + aws_settle_ms();
}

static enum journal_mark mark_of(const struct run *r, enum aws_kind_id kind)
{
    AUTO_FREE char *step = xasprintf("provider/%s", aws_kind_table[kind].name);

    return r->journal ? journal_mark(r->journal, step) : JOURNAL_NONE;
}

static bool is_gone(const json_t *object)
{
    return strcmp(jsonx_str(object, "instanceState.name"), "terminated") == 0 ||
           strcmp(jsonx_str(object, "status"), "deleting") == 0;
}

static void keep_ours(const struct run *r, const struct aws *a, const json_t *from, json_t *to)
{
    size_t i;
    json_t *object;

    json_array_foreach (from, i, object)
        if (aws_is_ours(r, a, object) && !is_gone(object))
            json_array_append(to, object);
}

int aws_look(struct run *r, struct aws *a, enum aws_kind_id kind, struct err *e)
{
    const struct aws_kind *k = &aws_kind_table[kind];
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *found = NULL;
    size_t i;
    json_t *reservation;

    aws_query_filter(&q, "tag:" AWS_TAG_DEPLOYMENT, r->spec->name);
    aws_query_filter(&q, "tag:" AWS_TAG_TOKEN, a->token);
    if (aws_call_all(a->client, k->describe, &q, k->set, &found, e) < 0)
        return err_wrap(e, "look for the %s of '%s'", k->name, r->spec->name);
    json_decref(a->seen[kind]);
    a->seen[kind] = json_array();
    if (kind != AWS_INSTANCE) {
        keep_ours(r, a, found, a->seen[kind]);
        return 0;
    }
    json_array_foreach (found, i, reservation)
        keep_ours(r, a, json_object_get(reservation, "instancesSet"), a->seen[kind]);
    return 0;
}

int aws_look_once(struct run *r, struct aws *a, enum aws_kind_id kind, struct err *e)
{
    return a->seen[kind] ? 0 : aws_look(r, a, kind, e);
}

int aws_by_id(struct aws *a, enum aws_kind_id kind, const char *id, json_t **ret, struct err *e)
{
    const struct aws_kind *k = &aws_kind_table[kind];
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *rows = NULL;

    *ret = json_null();
    /* "instanceId" of the answer is "InstanceId.N" of the question. */
    aws_query_addf(&q, id, "%c%s.1", toupper((unsigned char)k->id[0]), k->id + 1);
    if (aws_call_all(a->client, k->describe, &q, k->set, &rows, e) < 0) {
        if (aws_client_failure(a->client)->class != AWS_CLASS_ABSENT)
            return err_wrap(e, "%s '%s'", k->name, id);
        err_clear(e);
        return 0;
    }
    const json_t *found = jsonx_get(rows, kind == AWS_INSTANCE ? "0.instancesSet.0" : "0");
    if (found)
        *ret = json_incref((json_t *)(uintptr_t)found);
    return 0;
}

static const char *fact_of(const struct run *r, enum aws_kind_id kind)
{
    AUTO_FREE char *key = xasprintf("aws.%s", aws_kind_table[kind].name);

    return r->journal ? journal_str(r->journal, key) : "";
}

/* An instance that is on its way out is there for a sweep, and of no use to a bootstrap. */
bool aws_is_usable(const json_t *object)
{
    return strcmp(jsonx_str(object, "instanceState.name"), "shutting-down") != 0;
}

const json_t *aws_object(const struct run *r, const struct aws *a, enum aws_kind_id kind)
{
    const char *field = aws_kind_table[kind].id, *known = fact_of(r, kind);
    const json_t *best = NULL;
    size_t i;
    json_t *object;

    json_array_foreach (a->seen[kind], i, object) {
        const char *id = jsonx_str(object, field);
        if (!aws_is_usable(object))
            continue;
        if (*known && strcmp(id, known) == 0)
            return object;
        if (!best || strcmp(id, jsonx_str(best, field)) < 0)
            best = object;
    }
    return best;
}

const char *aws_id(const struct run *r, const struct aws *a, enum aws_kind_id kind)
{
    const json_t *object = aws_object(r, a, kind);

    return object ? jsonx_str(object, aws_kind_table[kind].id) : "";
}

static int remember(struct run *r, enum aws_kind_id kind, const json_t *object, struct err *e)
{
    const char *id = jsonx_str(object, aws_kind_table[kind].id);
    AUTO_FREE char *key = xasprintf("aws.%s", aws_kind_table[kind].name);

    return strcmp(fact_of(r, kind), id) == 0 ? 0 : journal_set(r->journal, key, json_string(id), e);
}

int aws_made(struct run *r, struct aws *a, enum aws_kind_id kind, const json_t *object, struct err *e)
{
    if (!*jsonx_str(object, aws_kind_table[kind].id))
        return err_set(e, ERR_REMOTE, "%s: the answer names no '%s'", aws_kind_table[kind].name,
                       aws_kind_table[kind].id);
    if (!a->seen[kind])
        a->seen[kind] = json_array();
    json_array_append(a->seen[kind], (json_t *)(uintptr_t)object);
    return remember(r, kind, object, e);
}

struct look {
    struct run *run;
    struct aws *aws;
    enum aws_kind_id kind;
    bool all; /* one wait for all that a lost journal does not tell of */
};

static int look_again(void *ctx, char why[static 256], struct err *e)
{
    struct look *l = ctx;

    for (int kind = 0; l->all && kind <= AWS_INSTANCE; kind++)
        if (kind != (int)l->kind && !aws_object(l->run, l->aws, (enum aws_kind_id)kind) &&
            aws_look(l->run, l->aws, (enum aws_kind_id)kind, e) < 0)
            return -1;
    if (aws_look(l->run, l->aws, l->kind, e) < 0)
        return -1;
    (void)snprintf(why, 256, "not seen; it may have been asked for, and the answer lost");
    return aws_object(l->run, l->aws, l->kind) != NULL;
}

static int await(struct look *l, int64_t until_ms, struct err *e)
{
    AUTO_FREE char *name = xasprintf("%s that may have been made", aws_kind_table[l->kind].name);
    const struct wait w = { name, until_ms, LOOK_EVERY_MS };

    if (wait_for(&w, l->run->clock, l->run->ui, look_again, l, e) == 0)
        return 1;
    if (e->code != ERR_TIMEOUT)
        return -1;
    err_clear(e);
    return 0;
}

int aws_await(struct run *r, struct aws *a, enum aws_kind_id kind, int64_t until_ms, struct err *e)
{
    return await(&(struct look){ r, a, kind, false }, until_ms, e);
}

int aws_find(struct run *r, struct aws *a, enum aws_kind_id kind, const json_t **ret, struct err *e)
{
    struct look l = { r, a, kind, a->doubt };
    int64_t until_ms = settled_ms(a);

    if (aws_look_once(r, a, kind, e) < 0)
        return -1;
    *ret = aws_object(r, a, kind);
    if (!*ret && (a->doubt || mark_of(r, kind) != JOURNAL_NONE) && r->clock->mono_ms(r->clock) < until_ms) {
        if (await(&l, until_ms, e) < 0)
            return -1;
        *ret = aws_object(r, a, kind);
    }
    if (!*ret)
        return 0;
    /* An instance that this journal did not make is not taken for one that it did; see instance.c. */
    return kind != AWS_INSTANCE && remember(r, kind, *ret, e) < 0 ? -1 : 1;
}

void aws_forget(struct run *r, struct aws *a)
{
    for (size_t i = 0; i < AWS_KINDS; i++) {
        json_decref(a->seen[i]);
        a->seen[i] = NULL;
    }
    r->look_again = true;
    /* What this run has made since may be invisible yet as well. */
    a->asked_ms = r->clock->mono_ms(r->clock);
}

int aws_find_in(struct run *r, struct aws *a, enum aws_kind_id kind, const char *vpc, const json_t **ret, struct err *e)
{
    int found = aws_find(r, a, kind, ret, e);

    if (found <= 0)
        return found;
    for (size_t i = json_array_size(a->seen[kind]); i-- > 0;)
        if (strcmp(jsonx_str(json_array_get(a->seen[kind], i), "vpcId"), vpc) != 0)
            json_array_remove(a->seen[kind], i);
    *ret = aws_object(r, a, kind);
    return *ret != NULL;
}

int aws_unremember(struct run *r, enum aws_kind_id kind, struct err *e)
{
    AUTO_FREE char *key = xasprintf("aws.%s", aws_kind_table[kind].name);

    return *fact_of(r, kind) ? journal_set(r->journal, key, json_null(), e) : 0;
}

static bool is_seen(const struct aws *a, enum aws_kind_id kind, const char *id)
{
    size_t i;
    json_t *object;

    json_array_foreach (a->seen[kind], i, object)
        if (strcmp(jsonx_str(object, aws_kind_table[kind].id), id) == 0)
            return true;
    return false;
}

int aws_untagged(struct run *r, struct aws *a, enum aws_kind_id kind, enum err_code code, struct err *e)
{
    const struct aws_kind *k = &aws_kind_table[kind];
    AUTO_FREE char *id = xstrdup(fact_of(r, kind));
    AUTO_JSON json_t *object = NULL;

    if (!*id || is_seen(a, kind, id))
        return 0;
    if (aws_by_id(a, kind, id, &object, e) < 0)
        return -1;
    if (json_is_null(object) || is_gone(object) || !aws_is_usable(object))
        return 0;
    if (aws_is_ours(r, a, object)) {
        aws_forget(r, a);
        (void)err_set(e, ERR_REMOTE, "%s '%s' becomes visible only now", k->name, id);
        e->retryable = true;
        return -1;
    }
    (void)err_set(e, code, "%s '%s', which this deployment made, is there without the tags that say so", k->name, id);
    return err_hint(e, "give it back %s=%s and %s=%s, or remove it by hand", AWS_TAG_DEPLOYMENT, r->spec->name,
                    AWS_TAG_TOKEN, a->token);
}

bool aws_unsettled(const struct run *r, const struct aws *a)
{
    return (a->fresh || a->interrupted) && r->clock->mono_ms(r->clock) < settled_ms(a);
}
