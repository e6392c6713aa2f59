/* The figures behind aws/price.h. All sizes of a family cost the same per vCPU, so a family has one figure for a
 * region: the price of its `large`. Private to price.c and its test. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { PRICE_FAMILIES = 14 };

struct price_size {
    const char *name; /* "medium" */
    double large;     /* how many `large` it is */
};

struct price_family {
    const char *name;      /* "t3" */
    const char *from, *to; /* smallest and largest size that exists up to 4xlarge */
};

struct price_region {
    const char *name;
    double gp3_gib_month;
    double large_hour[PRICE_FAMILIES]; /* in the order of price_family_table; 0: not known */
};

/* A type that stands for a size of machine. */
struct price_shape {
    const char *type;
    int vcpus, mem_gib;
    bool arm;
};

extern const char price_table_date[];
extern const double price_address_hour;
extern const struct price_size price_size_table[];     /* ascending; ends with a NULL name */
extern const struct price_family price_family_table[]; /* sorted by name; ends with a NULL name */
extern const struct price_region price_region_table[]; /* sorted by name; ends with a NULL name */
extern const struct price_shape price_shape_table[];   /* cheapest first; ends with a NULL type */
