/* The Python wheels of runtime systemd: Prefect with everything it imports, each file pinned by SHA-256.
 *
 * A wheel is a row of `files` in struct artifacts: name "wheel-GROUP", version of the package, arch (any: no machine
 * code), file = the wheel's own name, which says package and tags (PEP 427). A package that two groups need has a row
 * in each. Group prefect is Prefect itself; docker, aws, gcp and azure add what prefect-docker, prefect-aws,
 * prefect-gcp and prefect-azure need beyond it. All groups were resolved together, so any of them can be combined. */
#pragma once
#include "artifact/artifact.h"

/* CPython minors that locks and built-in pins have wheels for. */
#define WHEELS_PYTHON_MIN 11
#define WHEELS_PYTHON_MAX 13
#define WHEELS_GROUPS_MAX 6 /* every group, and the NULL at the end */

/* Runtime systemd: wheels instead of K3s, Helm, charts and images. */
bool wheels_needed(const struct spec *s);

/* The groups that a spec needs, "prefect" first, NULL-terminated. */
void wheels_groups(const struct spec *s, const char *ret[static WHEELS_GROUPS_MAX]);

/* For each package of `groups` (NULL-terminated) the one wheel for CPython 3.`python_minor` on Linux with glibc on
 * `arch` (amd64 | arm64): built for exactly this minor before abi3 before pure Python; of those the one that asks for
 * the oldest glibc, since the machine's is not known. Never musllinux, macOS or Windows. `ret` is an array that the
 * caller frees, of rows that stay those of `a`; by package name. ERR_SPEC with the remedy when there is no wheel at
 * all, or none that fits for one of the packages. */
int wheels_select(const struct artifacts *a, const char *const *groups, const char *arch, int python_minor,
                  const struct artifact_file ***ret, size_t *ret_n, struct err *e) NODISCARD;

/* The same for every group that `a` has and every Python from WHEELS_PYTHON_MIN to WHEELS_PYTHON_MAX, each row once, a
 * row for each group that shares it. A Python that a package has no wheel for is left out; ERR_SPEC when all are. */
int wheels_of_arch(const struct artifacts *a, const char *arch, const struct artifact_file ***ret, size_t *ret_n,
                   struct err *e) NODISCARD;

/* Local paths of `files`, in their order, each hashed in this call: as artifacts_fetch does it one by one, but what is
 * missing comes several at a time over few connections. Errors as artifacts_fetch. */
int wheels_fetch(const struct artifacts *a, const struct artifact_file *const *files, size_t n, struct clock *clock,
                 struct ui *ui, struct svec *ret_paths, struct err *e) NODISCARD;

/* For `pip install --require-hashes -r`: "NAME==VERSION --hash=sha256:HEX" lines. Caller frees. */
char *wheels_requirements(const struct artifact_file *const *files, size_t n);
