/* XML answers as JSON: what each form becomes, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "core/jsonx.h"
#include "core/sbuf.h"
#include "core/util.h"

#define NS "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\""

static void forms(void **state)
{
    static const struct {
        const char *xml, *json;
    } cases[] = {
        { "<R/>", "{}" },
        { "<R " NS "></R>", "{}" },
        { "<R>text alone</R>", "{}" },
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R " NS ">\n  <a>1</a>\n  <b> two \n</b>\n</R>\n",
          "{\"a\":\"1\",\"b\":\"two\"}" },
        { "<R><a><!-- no --></a><b x=\"dropped\"/></R>", "{\"a\":\"\",\"b\":\"\"}" },
        { "<R><vpcSet/></R>", "{\"vpcSet\":\"\"}" },
        { "<R><vpcSet>\n</vpcSet></R>", "{\"vpcSet\":\"\"}" },
        { "<R><s><item><id>a</id></item></s></R>", "{\"s\":[{\"id\":\"a\"}]}" },
        { "<R><s><item>a</item><item>b</item></s></R>", "{\"s\":[\"a\",\"b\"]}" },
        { "<R><s><item/></s></R>", "{\"s\":[\"\"]}" },
        { "<R><s><member>a</member><member>b</member></s></R>", "{\"s\":[\"a\",\"b\"]}" },
        { "<R><s><item>a</item><member>b</member></s></R>", "{\"s\":{\"item\":\"a\",\"member\":\"b\"}}" },
        { "<R><s><item>a</item><item>b</item><count>2</count></s></R>",
          "{\"s\":{\"count\":\"2\",\"item\":[\"a\",\"b\"]}}" },
        { "<R><e><Error>1</Error></e></R>", "{\"e\":{\"Error\":\"1\"}}" },
        { "<R><a>1</a><b/><a>2</a></R>", "{\"a\":[\"1\",\"2\"],\"b\":\"\"}" },
        { "<R><item>root</item></R>", "{\"item\":\"root\"}" },
        { "<R><x><item>1</item></x><x><item>2</item></x></R>", "{\"x\":[[\"1\"],[\"2\"]]}" },
        { "<R><s><item><t><item><k>1</k></item></t></item></s></R>", "{\"s\":[{\"t\":[{\"k\":\"1\"}]}]}" },
        { "<n:R xmlns:n=\"u\"><n:a>1</n:a></n:R>", "{\"a\":\"1\"}" },
        { "<R><a:>1</a:></R>", "{\"a:\":\"1\"}" },
        { "<R><a>&lt;&amp;&gt;&quot;&apos;&#228;&#x1F600;</a></R>", "{\"a\":\"<&>\\\"'\xc3\xa4\xf0\x9f\x98\x80\"}" },
        { "<R><a><![CDATA[<b>&amp;</b>]]></a></R>", "{\"a\":\"<b>&amp;</b>\"}" },
        { "<R>mixed<a>1</a>text</R>", "{\"a\":\"1\"}" },
        { "<R><a>one\n two</a></R>", "{\"a\":\"one\\n two\"}" },
        { "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><R><a>\xe4</a></R>", "{\"a\":\"\xc3\xa4\"}" },
        { "<Response><Errors><Error><Code>VpcLimitExceeded</Code><Message>m</Message></Error></Errors>"
          "<RequestID>r</RequestID></Response>",
          "{\"Errors\":{\"Error\":{\"Code\":\"VpcLimitExceeded\",\"Message\":\"m\"}},\"RequestID\":\"r\"}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *j = aws_xml_parse(cases[i].xml, strlen(cases[i].xml), "it", &e);
        if (!j)
            fail_msg("%s: %s", cases[i].xml, e.msg);
        AUTO_FREE char *text = jsonx_text(j, 0);
        if (strcmp(text, cases[i].json) != 0)
            fail_msg("%s:\n%s, not\n%s", cases[i].xml, text, cases[i].json);
    }
}

static void expect_refusal(const char *xml, size_t len, const char *says)
{
    struct err e = ERR_INIT;
    AUTO_JSON json_t *j = aws_xml_parse(xml, len, "the answer", &e);

    if (j)
        fail_msg("accepted: %.80s", xml);
    assert_int_equal(e.code, ERR_REMOTE);
    if (!strstr(e.msg, says) || !strstr(e.msg, "the answer"))
        fail_msg("%.80s: %s", xml, e.msg);
}

static void refusals(void **state)
{
    static const struct {
        const char *xml, *says;
    } cases[] = {
        { "", "no element" },
        { "  ", "no element" },
        { "{\"a\":1}", "not well-formed" },
        { "<R>", "no element" },
        { "<R><a></R>", "mismatched" },
        { "<R/><R/>", "junk" },
        { "<R><a>\xff</a></R>", "not well-formed" },
        { "<R><a>&unknown;</a></R>", "undefined entity" },
        { "<!DOCTYPE R [<!ENTITY a \"b\">]><R>&a;</R>", "document type" },
        { "<!DOCTYPE html><html></html>", "document type" },
        { "<R><a>\x01</a></R>", "not well-formed" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_refusal(cases[i].xml, strlen(cases[i].xml), cases[i].says);
}

/* Every beginning of an answer is refused, none crashes. */
static void truncated_at_every_byte(void **state)
{
    static const char xml[] = "<R " NS "><s><item><id>a</id></item><item/></s><c><![CDATA[x]]></c>&lt;</R>";

    (void)state;
    for (size_t n = 0; n < sizeof(xml) - 1; n++) {
        struct err e = ERR_INIT;
        assert_null(aws_xml_parse(xml, n, "it", &e));
        assert_int_equal(e.code, ERR_REMOTE);
    }
}

static void nested(struct sbuf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        sbuf_addstr(out, "<a>");
    for (int i = 0; i < depth; i++)
        sbuf_addstr(out, "</a>");
}

static void limits(void **state)
{
    AUTO_SBUF struct sbuf deep = SBUF_INIT(1 << 20);
    AUTO_SBUF struct sbuf deeper = SBUF_INIT(1 << 20);
    AUTO_SBUF struct sbuf wide = SBUF_INIT(4 << 20);
    struct err e = ERR_INIT;

    (void)state;
    nested(&deep, 32);
    AUTO_JSON json_t *j = aws_xml_parse(deep.data, deep.len, "it", &e);
    assert_non_null(j);
    nested(&deeper, 33);
    expect_refusal(deeper.data, deeper.len, "nested too deeply");
    sbuf_addstr(&wide, "<R>");
    for (int i = 0; i < 99999; i++)
        sbuf_addstr(&wide, "<i/>");
    size_t len = wide.len;
    sbuf_addstr(&wide, "</R>");
    AUTO_JSON json_t *w = aws_xml_parse(wide.data, wide.len, "it", &e);
    assert_int_equal(json_array_size(json_object_get(w, "i")), 99999);
    memcpy(wide.data + len, "<i/>", 4);
    sbuf_addstr(&wide, "</R>");
    expect_refusal(wide.data, wide.len, "too many elements");
}

static void any_depth(void **state)
{
    static const struct {
        const char *xml, *code;
    } cases[] = {
        { "<Response><Errors><Error><Code>A</Code></Error></Errors></Response>", "A" },
        { "<ErrorResponse><Error><Type>Sender</Type><Code>B</Code></Error></ErrorResponse>", "B" },
        { "<ErrorResponse><Errors><Error><Code>C</Code></Error></Errors></ErrorResponse>", "C" },
        { "<E><l><item><x/></item><item><Code>D</Code></item></l></E>", "D" },
        { "<E><Code>outer</Code><in><Code>inner</Code></in></E>", "outer" },
        { "<E><Errors><Error><Code>1</Code></Error><Error><Code>2</Code></Error></Errors></E>", "1" },
        { "<E><Code/><in><Code>inner</Code></in></E>", "" },
        { "<E><code>x</code></E>", "" },
        { "<E/>", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        AUTO_JSON json_t *j = aws_xml_parse(cases[i].xml, strlen(cases[i].xml), "it", &e);
        assert_non_null(j);
        assert_string_equal(aws_xml_any(j, "Code"), cases[i].code);
    }
    assert_string_equal(aws_xml_any(NULL, "Code"), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),  cmocka_unit_test(refusals),  cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(limits), cmocka_unit_test(any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
