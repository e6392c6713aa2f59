/* Downloads of artifacts, for fetch, lock and pull. */
#pragma once
#include "artifact/artifact.h"

/* CACHE/artifacts/SHA256/FILE; caller frees. */
char *fetch_cache_path(const char *sha256, const char *file);
/* Mirrors, then the row's own URLs. An empty f->sha256: whatever comes, over https only; its digest is in `ret_sha256`.
 */
int fetch_download(const struct svec *mirrors, const struct artifact_file *f, const char *path, char ret_sha256[65],
                   struct clock *clock, struct ui *ui, struct err *e) NODISCARD;
