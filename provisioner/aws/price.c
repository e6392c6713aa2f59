#include "aws/price.h"
#include "aws/price_table.h"
#include <string.h>

static const struct price_region *region_of(const char *name)
{
    for (const struct price_region *r = price_region_table; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

/* How many `large` of its family a size is; 0 when the family has no such size in the table. */
static double size_of(const struct price_family *f, const char *size)
{
    bool inside = false;

    for (const struct price_size *s = price_size_table; s->name; s++) {
        inside = inside || strcmp(s->name, f->from) == 0;
        if (inside && strcmp(s->name, size) == 0)
            return s->large;
        if (strcmp(s->name, f->to) == 0)
            break;
    }
    return 0;
}

static double hour_of(const struct price_region *r, const char *type)
{
    const char *dot = strchr(type, '.');
    size_t len = dot ? (size_t)(dot - type) : 0;

    for (size_t i = 0; dot && i < PRICE_FAMILIES; i++) {
        const struct price_family *f = &price_family_table[i];
        if (strlen(f->name) == len && strncmp(f->name, type, len) == 0)
            return r->large_hour[i] * size_of(f, dot + 1);
    }
    return 0;
}

struct aws_price aws_price_of(const char *region, const char *type)
{
    const struct price_region *r = region_of(region);
    struct aws_price p = { .date = price_table_date };

    if (!r)
        return p;
    p.instance_hour = hour_of(r, type);
    p.disk_gib_month = r->gp3_gib_month;
    p.address_hour = price_address_hour;
    p.known = p.instance_hour > 0;
    return p;
}

double aws_price_hour(const struct aws_price *p, int64_t disk_gib)
{
    if (!p->known)
        return -1;
    return p->instance_hour + p->address_hour + p->disk_gib_month * (double)disk_gib / AWS_HOURS_PER_MONTH;
}

const char *aws_type_for(int vcpus, int mem_gib, bool arm)
{
    for (const struct price_shape *s = price_shape_table; s->type; s++)
        if (s->arm == arm && s->vcpus >= vcpus && s->mem_gib >= mem_gib)
            return s->type;
    return NULL;
}
