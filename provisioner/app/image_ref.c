#include "app/image_ref.h"
#include "core/mem.h"
#include <string.h>

void image_ref_split(const char *image, char **ret_repository, char **ret_tag)
{
    const char *at = strchr(image, '@');
    size_t len = at ? (size_t)(at - image) : strlen(image);
    const char *slash = memrchr(image, '/', len);
    const char *from = slash ? slash : image; /* a colon before it is a registry's port */
    const char *colon = memchr(from, ':', len - (size_t)(from - image));

    *ret_repository = xstrndup(image, colon ? (size_t)(colon - image) : len);
    *ret_tag = colon ? xstrdup(colon + 1) : xasprintf("latest%s", at ? at : "");
}
