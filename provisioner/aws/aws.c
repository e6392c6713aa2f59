#include "aws/aws.h"
#include "aws/cluster_objects.h"
#include "aws/console.h"
#include "aws/cost.h"
#include "aws/doctor.h"
#include "aws/facts.h"
#include "aws/instance_state.h"
#include "aws/inventory.h"
#include "aws/kinds.h"
#include "aws/policy.h"
#include "core/hash.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_EVERY_MS = 5000 };

/* Reverse of this is the order of teardown. */
static const struct resource_kind kinds[] = {
    { "launch-template", aws_launch_template_find, aws_launch_template_create, aws_launch_template_destroy },
    { "vpc", aws_vpc_find, aws_vpc_create, aws_vpc_destroy },
    { "internet-gateway", aws_internet_gateway_find, aws_internet_gateway_create, aws_internet_gateway_destroy },
    { "subnet", aws_subnet_find, aws_subnet_create, aws_subnet_destroy },
    { "route-table", aws_route_table_find, aws_route_table_create, aws_route_table_destroy },
    { "security-group", aws_security_group_find, aws_security_group_create, aws_security_group_destroy },
    { "network-interface", aws_leftover_find, NULL, aws_network_interface_destroy },
    { "volume", aws_leftover_find, NULL, aws_volume_destroy },
    { "address", aws_address_find, aws_address_create, aws_address_destroy },
    { "cluster-objects", aws_leftover_find, NULL, aws_cluster_objects_destroy },
    { "instance", aws_instance_find, aws_instance_create, aws_instance_destroy },
    { "association", aws_association_find, aws_association_create, NULL },
};

static void aws_close(struct provider *p)
{
    struct aws *a = aws_of(p);

    aws_client_free(a->client);
    for (size_t i = 0; i < AWS_KINDS; i++)
        json_decref(a->seen[i]);
    json_decref(a->given_subnet);
    free(a);
}

/* Did a run end between asking for something and knowing what came of it? */
static bool was_interrupted(const struct run *r)
{
    for (size_t i = 0; r->journal && i < ARRAY_LEN(kinds); i++) {
        AUTO_FREE char *step = xasprintf("provider/%s", kinds[i].kind);
        if (journal_mark(r->journal, step) == JOURNAL_INTENT)
            return true;
    }
    return false;
}

/* In the journal as well: a teardown that is cut off must not make the next one forget. */
static int note_interrupted(struct run *r, struct err *e)
{
    return journal_set(r->journal, AWS_FACT_ASKED, json_integer(r->clock->wall_ms(r->clock)), e);
}

void aws_interrupted(struct run *r, struct aws *a)
{
    struct err lost = ERR_INIT;

    a->interrupted = true;
    a->asked_ms = r->clock->mono_ms(r->clock);
    if (note_interrupted(r, &lost) < 0)
        ui_warn(r->ui, "%s", lost.msg);
}

static bool asked_lately(const struct run *r)
{
    int64_t asked = r->journal ? json_integer_value(journal_get(r->journal, AWS_FACT_ASKED)) : 0;

    return r->clock->wall_ms(r->clock) - asked < aws_settle_ms();
}

static int same_region(const struct run *r, const struct aws *a, struct err *e)
{
    const char *made_in = r->journal ? journal_str(r->journal, AWS_FACT_REGION) : "";
    const char *now = aws_client_region(a->client);

    if (!*made_in || strcmp(made_in, now) == 0)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "deployment '%s' was made in region '%s', and the region is now '%s'", r->spec->name,
                  made_in, now);
    return err_hint(e, "write provider.aws.region: %s", made_in);
}

/* Where neither spec nor environment names a region, what there is already does. */
static int open_client(struct run *r, struct aws *a, struct err *e)
{
    const char *made_in = r->journal ? journal_str(r->journal, AWS_FACT_REGION) : "";

    if (aws_client_new(&a->client, r->spec->aws.region, r->clock, r->ui, e) == 0)
        return 0;
    if (e->code != ERR_SPEC || !*made_in || r->spec->aws.region)
        return -1;
    err_clear(e);
    return aws_client_new(&a->client, made_in, r->clock, r->ui, e);
}

static int aws_open(struct provider **ret, struct run *r, struct err *e)
{
    struct aws *a = xcalloc(1, sizeof(*a));

    a->base.ops = &aws_ops;
    a->asked_ms = r->clock->mono_ms(r->clock);
    a->fresh = !r->journal || !*journal_str(r->journal, AWS_FACT_ACCOUNT);
    a->doubt = asked_lately(r);
    a->interrupted = a->doubt || was_interrupted(r);
    if (open_client(r, a, e) < 0 || same_region(r, a, e) < 0) {
        aws_close(&a->base);
        return -1;
    }
    *ret = &a->base;
    return 0;
}

static int same_account(const struct run *r, const struct aws *a, struct err *e)
{
    const char *made_in = r->journal ? journal_str(r->journal, AWS_FACT_ACCOUNT) : "";

    if (!*made_in || strcmp(made_in, a->account) == 0)
        return 0;
    (void)err_set(e, ERR_CONFLICT, "deployment '%s' is in account %s, and the credentials (%s) are of account %s",
                  r->spec->name, made_in, aws_client_source(a->client), a->account);
    return err_hint(e, "choose the other account's credentials, such as by AWS_PROFILE");
}

void aws_token(const char *account, const char *region, const char *name, char ret[static 17])
{
    AUTO_FREE char *whose = xasprintf("slipway/aws/%s/%s/%s", account, region, name);
    char hex[HASH_HEX];

    hash_sha256_hex(whose, strlen(whose), hex);
    (void)snprintf(ret, 17, "%.16s", hex);
}

int aws_identity(struct run *r, struct aws *a, struct err *e)
{
    AUTO_JSON json_t *reply = NULL;

    if (*a->account)
        return 0;
    if (aws_call(a->client, "GetCallerIdentity", NULL, 0, &reply, e) < 0)
        return err_wrap(e, "who the credentials are of");
    (void)snprintf(a->account, sizeof(a->account), "%s", jsonx_str(reply, "GetCallerIdentityResult.Account"));
    (void)snprintf(a->caller, sizeof(a->caller), "%s", jsonx_str(reply, "GetCallerIdentityResult.Arn"));
    if (!*a->account)
        return err_set(e, ERR_REMOTE, "the answer to GetCallerIdentity names no account");
    aws_token(a->account, aws_client_region(a->client), r->spec->name, a->token);
    (void)snprintf(a->cluster, sizeof(a->cluster), "%.40s-%s", r->spec->name, a->token);
    ui_debug(r->ui, "account %s, %s, credentials: %s", a->account, a->caller, aws_client_source(a->client));
    return same_account(r, a, e);
}

int aws_remember_account(struct run *r, const struct aws *a, struct err *e)
{
    if (journal_set(r->journal, AWS_FACT_ACCOUNT, json_string(a->account), e) < 0)
        return -1;
    return journal_set(r->journal, AWS_FACT_REGION, json_string(aws_client_region(a->client)), e);
}

static void aws_exposure(const struct run *r, struct sbuf *out)
{
    const struct svec *from = &r->spec->access.ssh_from;

    if (r->spec->aws.security_group) {
        sbuf_addf(out, "as security group '%s' says", r->spec->aws.security_group);
        return;
    }
    for (size_t i = 0; i < from->len; i++)
        sbuf_addf(out, "%s%s", i ? ", " : "",
                  strcmp(from->items[i], "auto") == 0 ? "this host's public address" : from->items[i]);
}

static const char *aws_arch(const struct run *r)
{
    const char *arch = r->journal ? jsonx_str(journal_get(r->journal, AWS_FACT_IMAGE), "arch") : "";

    return !*arch ? NULL : strcmp(arch, "arm64") == 0 ? "arm64" : "amd64";
}

static int aws_endpoint_of(struct run *r, struct provider *p, struct endpoint *ret, struct err *e)
{
    const char *ip = r->journal ? journal_str(r->journal, AWS_FACT_IP) : "";

    (void)p;
    if (!*ip)
        return err_set(e, ERR_USAGE, "deployment '%s' has no address yet", r->spec->name);
    *ret = (struct endpoint){ .port = 22 };
    (void)snprintf(ret->host, sizeof(ret->host), "%s", ip);
    (void)snprintf(ret->user, sizeof(ret->user), "slipway");
    return 0;
}

/* Asked several times a second while SSH is waited for; the account is asked less often. */
static int aws_running(struct run *r, struct provider *p, char why[static 256], struct err *e)
{
    struct aws *a = aws_of(p);
    AUTO_JSON json_t *instance = NULL;
    int64_t now = r->clock->mono_ms(r->clock);
    const char *id;

    why[0] = '\0';
    if (a->probed_ms && now - a->probed_ms < PROBE_EVERY_MS)
        return 1;
    if (aws_instance_known(r, &id, e) < 0 || aws_by_id(a, AWS_INSTANCE, id, &instance, e) < 0)
        return -1;
    aws_instance_say(instance, why);
    int state = aws_instance_runs(instance, e);
    a->probed_ms = state > 0 ? now : 0;
    return state;
}

/* Before anything is done on it: whoever finds the machine without its keys must know that it may not be replaced. */
static int aws_entered(struct run *r, struct provider *p, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    char now[21];
    const char *id;

    clock_iso8601(r->clock->wall_ms(r->clock), now);
    if (aws_instance_known(r, &id, e) < 0)
        return -1;
    aws_query_add(&q, "ResourceId.1", id);
    aws_query_add(&q, "Tag.1.Key", AWS_TAG_ENTERED);
    aws_query_add(&q, "Tag.1.Value", now);
    return aws_call(aws_of(p)->client, "CreateTags", &q, AWS_FRESH, NULL, e);
}

static int aws_sweep(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    struct aws *a = aws_of(p);
    size_t i;
    json_t *object;

    if (aws_identity(r, a, e) < 0 || (was_interrupted(r) && note_interrupted(r, e) < 0))
        return -1;
    for (int kind = 0; kind < AWS_KINDS; kind++) {
        if (aws_look(r, a, (enum aws_kind_id)kind, e) < 0)
            return -1;
        json_array_foreach (a->seen[kind], i, object)
            json_array_append_new(rows, json_pack("{s:s, s:s}", "kind", aws_kind_table[kind].name, "name",
                                                  jsonx_str(object, aws_kind_table[kind].id)));
    }
    if (aws_cluster_objects(r, a, rows, e) < 0)
        return -1;
    return aws_unsettled(r, a);
}

static int aws_policy_of(struct run *r, struct provider *p, const char *trust, json_t **ret, struct err *e)
{
    const char *region = aws_client_region(aws_of(p)->client);

    return trust ? aws_policy_trust(r->spec, region, trust, ret, e) : aws_policy(r->spec, region, ret, e);
}

const struct provider_ops aws_ops = {
    .name = "aws",
    .summary = "a virtual machine of Amazon EC2, with a network of its own",
    .trust = HOST_TRUST_INJECTED,
    .own_machine = true,
    .kinds = kinds,
    .n_kinds = ARRAY_LEN(kinds),
    .open = aws_open,
    .plan = aws_plan,
    .exposure = aws_exposure,
    .endpoint = aws_endpoint_of,
    .arch = aws_arch,
    .running = aws_running,
    .console = aws_console,
    .sweep = aws_sweep,
    .entered = aws_entered,
    .doctor = aws_doctor,
    .cost = aws_cost,
    .policy = aws_policy_of,
    .close = aws_close,
};
