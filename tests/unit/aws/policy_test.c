// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "aws/action.h"
#include "aws/aws.h"
#include "aws/policy.h"
#include "aws/policy_rows.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <ctype.h>
#include <string.h>

#define OWN   "{}"
#define GIVEN "{subnet: subnet-0123456789abcdef0}"
#define BOTH  "{subnet: subnet-0123456789abcdef0, security_group: sg-0123456789abcdef0}"

static struct spec *spec_with(const char *aws, const char *image)
{
    AUTO_FREE char *text =
        xasprintf("apiVersion: slipway/v1\nname: demo\nprovider: {aws: %s}\nmachine: {image: %s}\n", aws, image);
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (spec_parse("slipway.yaml", text, strlen(text), &s, &e) < 0)
        fail_msg("%s", e.msg);
    return s;
}

static json_t *policy_for(const char *aws, const char *image, const char *region)
{
    AUTO_SPEC struct spec *s = spec_with(aws, image);
    struct err e = ERR_INIT;
    json_t *policy = NULL;

    if (aws_policy(s, region, &policy, &e) < 0)
        fail_msg("%s", e.msg);
    return policy;
}

/* Is the text in the array, or is it the array? */
static bool holds(const json_t *list, const char *text)
{
    json_t *one;
    size_t i;

    if (json_is_string(list))
        return strcmp(json_string_value(list), text) == 0;
    json_array_foreach (list, i, one)
        if (strcmp(json_string_value(one), text) == 0)
            return true;
    return false;
}

static const json_t *statement(const json_t *policy, const char *sid)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(policy, "Statement"), i, one)
        if (strcmp(jsonx_str(one, "Sid"), sid) == 0)
            return one;
    return NULL;
}

static bool allows(const json_t *policy, const char *action)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(policy, "Statement"), i, one)
        if (holds(json_object_get(one, "Action"), action))
            return true;
    return false;
}

static const char *equals(const json_t *s, const char *key)
{
    const char *value =
        json_string_value(json_object_get(json_object_get(json_object_get(s, "Condition"), "StringEquals"), key));
    return value ? value : "";
}

/* Nothing that slipway calls is without a right, and no right is for what it does not call. */
static void rows_and_actions_match(void **state)
{
    (void)state;
    for (const struct aws_action *a = aws_action_table; a->name; a++) {
        int n = 0;
        for (const struct policy_row *row = policy_rows; row->action; row++)
            n += strcmp(row->action, a->name) == 0 && row->bind != POLICY_CLUSTER_OBJECT;
        bool cluster_only = strcmp(aws_action_wire(a), "DeleteLoadBalancer") == 0;
        if (n != !cluster_only)
            fail_msg("action '%s' has %d rows", a->name, n);
    }
    for (const struct policy_row *row = policy_rows; row->action; row++) {
        const struct aws_action *a = aws_action_find(row->action);
        if (!a)
            fail_msg("'%s' is no action", row->action);
        bool reads = row->bind == POLICY_FREE || row->bind == POLICY_LOOK || row->bind == POLICY_PARAMETER;
        if ((a->repeat == AWS_READ) != reads && strcmp(a->name, "GetConsoleOutput") != 0)
            fail_msg("'%s' is bound as what it is not", row->action);
    }
}

/* What holds for every statement of every policy. */
static void check_statement(const json_t *s, const char *region)
{
    const json_t *actions = json_object_get(s, "Action"), *resources = json_object_get(s, "Resource");
    const char *sid = jsonx_str(s, "Sid");
    const json_t *one;
    size_t i;

    assert_string_equal(jsonx_str(s, "Effect"), "Allow");
    bool everywhere = json_is_string(resources) && strcmp(json_string_value(resources), "*") == 0;
    assert_string_equal(equals(s, "aws:RequestedRegion"), everywhere ? region : "");
    const json_t *list = json_is_array(resources) ? resources : NULL;
    for (size_t j = 0; !everywhere && j < (list ? json_array_size(list) : 1); j++) {
        const char *arn = json_string_value(list ? json_array_get(list, j) : resources);
        AUTO_FREE char *mark = xasprintf(":%s:", region);
        if (!strstr(arn, mark))
            fail_msg("%s: '%s' is in every region", sid, arn);
    }
    for (const char *c = sid; *c; c++)
        assert_true(isalnum((unsigned char)*c));
    json_array_foreach (actions, i, one) {
        const char *name = json_string_value(one), *colon = strchr(name, ':');
        bool reads = strncmp(colon, ":Describe", 9) == 0 || strncmp(colon, ":Get", 4) == 0;
        if (strpbrk(name, "*?"))
            fail_msg("%s: '%s' is a wildcard", sid, name);
        if (everywhere && !reads)
            fail_msg("%s: '%s' on everything", sid, name);
    }
}

static void check_whole(const json_t *policy, const char *region)
{
    AUTO_FREE char *text = jsonx_text(policy, 0);
    json_t *one;
    size_t i, n = 0;

    json_array_foreach (json_object_get(policy, "Statement"), i, one)
        check_statement(one, region);
    for (const char *c = text; *c; c++)
        n += !isspace((unsigned char)*c);
    if (n > 6144)
        fail_msg("the policy has %zu characters", n);
}

static void for_every_shape_of_spec(void **state)
{
    static const struct {
        const char *aws, *image;
        const char *without[4]; /* actions */
    } cases[] = {
        { OWN, "debian-12", { NULL } },
        { GIVEN, "ubuntu-24.04", { "ec2:CreateVpc", "ec2:DeleteSubnet", "ec2:CreateRoute" } },
        { BOTH, "ami-0123456789abcdef0", { "ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup", "ssm:GetParameter" } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *policy = policy_for(cases[i].aws, cases[i].image, "eu-central-1");
        check_whole(policy, "eu-central-1");
        for (size_t j = 0; j < ARRAY_LEN(cases[i].without) && cases[i].without[j]; j++)
            if (allows(policy, cases[i].without[j]))
                fail_msg("%s: allows %s", cases[i].aws, cases[i].without[j]);
        assert_true(allows(policy, "ec2:RunInstances") && allows(policy, "ec2:AllocateAddress") &&
                    allows(policy, "ec2:TerminateInstances") && allows(policy, "ec2:ReleaseAddress"));
    }
}

/* IAM refuses a managed policy that is longer: the longest name, region and partition. */
static void short_enough(void **state)
{
    static const char *const regions[] = { "eu-central-1", "ap-southeast-1", "us-gov-west-1", "cn-northwest-1" };
    AUTO_SPEC struct spec *s = spec_with(OWN, "ubuntu-24.04");

    (void)state;
    free(s->name);
    s->name = xstrdup("abcdefghijklmnopqrst");
    assert_int_equal(setenv("AWS_ACCOUNT_ID", "123456789012", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *policy = NULL;
        assert_int_equal(aws_policy(s, regions[i], &policy, &e), 0);
        check_whole(policy, regions[i]);
    }
    assert_int_equal(unsetenv("AWS_ACCOUNT_ID"), 0);
}

static void bound_to_the_tags(void **state)
{
    AUTO_JSON json_t *policy = policy_for(OWN, "debian-12", "eu-central-1");
    static const char *const in_request[] = { "Make", "MakeInside", "Rules", "Run", "TagWhatIsMade" };
    static const char *const on_object[] = { "Inside", "RunInside", "Change", "TagEntered" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(in_request); i++)
        if (strcmp(equals(statement(policy, in_request[i]), "aws:RequestTag/slipway:deployment"), "demo") != 0)
            fail_msg("statement '%s' is not bound", in_request[i]);
    for (size_t i = 0; i < ARRAY_LEN(on_object); i++)
        if (strcmp(equals(statement(policy, on_object[i]), "aws:ResourceTag/slipway:deployment"), "demo") != 0)
            fail_msg("statement '%s' is not bound", on_object[i]);
    assert_true(holds(json_object_get(statement(policy, "Run"), "Resource"), "arn:aws:ec2:eu-central-1:*:instance/*"));
    assert_true(holds(json_object_get(statement(policy, "RunImage"), "Resource"), "arn:aws:ec2:eu-central-1::image/*"));
    const json_t *owners = json_object_get(
        json_object_get(json_object_get(statement(policy, "RunImage"), "Condition"), "StringEquals"), "ec2:Owner");
    assert_string_equal(json_string_value(json_array_get(owners, 0)), "136693071363");
    assert_true(holds(json_object_get(statement(policy, "ImageId"), "Resource"),
                      "arn:aws:ssm:eu-central-1::parameter/aws/service/debian/release/12/latest/amd64"));
}

static void given_network(void **state)
{
    AUTO_JSON json_t *policy = policy_for(BOTH, "ami-0123456789abcdef0", "cn-north-1");
    const json_t *given = json_object_get(statement(policy, "RunInsideGiven"), "Resource");

    (void)state;
    assert_int_equal(json_array_size(given), 2);
    assert_true(holds(given, "arn:aws-cn:ec2:cn-north-1:*:subnet/subnet-0123456789abcdef0"));
    assert_true(holds(given, "arn:aws-cn:ec2:cn-north-1:*:security-group/sg-0123456789abcdef0"));
    assert_null(statement(policy, "RunInside"));
    assert_null(statement(policy, "MakeInside"));
    assert_true(holds(json_object_get(statement(policy, "RunImage"), "Resource"),
                      "arn:aws-cn:ec2:cn-north-1::image/ami-0123456789abcdef0"));
}

/* Only Kubernetes makes load balancers. */
static void balancers_with_k3s(void **state)
{
    AUTO_SPEC struct spec *s = spec_with(OWN, "debian-12");
    struct err e = ERR_INIT;
    AUTO_JSON json_t *with = NULL, *without = NULL;

    (void)state;
    assert_int_equal(setenv("AWS_ACCOUNT_ID", "123456789012", 1), 0);
    assert_int_equal(aws_policy(s, "eu-central-1", &with, &e), 0);
    free(s->runtime);
    s->runtime = xstrdup("systemd");
    assert_int_equal(aws_policy(s, "eu-central-1", &without, &e), 0);
    assert_int_equal(unsetenv("AWS_ACCOUNT_ID"), 0);
    assert_true(allows(with, "elasticloadbalancing:DeleteLoadBalancer") &&
                allows(with, "elasticloadbalancing:DescribeTags"));
    AUTO_FREE char *text = jsonx_text(without, 0);
    assert_null(strstr(text, "elasticloadbalancing"));
    assert_true(allows(without, "ec2:DeleteVolume"));
}

static void account_known(void **state)
{
    struct err e = ERR_INIT;
    AUTO_SPEC struct spec *s = spec_with(OWN, "debian-12");
    char token[17], key[96];
    json_t *refused = NULL;

    (void)state;
    AUTO_JSON json_t *without = policy_for(OWN, "debian-12", "eu-central-1");
    assert_null(statement(without, "ClusterObjects"));
    assert_false(allows(without, "elasticloadbalancing:DeleteLoadBalancer"));
    assert_int_equal(setenv("AWS_ACCOUNT_ID", "123456789012", 1), 0);
    AUTO_JSON json_t *with = policy_for(OWN, "debian-12", "eu-central-1");
    check_whole(with, "eu-central-1");
    aws_token("123456789012", "eu-central-1", "demo", token);
    (void)snprintf(key, sizeof(key), "aws:ResourceTag/kubernetes.io/cluster/demo-%s", token);
    const json_t *cluster = statement(with, "ClusterObjects");
    assert_string_equal(equals(cluster, key), "owned");
    assert_true(holds(json_object_get(cluster, "Resource"), "arn:aws:ec2:eu-central-1:123456789012:volume/*"));
    assert_int_equal(setenv("AWS_ACCOUNT_ID", "1234", 1), 0);
    assert_int_equal(aws_policy(s, "eu-central-1", &refused, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_int_equal(unsetenv("AWS_ACCOUNT_ID"), 0);
}

static void trust_subjects(void **state)
{
    static const struct {
        const char *repo, *how, *first, *second; /* how NULL: refused, `first` is what it says */
    } cases[] = {
        { "acme/etl", "StringLike", "repo:acme/etl:*", NULL },
        { "acme/etl:environment:prod", "StringEquals", "repo:acme/etl:environment:prod", NULL },
        { "acme/e.t_l-2:ref:refs/heads/main", "StringEquals", "repo:acme/e.t_l-2:ref:refs/heads/main", NULL },
        { "acme/etl:ref:refs/tags/v1", "StringEquals", "repo:acme/etl:ref:refs/tags/v1", NULL },
        { "acme@12/etl@345", "StringLike", "repo:acme/etl:*", "repo:acme@12/etl@345:*" },
        { "acme@12/etl@345:environment:a b", "StringEquals", "repo:acme/etl:environment:a b",
          "repo:acme@12/etl@345:environment:a b" },
        { "acme/*", NULL, "wildcard", NULL },
        { "*", NULL, "wildcard", NULL },
        { "acme/etl:*", NULL, "wildcard", NULL },
        { "acme/et?", NULL, "wildcard", NULL },
        { "acme/${x}", NULL, "wildcard", NULL },
        { "acme", NULL, "no repository", NULL },
        { "acme/", NULL, "no repository", NULL },
        { "/etl", NULL, "no repository", NULL },
        { "", NULL, "no repository", NULL },
        { "acme/etl/x", NULL, "no repository", NULL },
        { "https://github.com/acme/etl", NULL, "no repository", NULL },
        { "acme@12/etl", NULL, "one half", NULL },
        { "acme@/etl@3", NULL, "no repository", NULL },
        { "acme@x/etl@3", NULL, "no repository", NULL },
        { "acme/etl:", NULL, "neither", NULL },
        { "acme/etl:pull_request", NULL, "neither", NULL },
        { "acme/etl:environment:", NULL, "neither", NULL },
        { "acme/etl:environment:a:ref:refs/heads/main", NULL, "neither", NULL },
        { "acme/etl:environment:a\nb", NULL, "neither", NULL },
    };
    AUTO_SPEC struct spec *s = spec_with(OWN, "debian-12");

    (void)state;
    assert_int_equal(setenv("AWS_ACCOUNT_ID", "123456789012", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *trust = NULL;
        int rc = aws_policy_trust(s, "us-gov-west-1", cases[i].repo, &trust, &e);
        if (!cases[i].how) {
            if (rc == 0 || e.code != ERR_USAGE || !strstr(e.msg, cases[i].first) || !*e.hint)
                fail_msg("'%s': %d, %s", cases[i].repo, rc, e.msg);
            continue;
        }
        if (rc < 0)
            fail_msg("'%s': %s", cases[i].repo, e.msg);
        const json_t *one = json_array_get(json_object_get(trust, "Statement"), 0);
        const json_t *condition = json_object_get(one, "Condition");
        const json_t *sub =
            json_object_get(json_object_get(condition, cases[i].how), "token.actions.githubusercontent.com:sub");
        if (json_array_size(sub) != (cases[i].second ? 2U : 1U) || !holds(sub, cases[i].first) ||
            (cases[i].second && !holds(sub, cases[i].second)))
            fail_msg("'%s': not as it should be", cases[i].repo);
        assert_string_equal(equals(one, "token.actions.githubusercontent.com:aud"), "sts.amazonaws.com");
        assert_string_equal(jsonx_str(one, "Action"), "sts:AssumeRoleWithWebIdentity");
        assert_string_equal(jsonx_str(one, "Principal.Federated"),
                            "arn:aws-us-gov:iam::123456789012:oidc-provider/token.actions.githubusercontent.com");
    }
    assert_int_equal(unsetenv("AWS_ACCOUNT_ID"), 0);
}

static void trust_needs_the_account(void **state)
{
    AUTO_SPEC struct spec *s = spec_with(OWN, "debian-12");
    struct err e = ERR_INIT;
    json_t *trust = NULL;

    (void)state;
    assert_int_equal(aws_policy_trust(s, "eu-central-1", "acme/etl", &trust, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.hint, "AWS_ACCOUNT_ID="));
}

static int without_account(void **state)
{
    (void)state;
    return unsetenv("AWS_ACCOUNT_ID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_actions_match),
        cmocka_unit_test(for_every_shape_of_spec),
        cmocka_unit_test(short_enough),
        cmocka_unit_test(bound_to_the_tags),
        cmocka_unit_test(given_network),
        cmocka_unit_test(account_known),
        cmocka_unit_test(balancers_with_k3s),
        cmocka_unit_test(trust_subjects),
        cmocka_unit_test(trust_needs_the_account),
    };

    return cmocka_run_group_tests(tests, without_account, NULL);
}
