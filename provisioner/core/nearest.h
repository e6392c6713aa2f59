/* "Did you mean": the one of several names that somebody most likely meant. */
#pragma once
#include <stddef.h>

/* The nearest candidate (borrowed) by edit distance with transposition, or NULL when none is near. Case, '-', '_' and
 * blanks do not count. Of equally near ones the first. A word of more than 127 characters is near to nothing; of longer
 * candidates the first 127 count. */
const char *nearest(const char *word, const char *const *candidates, size_t n);
