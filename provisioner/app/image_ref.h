/* Image names: as the charts want them, and what a tag tells. */
#pragma once
#include "core/err.h"

/* "repo:tag@sha256:..." -> "repo", "tag@sha256:..."; "latest" when there is no tag. Caller frees both. */
void image_ref_split(const char *image, char **ret_repository, char **ret_tag);
/* May a flow run in this image (NULL: in Prefect's own) with a server of `version` ("3.8.3")? ERR_SPEC when the image
 * is a prefecthq/prefect, of any registry, whose tag names another major or minor version: its events are refused, and
 * its runs crash. What a name does not tell is let pass: images of other names, digests alone, tags such as "3-latest".
 */
int image_ref_fits(const char *image, const char *version, struct err *e) NODISCARD;
