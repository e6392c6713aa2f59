#include "aws/zone.h"
#include "aws/machine_type.h"
#include "core/jsonx.h"
#include "core/svec.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

#define FACT_ZONES "aws.zones" /* {"asked": {"type","zones"}, "zones": [to try]} */
#define FACT_INDEX "aws.zone_index"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A region and one letter: Local and Wavelength Zones ("us-west-2-lax-1a") are listed too, and take neither the
 * region's addresses nor its prices. */
static bool is_zone(const char *name, const char *region)
{
    size_t n = strlen(region);

    return strncmp(name, region, n) == 0 && strlen(name) == n + 1;
}

int aws_zones_offering(struct aws *a, const char *type, json_t **ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *rows = NULL;
    AUTO_SVEC struct svec names = SVEC_INIT;
    size_t i;
    json_t *row;

    aws_query_add(&q, "LocationType", "availability-zone");
    aws_query_filter(&q, "instance-type", type);
    if (aws_call_all(a->client, "DescribeInstanceTypeOfferings", &q, "instanceTypeOfferingSet", &rows, e) < 0)
        return err_wrap(e, "zones that offer '%s'", type);
    json_array_foreach (rows, i, row)
        if (is_zone(jsonx_str(row, "location"), aws_client_region(a->client)))
            svec_add(&names, jsonx_str(row, "location"));
    if (names.len)
        qsort(names.items, names.len, sizeof(*names.items), by_name);
    *ret = json_array();
    for (i = 0; i < names.len; i++)
        json_array_append_new(*ret, json_string(names.items[i]));
    return 0;
}

static bool holds(const json_t *list, const char *name)
{
    size_t i;
    json_t *one;

    json_array_foreach (list, i, one)
        if (strcmp(json_string_value(one), name) == 0)
            return true;
    return false;
}

static int choose(struct run *r, struct aws *a, json_t **ret, struct err *e)
{
    const struct svec *wanted = &r->spec->aws.zones;
    const char *type = aws_machine_type(r);
    AUTO_JSON json_t *offered = NULL, *zones = json_array();

    if (aws_zones_offering(a, type, &offered, e) < 0)
        return -1;
    for (size_t i = 0; i < wanted->len; i++)
        if (holds(offered, wanted->items[i]))
            json_array_append_new(zones, json_string(wanted->items[i]));
    if (!wanted->len)
        json_array_extend(zones, offered);
    if (json_array_size(zones)) {
        *ret = TAKE_PTR(zones);
        return 0;
    }
    (void)err_set(e, ERR_SPEC, "machine.size '%s' is not offered in %s of region '%s'", type,
                  wanted->len ? "the zones under provider.aws.zones" : "any zone", aws_client_region(a->client));
    AUTO_SBUF struct sbuf list = SBUF_INIT(400);
    for (size_t i = 0; i < json_array_size(offered); i++)
        sbuf_addf(&list, "%s%s", i ? ", " : "", json_string_value(json_array_get(offered, i)));
    return list.len ? err_hint(e, "it is offered in %s", list.data)
                    : err_hint(e, "choose another machine.size, or another region");
}

int aws_zone_index(const struct run *r)
{
    return (int)json_integer_value(journal_get(r->journal, FACT_INDEX));
}

static const json_t *zones_of(const struct run *r)
{
    return json_object_get(journal_get(r->journal, FACT_ZONES), "zones");
}

/* Zones that were chosen for another type or order count no more. */
static json_t *asked_for(const struct run *r)
{
    json_t *zones = json_array();

    for (size_t i = 0; i < r->spec->aws.zones.len; i++)
        json_array_append_new(zones, json_string(r->spec->aws.zones.items[i]));
    return json_pack("{s:s, s:o}", "type", aws_machine_type(r), "zones", zones);
}

int aws_zone(struct run *r, struct aws *a, const char **ret, struct err *e)
{
    AUTO_JSON json_t *asked = asked_for(r);

    if (!json_equal(json_object_get(journal_get(r->journal, FACT_ZONES), "asked"), asked)) {
        json_t *zones = NULL;
        if (choose(r, a, &zones, e) < 0 || journal_set(r->journal, FACT_INDEX, json_null(), e) < 0 ||
            journal_set(r->journal, FACT_ZONES, json_pack("{s:O, s:o}", "asked", asked, "zones", zones), e) < 0)
            return -1;
    }
    *ret = json_string_value(json_array_get(zones_of(r), (size_t)aws_zone_index(r)));
    return *ret ? 0 : err_set(e, ERR_CONFLICT, "the journal names no availability zone");
}

int aws_zone_next(struct run *r, bool *ret, struct err *e)
{
    int next = aws_zone_index(r) + 1;

    *ret = (size_t)next < json_array_size(zones_of(r));
    return *ret ? journal_set(r->journal, FACT_INDEX, json_integer(next), e) : 0;
}
