/* What the doctor makes of answers: rights, quotas, networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/action.h"
#include "aws/doctor_rows.h"
#include "aws/policy_rows.h"
/* The service's steps are not the engine's. */
#define step service_answer_step
#include "client_fixture.h"
#undef step
#include "core/jsonx.h"
#include "spec/spec.h"

#define GIVEN "{subnet: subnet-0123456789abcdef0, security_group: sg-0123456789abcdef0}"
#define SUBNET                                                                                                      \
    "<R><subnetSet><item><subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-1</vpcId><cidrBlock>172.31.0.0/20" \
    "</cidrBlock></item></subnetSet></R>"

struct patient {
    struct run run;
    struct aws aws;
    struct spec *spec;
    json_t *rows;
};

static void patient_new(struct patient *p, struct fixture *f, const char *aws, const char *more)
{
    AUTO_FREE char *text = xasprintf("apiVersion: slipway/v1\nname: demo\nprovider: {aws: %s}\n%s", aws, more);
    struct err e = ERR_INIT;

    *p = (struct patient){ .rows = json_array() };
    if (spec_parse("slipway.yaml", text, strlen(text), &p->spec, &e) < 0)
        fail_msg("%s", e.msg);
    p->run = (struct run){ .spec = p->spec, .ui = f->ui, .clock = &f->clock.clock };
    p->aws = (struct aws){ .client = f->client, .token = "0123456789abcdef", .caller = "arn:aws:iam::1:user/u" };
}

static void patient_done(struct patient *p)
{
    for (size_t i = 0; i < AWS_KINDS; i++)
        json_decref(p->aws.seen[i]);
    json_decref(p->aws.given_subnet);
    json_decref(p->rows);
    spec_free(p->spec);
}

/* Row number `i` says so. */
static void row_is(const struct patient *p, size_t i, const char *check, const char *status, const char *detail)
{
    const json_t *row = json_array_get(p->rows, i);
    AUTO_FREE char *text = jsonx_text(row, 0);

    if (strcmp(jsonx_str(row, "check"), check) != 0 || strcmp(jsonx_str(row, "status"), status) != 0 ||
        !strstr(jsonx_str(row, "detail"), detail))
        fail_msg("row %zu is %s, not %s, %s, '%s'", i, text, check, status, detail);
    if ((strcmp(status, "fail") == 0) != (*jsonx_str(row, "remedy") != 0) && strcmp(status, "unknown") != 0)
        fail_msg("row %zu: a remedy goes with what is wrong: %s", i, text);
}

static void every_change_has_a_probe(void **state)
{
    (void)state;
    for (const struct aws_action *a = aws_action_table; a->name; a++) {
        int n = 0;
        for (const struct doctor_probe *p = doctor_probe_table; p->action; p++)
            n += strcmp(p->action, a->name) == 0;
        if (n != (a->repeat != AWS_READ && a->dry_run))
            fail_msg("'%s' has %d probes", a->name, n);
    }
    for (const struct doctor_probe *p = doctor_probe_table; p->action; p++)
        if (!aws_action_find(p->action))
            fail_msg("'%s' is no action", p->action);
}

#define YES    "DryRunOperation"
#define NO     "UnauthorizedOperation"
#define ABSENT "InvalidInstanceID.NotFound"

static bool listed(const char *list, const char *word)
{
    const char *at = list;
    size_t n = strlen(word);

    while ((at = strstr(at, word)) && (at[n] != ' ' && at[n] != '\0'))
        at += n;
    return at != NULL;
}

/* What AWS says to each dry run that this spec asks for, in the order of the table; returns how many there are. */
static size_t answer_rights(struct fixture *f, const struct patient *p, const char *denied, const char *absent)
{
    size_t n = 0;

    (void)fixture_says(f, 200, SUBNET);
    for (const struct doctor_probe *probe = doctor_probe_table; probe->action; probe++)
        for (const struct policy_row *row = policy_rows; row->action; row++) {
            if (strcmp(row->action, probe->action) != 0)
                continue;
            if (!policy_needed(p->spec, row->need))
                break;
            const char *code = listed(denied, row->action) ? NO : listed(absent, row->action) ? ABSENT : YES;
            (void)fixture_error(f, strcmp(code, YES) == 0 ? 412 : 403, code, "message");
            n++;
            break;
        }
    return n;
}

#define ON_OBJECTS                                                                                    \
    "AssociateAddress CreateTags TerminateInstances DisassociateAddress ReleaseAddress DeleteVolume " \
    "DeleteNetworkInterface"

static void rights(void **state)
{
    static const struct {
        const char *denied, *absent, *status, *detail;
    } cases[] = {
        { "", "", "ok", "allowed" },
        { "", ON_OBJECTS, "ok", "none denied; the others can be told only of objects that exist" },
        { ON_OBJECTS, "", "unknown", "7 refused for objects that do not exist" },
        { "AllocateAddress", "", "fail", "denied: ec2:AllocateAddress" },
        { "AllocateAddress RunInstances " ON_OBJECTS, "", "fail", "denied: ec2:AllocateAddress, ec2:RunInstances" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct patient p;
        struct err e = ERR_INIT;
        fixture_again(f);
        patient_new(&p, f, GIVEN, "");
        size_t n = answer_rights(f, &p, cases[i].denied, cases[i].absent);
        assert_int_equal(doctor_rights(&p.run, &p.aws, "ami-1", p.rows, &e), 0);
        assert_int_equal(json_array_size(p.rows), 1);
        row_is(&p, 0, "rights", cases[i].status, cases[i].detail);
        assert_int_equal(f->service->requests, n + 1);
        for (size_t j = 1; j <= n; j++)
            assert_non_null(strstr(f->service->seen[j], "DryRun=true"));
        patient_done(&p);
    }
}

static void rights_of_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct patient p;
    struct err e = ERR_INIT;

    fixture_again(f);
    patient_new(&p, f, GIVEN, "");
    p.aws.seen[AWS_INSTANCE] = json_pack("[{s:s}]", "instanceId", "i-1");
    (void)answer_rights(f, &p, "AssociateAddress TerminateInstances", "");
    assert_int_equal(doctor_rights(&p.run, &p.aws, "ami-1", p.rows, &e), 0);
    /* The address is not there, so that of the two refusals one is certain. */
    row_is(&p, 0, "rights", "fail", "denied: ec2:TerminateInstances");
    assert_null(strstr(jsonx_str(p.rows, "0.detail"), "AssociateAddress"));
    patient_done(&p);
}

#define QUOTA(value) "{\"Quota\": {\"Value\": " value "}}"
#define RUNNING                                                                                                  \
    "<R><reservationSet><item><instancesSet><item><instanceType>m5.large</instanceType><cpuOptions><coreCount>1" \
    "</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions></item><item><instanceType>p3.2xlarge"           \
    "</instanceType><cpuOptions><coreCount>4</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions></item>"  \
    "<item><instanceType>t3.large</instanceType><instanceLifecycle>spot</instanceLifecycle><cpuOptions>"         \
    "<coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions></item></instancesSet></item>"       \
    "</reservationSet></R>"

static void quotas(void **state)
{
    static const struct {
        const char *vcpus, *addresses;
        const char *status, *detail; /* of vCPUs; m5 counts, p3 and spot do not */
        const char *address_status;
    } cases[] = {
        { QUOTA("5.0"), QUOTA("2.0"), "ok", "2 needed, 3 left of 5", "ok" },
        { QUOTA("3.0"), QUOTA("1.0"), "fail", "2 needed, 1 left of 3", "fail" },
        { QUOTA("0"), QUOTA("5"), "fail", "2 needed, -2 left of 0", "ok" },
        { "{}", QUOTA("5"), "unknown", "names no value", "ok" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct patient p;
        struct err e = ERR_INIT;
        fixture_again(f);
        patient_new(&p, f, "{}", "");
        (void)fixture_says(f, 200, cases[i].vcpus);
        if (strcmp(cases[i].status, "unknown") != 0)
            (void)fixture_says(f, 200, RUNNING);
        (void)fixture_says(f, 200, cases[i].addresses);
        (void)fixture_says(f, 200, "<R><addressesSet><item><publicIp>192.0.2.1</publicIp></item></addressesSet></R>");
        (void)fixture_says(f, 400, "{\"__type\": \"AccessDeniedException\", \"message\": \"no\"}");
        assert_int_equal(doctor_quotas(&p.run, &p.aws, "t3.large", 2, p.rows, &e), 0);
        assert_int_equal(json_array_size(p.rows), 3);
        row_is(&p, 0, "vCPUs", cases[i].status, cases[i].detail);
        row_is(&p, 1, "addresses", cases[i].address_status, "1 needed");
        row_is(&p, 2, "networks", "unknown", "quota L-F678F1CE is not told");
        patient_done(&p);
    }
}

static void quota_of_a_type(void **state)
{
    static const struct {
        const char *type, *code;
    } cases[] = {
        { "t3.large", "L-1216C47A" },
        { "m7i-flex.large", "L-1216C47A" },
        { "im4gn.large", "L-1216C47A" },
        { "g5.xlarge", "L-DB2E81BA" },
        { "inf2.xlarge", "L-1945791B" },
        { "p5.48xlarge", "L-417A185B" },
        { "x2gd.medium", "L-7295265B" },
        { "u-6tb1.metal", "L-43DA4232" },
        { "trn1.2xlarge", "L-2C3B7624" },
        { "mac2.metal", NULL },
        { "", NULL },
        { "7x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *code = doctor_vcpu_quota(cases[i].type);
        if (code != cases[i].code && (!code || !cases[i].code || strcmp(code, cases[i].code) != 0))
            fail_msg("'%s': %s", cases[i].type, code ? code : "none");
    }
}

static void overlaps(void **state)
{
    static const struct {
        const char *a, *b;
        bool want;
    } cases[] = {
        { "10.77.0.0/16", "10.77.3.0/24", true },  { "10.77.3.0/24", "10.77.0.0/16", true },
        { "10.77.0.0/16", "10.76.0.0/16", false }, { "10.0.0.0/8", "10.42.0.0/16", true },
        { "10.77.0.0/16", "0.0.0.0/0", true },     { "10.77.0.0/16", "nonsense", false },
        { "10.77.0.0/16", "fd00::/8", false },     { "192.168.0.0/24", "192.168.0.255/32", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (doctor_overlap(cases[i].a, cases[i].b) != cases[i].want)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
}

static void routes(void **state)
{
    static const char text[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                               "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                               "vpn0\t00034D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                               "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
                               "wg1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0";
    AUTO_SBUF struct sbuf found = SBUF_INIT(256), none = SBUF_INIT(256);

    (void)state;
    doctor_routes_inside("10.77.0.0/16", text, &found);
    assert_string_equal(found.data, "10.77.3.0/24 (vpn0), 10.0.0.0/8 (wg1)");
    doctor_routes_inside("172.16.0.0/16", text, &none);
    assert_string_equal(none.data, "");
}

static void network_inside_the_machine(void **state)
{
    static const struct {
        const char *aws, *more, *status, *detail;
    } cases[] = {
        { GIVEN, "runtime: k3s\n", "ok", "172.31.0.0/20" },
        { GIVEN, "runtime: k3s\nk3s: {config: {cluster-cidr: 172.16.0.0/12}}\n", "fail", "overlaps cluster-cidr" },
        { GIVEN, "runtime: systemd\n", "ok", "172.31.0.0/20" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct patient p;
        struct err e = ERR_INIT;
        fixture_again(f);
        patient_new(&p, f, cases[i].aws, cases[i].more);
        (void)fixture_says(f, 200, SUBNET);
        assert_int_equal(doctor_network(&p.run, &p.aws, p.rows, &e), 0);
        row_is(&p, 0, "network", cases[i].status, cases[i].detail);
        patient_done(&p);
    }
}

/* What could not be looked at is not wrong, and an interruption is no row. */
static void errors_as_rows(void **state)
{
    static const struct {
        enum err_code code;
        const char *status; /* NULL: passed on */
    } cases[] = {
        { ERR_AUTH, "unknown" }, { ERR_NET, "unknown" }, { ERR_TIMEOUT, "unknown" },
        { ERR_SPEC, "fail" },    { ERR_REMOTE, "fail" }, { ERR_CANCELED, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *rows = json_array();
        struct err e = ERR_INIT;
        (void)err_set(&e, cases[i].code, "why");
        (void)err_hint(&e, "what to do");
        assert_int_equal(doctor_row_error(rows, "image", &e), cases[i].status ? 0 : -1);
        assert_string_equal(jsonx_str(rows, "0.status"), cases[i].status ? cases[i].status : "");
        assert_string_equal(jsonx_str(rows, "0.remedy"), cases[i].status ? "what to do" : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_has_a_probe),
        cmocka_unit_test(rights),
        cmocka_unit_test(rights_of_what_is_there),
        cmocka_unit_test(quotas),
        cmocka_unit_test(quota_of_a_type),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(routes),
        cmocka_unit_test(network_inside_the_machine),
        cmocka_unit_test(errors_as_rows),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
