/* Error answers against tests/data/aws_errors.tsv: class, exit status, message and remedy of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/action.h"
#include "client_fixture.h"

static const char *const class_names[] = {
    [AWS_CLASS_SPEC] = "spec",         [AWS_CLASS_RIGHTS] = "rights",       [AWS_CLASS_QUOTA] = "quota",
    [AWS_CLASS_CAPACITY] = "capacity", [AWS_CLASS_THROTTLED] = "throttled", [AWS_CLASS_TRANSIENT] = "transient",
    [AWS_CLASS_DEPENDENCY] = "in use", [AWS_CLASS_ABSENT] = "absent",       [AWS_CLASS_EXISTS] = "exists",
    [AWS_CLASS_CONFLICT] = "conflict", [AWS_CLASS_DRY_RUN] = "dry run",     [AWS_CLASS_OTHER] = "other",
};

enum { ACTION, STATUS, SHAPE, CODE, MESSAGE, CLASS, EXIT, E2E, SAYS, REMEDY, COLUMNS };

static void answer(struct fixture *f, char *const *row)
{
    AUTO_SBUF struct sbuf body = SBUF_INIT(8192);
    const char *shape = row[SHAPE];

    if (strcmp(shape, "EC2") == 0)
        sbuf_addf(&body,
                  "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
                  "<RequestID>req-1</RequestID></Response>",
                  row[CODE], row[MESSAGE]);
    else if (strcmp(shape, "MOTO") == 0)
        sbuf_addf(&body,
                  "<ErrorResponse><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
                  "<RequestID>req-1</RequestID></ErrorResponse>",
                  row[CODE], row[MESSAGE]);
    else if (strcmp(shape, "STS") == 0)
        sbuf_addf(&body,
                  "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                  "<Code>%s</Code><Message>%s</Message></Error><RequestId>req-1</RequestId></ErrorResponse>",
                  row[CODE], row[MESSAGE]);
    else if (strcmp(shape, "JSON") == 0)
        sbuf_addf(&body, "{\"__type\":\"com.amazonaws#%s\",\"message\":\"%s\"}", row[CODE], row[MESSAGE]);
    else if (strcmp(shape, "HTML") == 0)
        sbuf_addstr(&body, row[MESSAGE]);
    else
        fail_msg("shape '%s' of %s", shape, row[CODE]);
    struct step *step = fixture_says(f, (int)strtol(row[STATUS], NULL, 10), body.data);
    if (strcmp(shape, "JSON") == 0 || strcmp(shape, "HTML") == 0)
        service_header(step, "x-amzn-RequestId", "req-1");
}

/* What differs from call to call has no place in the table. */
static void without(char *text, const char *part)
{
    char *at = strstr(text, part);

    if (!at)
        fail_msg("no \"%s\" in \"%s\"", part, text);
    memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

static void check(struct fixture *f, char *const *row)
{
    const struct aws_action *action = aws_action_find(row[ACTION]);
    struct err e = ERR_INIT;
    char status[16];

    if (!action)
        fail_msg("no action '%s'", row[ACTION]);
    fixture_again(f);
    answer(f, row);
    int rc = action->protocol == AWS_JSON ? aws_call_json(f->client, row[ACTION], NULL, NULL, &e)
                                          : aws_call(f->client, row[ACTION], NULL, 0, NULL, &e);
    assert_int_equal(rc, -1);
    const struct aws_failure *failure = aws_client_failure(f->client);
    assert_string_equal(failure->code, row[CODE]);
    assert_string_equal(failure->request_id, "req-1");
    assert_int_equal(failure->status, (int)strtol(row[STATUS], NULL, 10));
    AUTO_FREE char *begin = xasprintf("%s in 'eu-central-1': ", row[ACTION]);
    assert_int_equal(strncmp(e.msg, begin, strlen(begin)), 0);
    without(e.msg, begin);
    without(e.msg, " (request req-1)");
    (void)snprintf(status, sizeof(status), "%d", err_exit_status(e.code));
    if (strcmp(class_names[failure->class], row[CLASS]) != 0 || strcmp(status, row[EXIT]) != 0 ||
        strcmp(e.msg, row[SAYS]) != 0 || strcmp(e.hint, row[REMEDY]) != 0)
        fail_msg("%s\t%s:\n%s\t%s\t%s\t%s", row[ACTION], row[CODE], class_names[failure->class], status, e.msg, e.hint);
}

static void table(void **state)
{
    char *text = scratch_read("tests/data/aws_errors.tsv", NULL), *rest = text, *line, *row[COLUMNS];
    int n = 0;

    while ((line = strsep(&rest, "\n"))) {
        if (!*line || *line == '#')
            continue;
        for (int i = 0; i < COLUMNS; i++)
            if (!(row[i] = strsep(&line, "\t")))
                fail_msg("row %d has %d columns", n, i);
        assert_null(line);
        check(*state, row);
        n++;
    }
    free(text);
    assert_true(n >= 45);
}

/* Each row decides about what it names: no earlier one catches it. */
static void every_row_is_reached(void **state)
{
    (void)state;
    for (const struct aws_code *row = aws_code_table; row->code; row++) {
        const char *star = strchr(row->code, '*');
        AUTO_FREE char *code = !star               ? xstrdup(row->code)
                               : star == row->code ? xasprintf("InvalidThing.%s", row->code + (row->code[1] == '.') + 1)
                                                   : xasprintf("%.*sThing", (int)(star - row->code), row->code);
        const struct aws_code *found = aws_code_find(code);
        if (found != row)
            fail_msg("%s: '%s' is caught by %s", row->code, code, found ? found->code : "nothing");
        assert_true(!row->says || *row->says);
    }
}

static void spellings(void **state)
{
    static const struct {
        const char *code;
        enum aws_class class;
    } cases[] = {
        { "InvalidSubnetID.NotFound", AWS_CLASS_ABSENT },
        { "InvalidSubnetId.notfound", AWS_CLASS_ABSENT },
        { "LoadBalancerNotFound", AWS_CLASS_ABSENT },
        { "InvalidAMIID.NotFound", AWS_CLASS_SPEC },
        { "Client.InvalidKMSKey.InvalidState", AWS_CLASS_RIGHTS },
        { "Server.InsufficientInstanceCapacity", AWS_CLASS_CAPACITY },
        { "Server.InternalError", AWS_CLASS_TRANSIENT },
        { "Client.InternalError", AWS_CLASS_RIGHTS },
        { "Client.VolumeLimitExceeded", AWS_CLASS_QUOTA },
        { "Client.InvalidSnapshot.NotFound", AWS_CLASS_ABSENT },
        { "requestlimitexceeded", AWS_CLASS_THROTTLED },
        { "NetworkAclLimitExceeded", AWS_CLASS_QUOTA },
        { "InvalidIPAddress.InUse", AWS_CLASS_DEPENDENCY },
        { "InvalidNetworkInterface.InUse", AWS_CLASS_DEPENDENCY },
        { "InvalidKeyPair.Duplicate", AWS_CLASS_EXISTS },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct aws_code *row = aws_code_find(cases[i].code);
        if (!row || row->class != cases[i].class)
            fail_msg("%s: %s", cases[i].code, row ? row->code : "unknown");
    }
    assert_null(aws_code_find(""));
    assert_null(aws_code_find("InvalidVpcID"));
    assert_null(aws_code_find("NotFoundAtAll"));
    assert_null(aws_code_find("Client."));
}

static void exit_statuses(void **state)
{
    static const struct {
        enum aws_class class;
        int status;
    } cases[] = {
        { AWS_CLASS_SPEC, 2 },      { AWS_CLASS_RIGHTS, 3 },    { AWS_CLASS_QUOTA, 4 },  { AWS_CLASS_CAPACITY, 4 },
        { AWS_CLASS_THROTTLED, 5 }, { AWS_CLASS_TRANSIENT, 5 }, { AWS_CLASS_ABSENT, 5 }, { AWS_CLASS_DEPENDENCY, 5 },
        { AWS_CLASS_EXISTS, 7 },    { AWS_CLASS_CONFLICT, 7 },  { AWS_CLASS_OTHER, 5 },  { AWS_CLASS_DRY_RUN, 5 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(err_exit_status(aws_class_err(cases[i].class)), cases[i].status);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(every_row_is_reached),
        cmocka_unit_test(spellings),
        cmocka_unit_test(exit_statuses),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
