/* -p KEY=VALUE against the schema that Prefect 3.8.3 made of
 * def etl(day: date, n: int = 2, rate: float = 0.5, loud: bool = False, names: list[str] = [], opts: dict = {},
 *         mode: Literal["a", "b"] = "a", note: str = "x", maybe: Optional[int] = None, box: Box = Box(), anything=None)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_run_params.h"
#include "flow_run_api.h"

static const char etl[] =
    "{'parameters': {}, 'parameter_openapi_schema': {'title': 'Parameters', 'type': 'object', 'required': ['day'],"
    "'properties': {'day': {'format': 'date', 'type': 'string'}, 'n': {'default': 2, 'type': 'integer'},"
    "'rate': {'default': 0.5, 'type': 'number'}, 'loud': {'default': false, 'type': 'boolean'},"
    "'names': {'default': [], 'items': {'type': 'string'}, 'type': 'array'},"
    "'opts': {'additionalProperties': true, 'default': {}, 'type': 'object'},"
    "'mode': {'default': 'a', 'enum': ['a', 'b'], 'type': 'string'}, 'note': {'default': 'x', 'type': 'string'},"
    "'maybe': {'anyOf': [{'type': 'integer'}, {'type': 'null'}], 'default': null},"
    "'text': {'anyOf': [{'type': 'string'}, {'type': 'null'}], 'default': null},"
    "'size': {'enum': [1, 2, 'big']}, 'one': {'const': 1},"
    "'box': {'$ref': '#/definitions/Box', 'default': {'w': 1}}, 'anything': {'default': null},"
    "'loop': {'$ref': '#/definitions/Loop'}},"
    "'definitions': {'Box': {'properties': {'w': {'type': 'integer'}}, 'type': 'object'},"
    "'Loop': {'$ref': '#/definitions/Loop'}}}}";

static const struct {
    const char *word, *want; /* the value as JSON with ' for ", or what the message or hint says */
    bool good;
} cases[] = {
    { "n=3", "3", true },
    { "n=-3", "-3", true },
    { "n=3.0", "parameter 'n' is a whole number, not '3.0'", false },
    { "n=x", "parameter 'n' is a whole number, not 'x'", false },
    { "n=", "parameter 'n' is a whole number, not ''", false },
    { "n=true", "parameter 'n' is a whole number", false },
    { "n='3'", "parameter 'n' is a whole number", false },
    { "rate=2", "2", true },
    { "rate=2.5", "2.5", true },
    { "rate=fast", "parameter 'rate' is a number, not 'fast'", false },
    { "loud=true", "true", true },
    { "loud=yes", "parameter 'loud' is true or false, not 'yes'", false },
    { "names=['a', 'b']", "['a', 'b']", true },
    { "names=a,b", "parameter 'names' is a list in JSON", false },
    { "opts={'a': [1]}", "{'a': [1]}", true },
    { "opts=[]", "parameter 'opts' is a mapping in JSON", false },
    { "note=12", "'12'", true },
    { "note=", "''", true },
    { "note=a=b", "'a=b'", true },
    { "note=true", "'true'", true },
    { "mode=b", "'b'", true },
    { "maybe=null", "null", true },
    { "maybe=7", "7", true },
    { "maybe=x", "parameter 'maybe' is null or a whole number, not 'x'", false },
    { "text=null", "null", true },
    { "text=12", "'12'", true },
    { "size=2", "2", true },
    { "size=big", "'big'", true },
    { "one=1", "1", true },
    { "one=x", "parameter 'one' is a whole number or a number, not 'x'", false },
    { "box={'w': 3}", "{'w': 3}", true },
    { "box=3", "parameter 'box' is a mapping in JSON", false },
    { "anything=[1]", "[1]", true },
    { "anything=word", "'word'", true },
    { "loop=word", "'word'", true },
    { "nots=1", "did you mean -p note=...?", false },
    { "frobnicate=1", "there is no parameter 'frobnicate'; there are day, n, rate, loud", false },
    { "n", "parameter 'n' has no value", false },
    { "=1", "parameter '=1' has no value", false },
};

static void each_word(void **state)
{
    AUTO_JSON json_t *deployment = fake_json(etl);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *word = xstrdup(cases[i].word);
        for (char *c = word; *c; c++)
            *c = (char)(*c == '\'' ? '"' : *c);
        const char *const words[] = { "day=2026-01-01", word };
        AUTO_JSON json_t *got = NULL;
        AUTO_FREE char *name = xstrndup(word, strcspn(word, "="));
        struct err e = ERR_INIT;
        int rc = flow_run_params(deployment, words, 2, &got, &e);
        if (!cases[i].good) {
            if (rc == 0 || e.code != ERR_USAGE || (!strstr(e.msg, cases[i].want) && !strstr(e.hint, cases[i].want)))
                fail_msg("%s: rc %d, '%s' / '%s', want '%s'", word, rc, e.msg, e.hint, cases[i].want);
            continue;
        }
        AUTO_JSON json_t *want = fake_json(cases[i].want);
        if (rc < 0)
            fail_msg("%s: %s", word, e.msg);
        if (!json_equal(json_object_get(got, name), want))
            fail_msg("%s: not the value %s", word, cases[i].want);
    }
}

static void required_and_twice(void **state)
{
    AUTO_JSON json_t *deployment = fake_json(etl);
    const char *const twice[] = { "day=1", "n=1", "n=2" };
    AUTO_JSON json_t *got = NULL, *given = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(flow_run_params(deployment, NULL, 0, &got, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.hint, "say -p day=...");
    assert_int_equal(flow_run_params(deployment, twice, 3, &got, &e), -1);
    assert_non_null(strstr(e.msg, "given twice"));
    assert_null(got);
    /* The deployment itself may give it. */
    json_object_set_new(json_object_get(deployment, "parameters"), "day", json_string("2026-01-01"));
    assert_int_equal(flow_run_params(deployment, NULL, 0, &given, &e), 0);
    assert_int_equal(json_object_size(given), 0);
}

static void no_parameters_at_all(void **state)
{
    AUTO_JSON json_t *none = fake_json("{'parameters': {}, 'parameter_openapi_schema': {'type': 'object'}}");
    AUTO_JSON json_t *open = fake_json("{'parameter_openapi_schema': {'additionalProperties': true}}");
    const char *const words[] = { "x=1" };
    AUTO_JSON json_t *got = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(flow_run_params(none, words, 1, &got, &e), -1);
    assert_non_null(strstr(e.msg, "there is no parameter 'x'; there are none"));
    assert_int_equal(flow_run_params(open, words, 1, &got, &e), 0);
    assert_int_equal(jsonx_int(got, "x", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word),
        cmocka_unit_test(required_and_twice),
        cmocka_unit_test(no_parameters_at_all),
    };

    return cmocka_run_group_tests_name("flow/flow_run_params", tests, NULL, NULL);
}
