#include "aws/policy.h"
#include "aws/action.h"
#include "aws/aws.h"
#include "aws/endpoint.h"
#include "aws/image.h"
#include "aws/policy_rows.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <string.h>

/* What every statement is made for. */
struct scope {
    const struct spec *spec;
    const char *region, *account; /* account: "*" when it is not known */
};

static bool needed(const struct scope *s, enum policy_need need)
{
    bool cluster = need == POLICY_CLUSTER || need == POLICY_CLUSTER_BALANCERS;

    return policy_needed(s->spec, need) && !(cluster && *s->account == '*');
}

static json_t *arn(const struct scope *s, const char *account, const char *service, const char *tail)
{
    return json_sprintf("arn:%s:%s:%s:%s:%s", aws_partition(s->region), service, s->region, account, tail);
}

static void add_type(const struct scope *s, json_t *resources, const char *type)
{
    AUTO_FREE char *tail = xasprintf("%s/*", type);

    json_array_append_new(resources, arn(s, s->account, "ec2", tail));
}

/* Two names of the action table may be one right. */
static void add_action(json_t *actions, const char *name)
{
    const struct aws_action *a = aws_action_find(name);
    AUTO_FREE char *text = xasprintf("%s:%s", a->service, aws_action_wire(a));
    json_t *seen;
    size_t i;

    json_array_foreach (actions, i, seen)
        if (strcmp(json_string_value(seen), text) == 0)
            return;
    json_array_append_new(actions, json_string(text));
}

static json_t *actions_bound(const struct scope *s, enum policy_bind bind)
{
    json_t *actions = json_array();

    for (const struct policy_row *row = policy_rows; row->action; row++)
        if (row->bind == bind && needed(s, row->need))
            add_action(actions, row->action);
    return actions;
}

/* The kinds of object that actions of this binding make. */
static json_t *types_made(const struct scope *s, enum policy_bind bind)
{
    json_t *types = json_array();

    for (const struct policy_row *row = policy_rows; row->action; row++)
        for (size_t i = 0; i < ARRAY_LEN(row->makes) && row->makes[i]; i++)
            if (row->bind == bind && needed(s, row->need))
                add_type(s, types, row->makes[i]);
    return types;
}

static json_t *equals(const char *key, const char *value)
{
    return json_pack("{s:{s:s}}", "StringEquals", key, value);
}

static json_t *ours(const struct scope *s)
{
    return equals("aws:ResourceTag/" AWS_TAG_DEPLOYMENT, s->spec->name);
}

/* Nobody may make something that carries a deployment's name and then tags that mean something to others. The cluster's
 * tag holds the account, which need not be known. */
static json_t *tagged_as_ours(const struct scope *s)
{
    json_t *condition = equals("aws:RequestTag/" AWS_TAG_DEPLOYMENT, s->spec->name);

    json_object_set_new(condition, "ForAllValues:StringLike",
                        json_pack("{s:[s,s,s,s,s,o]}", "aws:TagKeys", "Name", AWS_TAG_DEPLOYMENT, AWS_TAG_TOKEN,
                                  AWS_TAG_KIND, AWS_TAG_CREATOR,
                                  json_sprintf("kubernetes.io/cluster/%s-*", s->spec->name)));
    return condition;
}

/* Takes everything over; `condition` may be NULL. Nothing is added when there are no actions. */
static void add(json_t *statements, const char *sid, json_t *actions, json_t *resources, json_t *condition)
{
    json_t *statement =
        json_pack("{s:s, s:s, s:o, s:o}", "Sid", sid, "Effect", "Allow", "Action", actions, "Resource", resources);

    if (condition)
        json_object_set_new(statement, "Condition", condition);
    if (json_array_size(actions))
        json_array_append(statements, statement);
    json_decref(statement);
}

/* What has no ARN to hold the region. */
static void add_looking(const struct scope *s, json_t *statements)
{
    const struct aws_publisher *p = aws_publisher_of(s->spec->machine.image);

    add(statements, "Look", actions_bound(s, POLICY_LOOK), json_string("*"), equals("aws:RequestedRegion", s->region));
    if (!p)
        return;
    /* Both: the machine's type decides, and may change. */
    add(statements, "ImageId", actions_bound(s, POLICY_PARAMETER),
        json_pack("[o,o]", json_sprintf("arn:%s:ssm:%s::parameter%s", aws_partition(s->region), s->region, p->amd64),
                  json_sprintf("arn:%s:ssm:%s::parameter%s", aws_partition(s->region), s->region, p->arm64)),
        NULL);
}

static void add_making(const struct scope *s, json_t *statements)
{
    add(statements, "Make", actions_bound(s, POLICY_MAKE), types_made(s, POLICY_MAKE), tagged_as_ours(s));
    /* A statement of its own for what it is made in: the tags of the request must not stand in for those of a network
     * that exists. */
    add(statements, "MakeInside", actions_bound(s, POLICY_MAKE_INSIDE), types_made(s, POLICY_MAKE_INSIDE),
        tagged_as_ours(s));
    json_t *vpc = json_array();
    add_type(s, vpc, "vpc");
    add(statements, "Inside", actions_bound(s, POLICY_MAKE_INSIDE), vpc, s->spec->aws.subnet ? NULL : ours(s));
    add(statements, "Rules", actions_bound(s, POLICY_CHANGE_MAKING), types_made(s, POLICY_CHANGE_MAKING),
        tagged_as_ours(s));
}

static json_t *one_object(const struct scope *s, const char *type, const char *id)
{
    AUTO_FREE char *tail = xasprintf("%s/%s", type, id);

    return arn(s, s->account, "ec2", tail);
}

static void add_running(const struct scope *s, json_t *statements)
{
    const struct aws_publisher *p = aws_publisher_of(s->spec->machine.image);
    json_t *ours_of = json_array(), *given = json_array();
    AUTO_FREE char *image = xasprintf("image/%s", p ? "*" : s->spec->machine.image);

    add(statements, "Run", actions_bound(s, POLICY_RUN), types_made(s, POLICY_RUN), tagged_as_ours(s));
    if (s->spec->aws.subnet)
        json_array_append_new(given, one_object(s, "subnet", s->spec->aws.subnet));
    else
        add_type(s, ours_of, "subnet");
    if (s->spec->aws.security_group)
        json_array_append_new(given, one_object(s, "security-group", s->spec->aws.security_group));
    else
        add_type(s, ours_of, "security-group");
    if (json_array_size(ours_of))
        add(statements, "RunInside", actions_bound(s, POLICY_RUN), json_incref(ours_of), ours(s));
    if (json_array_size(given))
        add(statements, "RunInsideGiven", actions_bound(s, POLICY_RUN), json_incref(given), NULL);
    add(statements, "RunImage", actions_bound(s, POLICY_RUN), arn(s, "", "ec2", image),
        p ? json_pack("{s:{s:[s, s]}}", "StringEquals", "ec2:Owner", p->owner, "amazon") : NULL);
    json_decref(ours_of);
    json_decref(given);
}

/* Tags only together with what is made: whoever may tag what exists could make anything his own. */
static void add_tagging(const struct scope *s, json_t *statements)
{
    json_t *creating = json_array(), *made = tagged_as_ours(s), *entered = ours(s), *instance = json_array();

    for (const struct policy_row *row = policy_rows; row->action; row++)
        if (row->makes[0] && needed(s, row->need))
            json_array_append_new(creating, json_string(row->action));
    json_object_set_new(json_object_get(made, "StringEquals"), "ec2:CreateAction", creating);
    add(statements, "TagWhatIsMade", actions_bound(s, POLICY_TAG), arn(s, s->account, "ec2", "*"), made);
    json_object_set_new(entered, "ForAllValues:StringEquals", json_pack("{s:s}", "aws:TagKeys", AWS_TAG_ENTERED));
    add_type(s, instance, "instance");
    add(statements, "TagEntered", actions_bound(s, POLICY_TAG), instance, entered);
}

static void add_changing(const struct scope *s, json_t *statements)
{
    json_t *actions = actions_bound(s, POLICY_CHANGE), *making = actions_bound(s, POLICY_CHANGE_MAKING);

    json_array_extend(actions, making);
    json_decref(making);
    add(statements, "Change", actions, arn(s, s->account, "ec2", "*"), ours(s));
}

/* What --include-volumes removes. The tag's name holds the account, so there is none while that is not known. */
static void add_cluster(const struct scope *s, json_t *statements)
{
    json_t *resources = json_array();
    char token[17];

    aws_token(s->account, s->region, s->spec->name, token);
    AUTO_FREE char *key = xasprintf("aws:ResourceTag/kubernetes.io/cluster/%s-%s", s->spec->name, token);
    add_type(s, resources, "volume");
    add_type(s, resources, "security-group");
    if (needed(s, POLICY_CLUSTER_BALANCERS))
        json_array_append_new(resources, arn(s, s->account, "elasticloadbalancing", "loadbalancer/*"));
    add(statements, "ClusterObjects", actions_bound(s, POLICY_CLUSTER_OBJECT), resources, equals(key, "owned"));
}

int aws_policy(const struct spec *s, const char *region, json_t **ret, struct err *e)
{
    struct scope scope = { s, region, "*" };
    char account[AWS_ACCOUNT_LEN + 1];
    json_t *statements;

    if (aws_policy_account(account, e) < 0)
        return -1;
    if (*account)
        scope.account = account;
    statements = json_array();
    add_looking(&scope, statements);
    add_making(&scope, statements);
    add_running(&scope, statements);
    add_tagging(&scope, statements);
    add_changing(&scope, statements);
    if (*account)
        add_cluster(&scope, statements);
    *ret = json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", statements);
    return 0;
}
