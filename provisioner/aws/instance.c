#include "aws/act.h"
#include "aws/facts.h"
#include "aws/instance_request.h"
#include "aws/instance_state.h"
#include "aws/kinds.h"
#include "aws/machine_type.h"
#include "aws/route_table.h"
#include "aws/subnet.h"
#include "aws/zone.h"
#include "cloud/contact.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "core/wait.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 1000 };

static int is_terminated(const json_t *instance, struct err *e)
{
    const char *state = jsonx_str(instance, "instanceState.name");

    (void)e;
    return !*state || strcmp(state, "terminated") == 0;
}

static int terminate(struct run *r, struct aws *a, const char *id, struct err *e)
{
    AUTO_FREE char *name = xasprintf("instance '%s' terminated", id);
    const struct wait w = { name, phases_deadline_ms(r->phases, PHASE_TEARDOWN, r->spec->timeouts), POLL_MS };

    if (aws_delete(r, a, AWS_INSTANCE, id, "TerminateInstances", "InstanceId.1", e) < 0)
        return -1;
    return aws_instance_await(r, a, id, &w, is_terminated, e);
}

/* Did this journal ask for it? Only then are its keys here. */
static bool is_known(const struct run *r, const json_t *instance)
{
    const char *asked = jsonx_str(journal_get(r->journal, AWS_FACT_RUN), "token");

    return strcmp(jsonx_str(instance, "instanceId"), journal_str(r->journal, AWS_FACT_INSTANCE)) == 0 ||
           (*asked && strcmp(jsonx_str(instance, "clientToken"), asked) == 0);
}

/* One without its keys that was never entered holds nothing and is replaced; one that was may hold everything. */
static int refuse_entered(const struct run *r, const json_t *instance, struct err *e)
{
    if (!*aws_tag(instance, AWS_TAG_ENTERED))
        return 0;
    (void)err_set(
        e, ERR_CONFLICT,
        "instance '%s' of deployment '%s', made by %s, is in use since %s, and the keys to it are not in '%s'",
        jsonx_str(instance, "instanceId"), r->spec->name, aws_tag(instance, AWS_TAG_CREATOR),
        aws_tag(instance, AWS_TAG_ENTERED), r->dir);
    return err_hint(e, "bring the state directory back; or `slipway teardown`, which needs only spec and credentials, "
                       "and bootstrap anew");
}

/* Another size would be another machine, and this one's database would be lost. */
static void say_drift(const struct run *r, const json_t *instance)
{
    const char *is = jsonx_str(instance, "instanceType"), *wanted = aws_machine_type(r);
    const char *tokens = jsonx_str(instance, "metadataOptions.httpTokens");
    int64_t disk = jsonx_int(journal_get(r->journal, AWS_FACT_RUN), "disk_gib", r->spec->machine.disk_gib);

    if (disk != r->spec->machine.disk_gib)
        ui_warn(r->ui,
                "the disk has %lld GiB, and the spec asks for %lld: slipway does not change the disk of a machine",
                (long long)disk, (long long)r->spec->machine.disk_gib);

    if (strcmp(is, wanted) != 0)
        ui_warn(r->ui, "the instance is a %s, and the spec asks for %s: slipway does not change the type of a machine",
                is, wanted);
    if (*tokens && strcmp(tokens, "required") != 0)
        ui_warn(r->ui,
                "somebody has changed the metadata options of instance '%s': any program on it can ask without a "
                "token",
                jsonx_str(instance, "instanceId"));
}

static int record(struct run *r, const json_t *instance, struct err *e)
{
    const char *launched = jsonx_str(instance, "launchTime");
    char at[21];

    clock_iso8601(r->clock->wall_ms(r->clock), at);
    if (journal_set(r->journal, AWS_FACT_INSTANCE, json_string(jsonx_str(instance, "instanceId")), e) < 0 ||
        journal_set(r->journal, AWS_FACT_TYPE, json_string(jsonx_str(instance, "instanceType")), e) < 0)
        return -1;
    return journal_set(r->journal, AWS_FACT_LAUNCHED, json_string(*launched ? launched : at), e);
}

static bool is_down(const json_t *instance)
{
    return strncmp(jsonx_str(instance, "instanceState.name"), "stop", 4) == 0;
}

int aws_instance_find(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    const json_t *first;
    size_t i, known = 0, others = 0;
    json_t *one;

    if (aws_find(r, a, AWS_INSTANCE, &first, e) < 0)
        return -1;
    json_array_foreach (a->seen[AWS_INSTANCE], i, one) {
        if (!aws_is_usable(one))
            continue;
        if (is_known(r, one))
            known++;
        else if (refuse_entered(r, one, e) < 0)
            return -1;
        else
            others++;
    }
    const json_t *is = aws_object(r, a, AWS_INSTANCE);
    if (known != 1 || others)
        return 0;
    say_drift(r, is);
    /* A run that was cut off behind the request may not have written down what it got. */
    if (strcmp(jsonx_str(is, "instanceId"), journal_str(r->journal, AWS_FACT_INSTANCE)) != 0 && record(r, is, e) < 0)
        return -1;
    return !is_down(is);
}

/* A machine that was recorded and is gone: its keys are worthless, and its token stays with it. */
static int start_over(struct run *r, struct err *e)
{
    static const char *const facts[] = { AWS_FACT_INSTANCE, AWS_FACT_RUN, AWS_FACT_LAUNCHED, AWS_FACT_TYPE };

    if (contact_forget(r, e) < 0 || user_data_wipe(r, e) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        if (journal_set(r->journal, facts[i], json_null(), e) < 0)
            return -1;
    return 0;
}

static int remember(struct run *r, struct aws *a, const json_t *instance, struct err *e)
{
    return aws_made(r, a, AWS_INSTANCE, instance, e) < 0 ? -1 : record(r, instance, e);
}

/* The old subnet's zone has nothing left: the next one, with a request of its own. */
static int next_zone(struct run *r, struct aws *a, const struct err *why, struct err *e)
{
    bool more;

    if (r->spec->aws.subnet || aws_zone_next(r, &more, e) < 0 || !more)
        return -1;
    ui_warn(r->ui, "%s; trying the next zone", why->msg);
    if (journal_set(r->journal, AWS_FACT_RUN, json_null(), e) < 0 || aws_subnet_move(r, a, e) < 0)
        return -1;
    return aws_route_table_associate(r, a, e);
}

static int launch(struct run *r, struct aws *a, struct err *e)
{
    for (;;) {
        AUTO_JSON json_t *instance = NULL;
        struct err lost = ERR_INIT;
        if (aws_instance_request(r, a, &instance, e) == 0) {
            const char *state = jsonx_str(instance, "instanceState.name");
            if (strcmp(state, "terminated") != 0 && aws_is_usable(instance))
                return remember(r, a, instance, e);
            /* The token's machine had its end: another token, another machine. */
            if (start_over(r, e) < 0)
                return -1;
            continue;
        }
        if (aws_client_failure(a->client)->class != AWS_CLASS_CAPACITY)
            return -1;
        if (next_zone(r, a, e, &lost) == 0) {
            err_clear(e);
            continue;
        }
        if (lost.code)
            *e = lost;
        return -1;
    }
}

static int has_stopped(const json_t *instance, struct err *e)
{
    (void)e;
    return strcmp(jsonx_str(instance, "instanceState.name"), "stopping") != 0;
}

static int has_begun(const json_t *instance, struct err *e)
{
    (void)e;
    return *jsonx_str(instance, "instanceState.name") && !is_down(instance);
}

/* One that somebody stopped keeps disk and address; while it is still stopping it cannot be started. */
static int start(struct run *r, struct aws *a, const json_t *instance, struct err *e)
{
    const char *id = jsonx_str(instance, "instanceId");
    AUTO_FREE char *name = xasprintf("instance '%s' stopped", id);
    int64_t deadline = phases_deadline_ms(r->phases, PHASE_MACHINE, r->spec->timeouts);
    const struct wait w = { name, deadline, POLL_MS }, again = { "the start of a stopped instance", deadline, POLL_MS };
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;

    if (!is_down(instance))
        return 0;
    if (aws_instance_await(r, a, id, &w, has_stopped, e) < 0)
        return -1;
    aws_query_add(&q, "InstanceId.1", id);
    if (aws_act(r, a, "StartInstances", &q, e) < 0)
        return -1;
    /* What Describe says may lag behind: "stopped" would be taken for the end of it. */
    return aws_instance_await(r, a, id, &again, has_begun, e);
}

int aws_instance_create(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);
    size_t i, known = 0;
    json_t *one;

    json_array_foreach (a->seen[AWS_INSTANCE], i, one) {
        const char *id = jsonx_str(one, "instanceId");
        if (!aws_is_usable(one))
            continue;
        if (is_known(r, one) && known++ == 0) {
            if (record(r, one, e) < 0 || start(r, a, one, e) < 0)
                return -1;
            continue;
        }
        ui_warn(r->ui, "instance '%s' of '%s' was never used and its keys are not here: it is replaced", id,
                r->spec->name);
        if (refuse_entered(r, one, e) < 0 || terminate(r, a, id, e) < 0)
            return -1;
    }
    if (known)
        return 0;
    /* A second machine beside it is what nobody wants. */
    if (aws_untagged(r, a, AWS_INSTANCE, ERR_CONFLICT, e) < 0)
        return -1;
    if (*journal_str(r->journal, AWS_FACT_INSTANCE) && start_over(r, e) < 0)
        return -1;
    return launch(r, a, e);
}

static int terminate_one(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return terminate(r, a, id, e);
}

int aws_instance_destroy(struct run *r, struct provider *p, struct err *e)
{
    struct aws *a = aws_of(p);

    if (aws_each(r, a, AWS_INSTANCE, terminate_one, e) == 0 && aws_untagged(r, a, AWS_INSTANCE, ERR_LEFTOVER, e) == 0)
        return start_over(r, e);
    a->kept = a->stays = !e->retryable; /* with the machine stays what it uses */
    return -1;
}
