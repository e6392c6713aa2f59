#include "artifact/ref.h"
#include "core/mem.h"
#include <stdio.h>
#include <string.h>

bool ref_is_sha256(const char *text)
{
    return strspn(text, "0123456789abcdef") == 64 && !text[64];
}

bool ref_is_digest(const char *text)
{
    return strncmp(text, "sha256:", 7) == 0 && ref_is_sha256(text + 7);
}

static int bad(const char *text, const char *why, struct err *e)
{
    return err_set(e, ERR_SPEC, "image reference '%s': %s", text, why);
}

/* Take "part" of [from, to) into a fixed field. */
static bool copy(char *ret, size_t size, const char *from, const char *to)
{
    size_t n = (size_t)(to - from);

    if (n == 0 || n >= size)
        return false;
    memcpy(ret, from, n);
    ret[n] = '\0';
    return true;
}

/* The first part is a host when it could not be a repository: it has a dot or a port, or is localhost. */
static bool is_host(const char *from, const char *to)
{
    size_t n = (size_t)(to - from);

    return memchr(from, '.', n) || memchr(from, ':', n) || (n == 9 && memcmp(from, "localhost", 9) == 0);
}

static bool all_in(const char *s, const char *set)
{
    return s[strspn(s, set)] == '\0';
}

static bool repo_ok(const char *repo)
{
    if (!all_in(repo, "abcdefghijklmnopqrstuvwxyz0123456789._-/") || strstr(repo, "//") || strstr(repo, ".."))
        return false;
    return !strchr("./-_", repo[0]) && repo[strlen(repo) - 1] != '/';
}

static bool host_ok(const char *host)
{
    return all_in(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]") &&
           !strchr(".-:]", host[0]) && !strstr(host, "..");
}

static bool tag_ok(const char *tag)
{
    return all_in(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") && !strchr(".-", tag[0]);
}

int ref_parse(const char *text, struct ref *ret, struct err *e)
{
    struct ref r = { "docker.io", "", "", "" };
    const char *slash = strchr(text, '/'), *p = text, *at = strchr(text, '@');
    const char *end = at ? at : text + strlen(text);

    if (slash && slash < end && is_host(text, slash)) {
        if (!copy(r.host, sizeof(r.host), text, slash) || !host_ok(r.host))
            return bad(text, "the registry host is not valid", e);
        p = slash + 1;
    }
    if (strcmp(r.host, "index.docker.io") == 0)
        (void)snprintf(r.host, sizeof(r.host), "docker.io");
    const char *colon = memchr(p, ':', (size_t)(end - p));
    if (colon && (!copy(r.tag, sizeof(r.tag), colon + 1, end) || !tag_ok(r.tag)))
        return bad(text, "the tag is not valid", e);
    char repo[sizeof(r.repo)];
    if (!copy(repo, sizeof(repo), p, colon ? colon : end) || !repo_ok(repo))
        return bad(text, "the repository name is not valid (lower case, digits, . _ - and /)", e);
    bool official = strcmp(r.host, "docker.io") == 0 && !strchr(repo, '/');
    if (snprintf(r.repo, sizeof(r.repo), "%s%s", official ? "library/" : "", repo) >= (int)sizeof(r.repo))
        return bad(text, "the repository name is too long", e);
    if (at && !ref_is_digest(at + 1))
        return bad(text, "the digest is not sha256: and 64 lower-case hex digits", e);
    if (at)
        memcpy(r.digest, at + 1, sizeof(r.digest));
    if (!at && !colon)
        (void)snprintf(r.tag, sizeof(r.tag), "latest");
    *ret = r;
    return 0;
}

char *ref_text(const struct ref *r)
{
    if (!r->tag[0])
        return ref_pinned(r, r->digest);
    return xasprintf("%s/%s:%s", r->host, r->repo, r->tag);
}

char *ref_pinned(const struct ref *r, const char *digest)
{
    return xasprintf("%s/%s@%s", r->host, r->repo, digest);
}
