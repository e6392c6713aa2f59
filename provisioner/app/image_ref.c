#include "app/image_ref.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdbool.h>
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

static bool is_prefect(const char *repository)
{
    static const char name[] = "prefecthq/prefect";
    size_t len = strlen(repository), n = strlen(name);

    return len >= n && strcmp(repository + len - n, name) == 0 && (len == n || repository[len - n - 1] == '/');
}

/* Length of "3" or "3.8" at the start of a tag or version, with `parts` numbers at most; 0 when it starts otherwise. */
static size_t version_len(const char *text, int parts)
{
    size_t len = 0, digits = strspn(text, "0123456789");

    for (; digits && parts > 0; parts--) {
        len += digits + (len > 0);
        digits = text[len] == '.' ? strspn(text + len + 1, "0123456789") : 0;
    }
    return text[len] == '\0' || strchr(".-@", text[len]) ? len : 0;
}

int image_ref_fits(const char *image, const char *version, struct err *e)
{
    AUTO_FREE char *repository = NULL, *tag = NULL;

    if (!image)
        return 0;
    image_ref_split(image, &repository, &tag);
    size_t named = is_prefect(repository) ? version_len(tag, 2) : 0;
    size_t wanted = version_len(version, memchr(tag, '.', named) ? 2 : 1);
    if (named == 0 || (named == wanted && memcmp(tag, version, named) == 0))
        return 0;
    (void)err_set(e, ERR_SPEC, "image '%s' has Prefect %.*s, the server is %s: its runs would crash", image, (int)named,
                  tag, version);
    return err_hint(e, "take docker.io/prefecthq/prefect:%s-python3.11, or build the image from it", version);
}
