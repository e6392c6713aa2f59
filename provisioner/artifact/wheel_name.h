/* What the file name of a wheel says: NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl (PEP 427), where each of the three
 * tags may be several, joined by dots (PEP 425, platforms by PEP 600). */
#pragma once
#include <stdbool.h>

/* Package (normalised as indexes write it, PEP 503) and version of `file`; false when it is no wheel's name. */
bool wheel_parse(const char *file, char ret_name[static 128], char ret_version[static 64]);
/* "amd64", "arm64" or "any"; NULL when the wheel is not for Linux with glibc. */
const char *wheel_arch(const char *file);
/* How well the wheel fits CPython 3.`minor` on Linux with glibc on `arch`: lower is better, -1: not at all. */
int wheel_rank(const char *file, int minor, const char *arch);
