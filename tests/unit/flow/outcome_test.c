/* What becomes of the program's answer: the error, or the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/jsonx.h"
#include "core/util.h"
#include "flow/outcome.h"
#include <string.h>

static json_t *parse(const char *text)
{
    struct err e = ERR_INIT;
    json_t *j = jsonx_parse(text, strlen(text), "test", &e);

    if (!j)
        fail_msg("%s: %s", text, e.msg);
    return j;
}

#define ROW(name, state, kind, error)                                                                                 \
    "{\"flow\": \"f\", \"name\": \"" name "\", \"state\": \"" state "\", \"kind\": \"" kind "\", \"error\": \"" error \
    "\"}"

#define LOST(name) ROW(name, "failed", "net", "x")
#define FIVE_LOST  LOST("a") "," LOST("b") "," LOST("c") "," LOST("d") "," LOST("e")

static void judged(void **state)
{
    static const struct {
        const char *rows, *want;
        enum err_code code;
    } cases[] = {
        { "[]", "", ERR_NONE },
        { "[" ROW("a", "unchanged", "", "") "," ROW("b", "created", "", "") "]", "", ERR_NONE },
        { "[" ROW("a", "failed", "spec", "no flow 'x'") "]", "deployment 'a': no flow 'x'", ERR_SPEC },
        { "[" ROW("a", "failed", "net", "no host") "]", "deployment 'a': no host", ERR_NET },
        { "[" ROW("a", "failed", "auth", "refused") "]", "deployment 'a': refused", ERR_AUTH },
        { "[" ROW("a", "failed", "remote", "broken") "]", "deployment 'a': broken", ERR_REMOTE },
        { "[" ROW("a", "failed", "new kind", "broken") "]", "deployment 'a': broken", ERR_REMOTE },
        { "[" ROW("a", "checked", "", "") "," ROW("b", "failed", "net", "x") "," ROW("c", "failed", "spec", "y") "]",
          "deployment 'b': x\ndeployment 'c': y", ERR_NET },
        { "[" LOST("a") "," LOST("b") "]", "deployments 'a' and 'b': x", ERR_NET },
        { "[" LOST("a") "," ROW("b", "failed", "spec", "y") "," ROW("c", "checked", "", "") "," LOST("d") "]",
          "deployments 'a' and 'd': x\ndeployment 'b': y", ERR_NET },
        { "[" FIVE_LOST "," LOST("f") "]", "deployments 'a', 'b', 'c', 'd', 'e' and 'f': x", ERR_NET },
        { "[" FIVE_LOST "," LOST("f") "," LOST("g") "]", "deployments 'a', 'b', 'c', 'd', 'e' and 2 more: x", ERR_NET },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON json_t *rows = parse(cases[i].rows);
        struct err e = ERR_INIT;
        int rc = outcome_check(rows, &e);
        if (rc != (cases[i].code ? -1 : 0) || e.code != cases[i].code || strcmp(e.msg, cases[i].want) != 0)
            fail_msg("%s: got %d %s '%s'", cases[i].rows, rc, err_name(e.code), e.msg);
    }
}

static void reported(void **state)
{
    AUTO_JSON json_t *rows = parse("[" ROW("new", "created", "", "") "," ROW(
        "same", "unchanged", "", "") ","
                                     "{\"flow\": \"f\", \"name\": \"other\", \"changes\": [\"tags\", \"triggers\"]}]");
    AUTO_JSON json_t *before = parse("[{\"id\": \"2\", \"flow_name\": \"f\", \"name\": \"same\"},"
                                     " {\"id\": \"3\", \"flow_name\": \"f\", \"name\": \"other\", \"tags\": [\"a\"]}]");
    AUTO_JSON json_t *after = parse("[{\"id\": \"1\", \"flow_name\": \"f\", \"name\": \"new\"},"
                                    " {\"id\": \"2\", \"flow_name\": \"f\", \"name\": \"same\"},"
                                    " {\"id\": \"3\", \"flow_name\": \"f\", \"name\": \"other\", \"tags\": [\"b\"]}]");
    AUTO_JSON json_t *ids = json_array(), *ours = json_array();
    struct err e = ERR_INIT;
    AUTO_JSON json_t *got = outcome_report(rows, before, after, ids, ours, &e);
    AUTO_FREE char *text = jsonx_text(got, 0);
    AUTO_FREE char *ids_text = jsonx_text(ids, 0);

    (void)state;
    assert_string_equal(text, "[{\"changes\":[],\"flow\":\"f\",\"name\":\"new\",\"state\":\"created\"},"
                              "{\"changes\":[],\"flow\":\"f\",\"name\":\"same\",\"state\":\"unchanged\"},"
                              "{\"changes\":[\"tags\",\"triggers\"],\"flow\":\"f\",\"name\":\"other\","
                              "\"state\":\"changed\"}]");
    assert_string_equal(ids_text, "[\"1\",\"2\",\"3\"]");
    assert_non_null(outcome_find(ours, "f", "other"));
    assert_null(outcome_find(ours, "g", "other"));
}

static void lost(void **state)
{
    AUTO_JSON json_t *rows = parse("[" ROW("a", "created", "", "") "]");
    AUTO_JSON json_t *none = json_array(), *ids = json_array(), *ours = json_array();
    struct err e = ERR_INIT;

    (void)state;
    assert_null(outcome_report(rows, none, none, ids, ours, &e));
    assert_int_equal(e.code, ERR_REMOTE);
    assert_non_null(strstr(e.msg, "'f/a'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),
        cmocka_unit_test(reported),
        cmocka_unit_test(lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
