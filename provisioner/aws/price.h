/* What a machine costs, from a table in the repository: on-demand Linux, US dollars, with the day it was read. It is
 * a help for a decision, never a bill: no taxes, no traffic, no discounts. Source: named in price_table.c. */
#pragma once
#include "core/sbuf.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct aws_price {
    bool known;                                         /* type and region are in the table */
    double instance_hour, disk_gib_month, address_hour; /* USD */
    const char *date;                                   /* "2026-10-01": of the table */
};

enum { AWS_HOURS_PER_MONTH = 730 };

struct aws_price aws_price_of(const char *region, const char *type);
/* instance, disk and address together; -1 when unknown */
double aws_price_hour(const struct aws_price *p, int64_t disk_gib);
/* The type that has at least so much: "2x4" -> "t3.medium"; NULL: none in the table. `arm` picks t4g. */
const char *aws_type_for(int vcpus, int mem_gib, bool arm);
