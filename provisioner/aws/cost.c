#include "aws/cost.h"
#include "aws/facts.h"
#include "aws/machine_type.h"
#include "aws/price.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <string.h>
#include <time.h>

enum { MS_PER_HOUR = 3600000 };

static void row(json_t *rows, const char *kind, const char *name, json_t *detail)
{
    json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "kind", kind, "name", name, "detail", detail));
}

static void network_rows(const struct run *r, const char *name, json_t *rows)
{
    const struct spec *s = r->spec;

    if (s->aws.subnet) {
        row(rows, "subnet", s->aws.subnet, json_string("existing, shared: never changed"));
    } else {
        row(rows, "vpc", name, json_string(s->aws.cidr));
        row(rows, "internet-gateway", name, json_string(""));
        row(rows, "subnet", name,
            s->aws.zones.len
                ? json_sprintf("zone %s%s", s->aws.zones.items[0], s->aws.zones.len > 1 ? ", or the next" : "")
                : json_string("in a zone that offers the type"));
        row(rows, "route-table", name, json_string("0.0.0.0/0 through the internet gateway"));
    }
    row(rows, "security-group", s->aws.security_group ? s->aws.security_group : name,
        json_string(s->aws.security_group ? "existing, shared: never changed" : "closed but for SSH"));
}

int aws_plan(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    const struct spec *s = r->spec;
    AUTO_FREE char *name = xasprintf("slipway-%s", s->name);

    (void)p, (void)e;
    network_rows(r, name, rows);
    row(rows, "address", name, json_string("a fixed public IPv4 address"));
    row(rows, "instance", name, json_sprintf("%s, %s, metadata by IMDSv2 only", aws_machine_type(r), s->machine.image));
    row(rows, "volume", name,
        json_sprintf("%lld GiB gp3, encrypted, goes with the instance", (long long)s->machine.disk_gib));
    return 0;
}

/* "2026-11-21T10:00:00.000Z" or without the fraction. */
static int64_t wall_ms_of(const char *iso)
{
    struct tm tm = { 0 };

    return strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

json_t *aws_cost(const struct run *r, struct provider *p)
{
    const char *ran = r->journal ? journal_str(r->journal, AWS_FACT_TYPE) : "";
    const char *since = r->journal ? journal_str(r->journal, AWS_FACT_LAUNCHED) : "";
    const char *type = *ran ? ran : aws_machine_type(r);
    struct aws_price price = aws_price_of(aws_client_region(aws_of(p)->client), type);
    double hour = price.known ? aws_price_hour(&price, r->spec->machine.disk_gib) : 0;
    int64_t ms = *since ? r->clock->wall_ms(r->clock) - wall_ms_of(since) : 0;

    return json_pack("{s:b, s:s, s:f, s:f, s:f, s:s, s:s}", "known", price.known, "type", type, "hour_usd", hour,
                     "month_usd", hour * AWS_HOURS_PER_MONTH, "so_far_usd",
                     ms > 0 ? hour * (double)ms / MS_PER_HOUR : 0.0, "since", since, "table_date", price.date);
}
