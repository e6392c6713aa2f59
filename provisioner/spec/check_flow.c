/* Rules for secrets, sources and deployments. */
#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include <errno.h>
#include <sys/stat.h>

/* Where providers mark their tokens, a token in place of a variable's name can be told. */
static bool looks_like_token(const char *text)
{
    static const char *const marks[] = {
        "ghp_", "gho_", "ghs_", "github_pat_", "glpat_", "pnu_", "pnb_", "AKIA", "ASIA"
    };

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return true;
    }
    return false;
}

/* Never repeats the text: it may be the secret itself. */
char *check_env_name(const char *text, const char *dir, struct err *e)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    (void)dir;
    if (text[strspn(text, letters)] || (text[0] >= '0' && text[0] <= '9') || looks_like_token(text) ||
        strlen(text) > 100)
        return check_no(e, "wants the name of an environment variable, which this is not; never put the secret itself "
                           "into the spec");
    return xstrdup(text);
}

/* Read when it is needed, so it need not be there yet. */
char *check_secret_file(const char *text, const char *dir, struct err *e)
{
    if (strchr(text, '\n') || strstr(text, "-----BEGIN") || text[0] == '{' || looks_like_token(text))
        return check_no(e, "wants the path of a file; never put the secret itself into the spec");
    return check_resolve(text, dir);
}

static char *existing(const char *text, const char *dir, mode_t kind, const char *wants, struct err *e)
{
    AUTO_FREE char *path = check_resolve(text, dir);
    struct stat st;

    if (stat(path, &st) < 0) {
        int sys = errno;
        (void)check_no(e, "names '%.200s', which cannot be read: %s", text, strerror(sys));
        e->sys = sys;
        return NULL;
    }
    if ((st.st_mode & S_IFMT) != kind)
        return check_no(e, "names '%.200s', which is not a %s", text, wants);
    return TAKE_PTR(path);
}

char *check_folder(const char *text, const char *dir, struct err *e)
{
    char *path = existing(text, dir, S_IFDIR, "directory", e);

    for (size_t n = path ? strlen(path) : 0; n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    return path;
}

char *check_file(const char *text, const char *dir, struct err *e)
{
    return existing(text, dir, S_IFREG, "file", e);
}

/* git takes a URL's password from anywhere before the '@'; for https even a name alone is a token. */
char *check_git_url(const char *text, const char *dir, struct err *e)
{
    const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text;
    const char *at = memchr(host, '@', strcspn(host, "/"));
    bool http = strncmp(text, "http", 4) == 0;

    (void)dir;
    if (scheme && at && (http || memchr(host, ':', (size_t)(at - host))))
        return check_no(e, "has a password or token in it; a spec holds no secrets, name it in 'token' beside the URL");
    if (scheme && !http && strncmp(text, "ssh://", 6) != 0 && strncmp(text, "file://", 7) != 0)
        return check_no(e, "begins with '%.*s'; write a URL with https, http, ssh or file",
                        (int)(host - text < 20 ? host - text : 20), text);
    return xstrdup(text);
}

/* The clients add paths such as /flows to it, so a last '/' would double. */
char *check_api_url(const char *text, const char *dir, struct err *e)
{
    AUTO_FREE char *url = check_url(text, dir, e);
    if (!url)
        return NULL;
    const char *host = strstr(url, "://");
    if (!host)
        return TAKE_PTR(url); /* the pattern says what it wants */
    for (size_t n = strlen(url); n && url[n - 1] == '/' && url + n - 1 > host + 2; n--)
        url[n - 1] = '\0';
    if (!strchr(host + 3, '/'))
        return check_no(e, "names no path, and the API of a Prefect server has one; write for example: %.200s/api",
                        url);
    return TAKE_PTR(url);
}

char *check_entrypoint(const char *text, const char *dir, struct err *e)
{
    const char *colon = strrchr(text, ':');

    (void)dir;
    if (text[0] == '/')
        return check_no(e, "is '%.100s', an absolute path; entrypoints start at the root of the source", text);
    if (strncmp(text, "../", 3) == 0 || strstr(text, "/../"))
        return check_no(e, "is '%.100s', which leaves the source; entrypoints start at its root", text);
    if (!colon && strlen(text) > 3 && strcmp(text + strlen(text) - 3, ".py") == 0)
        return check_no(e, "is '%.100s', which names no function; write %.100s:FUNCTION", text, text);
    return xstrdup(strncmp(text, "./", 2) == 0 ? text + 2 : text);
}

char *check_flow_image(const char *text, const char *dir, struct err *e)
{
    const char *slash = strrchr(text, '/'), *base = slash ? slash + 1 : text;

    (void)dir;
    if (!strchr(base, ':') && !strchr(text, '@'))
        return check_no(e, "names no tag, so nobody could say what ran; add one such as ':1.4', or a digest");
    return xstrdup(text);
}
