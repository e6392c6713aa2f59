/* Any bytes are either an object without a number in it, of bounded depth, that becomes text and is read again as the
 * same; or a refusal with a reason. */
#include "aws/xml.h"
#include "core/jsonx.h"
#include "core/util.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void demand_value(json_t *j, int depth)
{
    const char *key;
    json_t *child;
    size_t i;

    demand(depth <= 64 && (json_is_string(j) || json_is_object(j) || json_is_array(j)));
    demand(!json_is_array(j) || json_array_size(j) > 0);
    json_object_foreach (j, key, child) {
        demand(*key != '\0');
        demand_value(child, depth + 1);
    }
    json_array_foreach (j, i, child)
        demand_value(child, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    AUTO_JSON json_t *j = aws_xml_parse((const char *)data, size, "fuzz", &e);

    if (!j) {
        demand(e.code == ERR_REMOTE && strstr(e.msg, "fuzz"));
        return 0;
    }
    demand(json_is_object(j));
    demand_value(j, 0);
    demand(aws_xml_any(j, "Code") != NULL);
    AUTO_FREE char *text = jsonx_text(j, 0);
    AUTO_JSON json_t *again = jsonx_parse(text, strlen(text), "fuzz", &e);
    demand(json_equal(j, again));
    return 0;
}
