/* The table that the build writes (tests/embed): files of templates/, cloud-init/, helm-values/ and examples/. */
#pragma once

struct embedded_row {
    const char *path, *text;
};
extern const struct embedded_row embedded_table[]; /* ends with a NULL path */
