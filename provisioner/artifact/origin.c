#include "artifact/origin.h"
#include "artifact/ref.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include <string.h>

void origin_done(struct origin *o)
{
    free(o->file);
    free(o->url);
    free(o->published);
    free(o->sums);
}

/* K3s tags hold a '+', which a URL path must not leave to the server's reading. */
static char *encode(const char *version)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(512);

    for (; *version; version++) {
        if (*version == '+')
            sbuf_addstr(&out, "%2B");
        else
            sbuf_addch(&out, *version);
    }
    return sbuf_take(&out);
}

static void k3s_origin(bool images, const char *version, const char *arch, struct origin *ret)
{
    AUTO_FREE char *tag = encode(version);
    AUTO_FREE char *base = xasprintf("https://github.com/k3s-io/k3s/releases/download/%s", tag);

    if (images) {
        ret->published = xasprintf("k3s-airgap-images-%s.tar.zst", arch);
        ret->file = xasprintf("k3s-airgap-images-%s-%s.tar.zst", version, arch);
    } else {
        ret->published = strcmp(arch, "amd64") == 0 ? xstrdup("k3s") : xasprintf("k3s-%s", arch);
        ret->file = xasprintf("k3s-%s-%s", version, arch);
    }
    ret->url = xasprintf("%s/%s", base, ret->published);
    ret->sums = xasprintf("%s/sha256sum-%s.txt", base, arch);
}

bool origin_of(const char *name, const char *version, const char *arch, struct origin *ret)
{
    *ret = (struct origin){ NULL, NULL, NULL, NULL };
    if (strcmp(name, "k3s") == 0 || strcmp(name, "k3s-images") == 0) {
        k3s_origin(strcmp(name, "k3s-images") == 0, version, arch, ret);
        return true;
    }
    if (strcmp(name, "helm") != 0)
        return false;
    ret->published = xasprintf("helm-%s-linux-%s.tar.gz", version, arch);
    ret->file = xstrdup(ret->published);
    ret->url = xasprintf("https://get.helm.sh/%s", ret->published);
    ret->sums = xasprintf("%s.sha256sum", ret->url);
    return true;
}

bool origin_sum(const char *text, const char *name, char ret[static 65])
{
    size_t n = strlen(name);

    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\r\n");
        const char *p = line + 64;
        if (len > 65 && strspn(line, "0123456789abcdef") == 64 && (*p == ' ' || *p == '\t')) {
            p += strspn(p, " \t");
            p += *p == '*'; /* sha256sum's mark of binary mode */
            size_t rest = len - (size_t)(p - line);
            if (rest == n && memcmp(p, name, n) == 0) {
                memcpy(ret, line, 64);
                ret[64] = '\0';
                return true;
            }
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return false;
}
