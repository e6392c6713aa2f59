/* Image names as the charts want them. */
#pragma once

/* "repo:tag@sha256:..." -> "repo", "tag@sha256:..."; "latest" when there is no tag. Caller frees both. */
void image_ref_split(const char *image, char **ret_repository, char **ret_tag);
