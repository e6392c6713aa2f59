#include "spec/checks.h"
#include "core/base64.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/problems.h"
#include "spec/provider_facts.h"
#include "spec/yaml_tree.h"
#include <arpa/inet.h>
#include <strings.h>
#include <sys/stat.h>

char *check_no(struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = xvasprintf(fmt, ap);
    va_end(ap);
    (void)err_set(e, ERR_SPEC, "%s", text);
    return NULL;
}

char *check_size(const char *text, const char *dir, struct err *e)
{
    const char *x = strchr(text, 'x');
    char *end = NULL;

    (void)dir;
    if (x > text && strspn(text, "0123456789") == (size_t)(x - text) && strtol(x + 1, &end, 10) < 2 && end > x + 1 &&
        !*end)
        return check_no(
            e, "asks for %s GiB of memory, but K3s, PostgreSQL and Prefect need at least 2; write %.*sx2 or more",
            x + 1, (int)(x - text), text);
    return xstrdup(text);
}

/* A name that is known, or what may be an id of some provider; which provider has it is checked with the whole. */
char *check_image(const char *text, const char *dir, struct err *e)
{
    AUTO_SBUF struct sbuf has = SBUF_INIT(1024);
    bool known = false;

    (void)dir;
    for (const struct provider_facts *f = provider_facts; f->name; f++) {
        AUTO_FREE char *list = provider_facts_images(f);
        for (size_t i = 0; f->images && f->images[i]; i++)
            known = known || strcmp(f->images[i], text) == 0;
        known = known || (f->image_id && strncmp(text, f->image_id, strlen(f->image_id)) == 0);
        if (*list)
            sbuf_addf(&has, "%s%s has %s", has.len ? "; " : "", f->name, list);
    }
    if (known || strlen(text) > 40 || text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-")])
        return xstrdup(text); /* what is no name at all the pattern refuses */
    return check_no(e, "is '%s', which no provider has: %s", text, has.data);
}

char *check_prefect_version(const char *text, const char *dir, struct err *e)
{
    static const long floor[] = { 3, 8, 3 };
    const char *p = text;

    (void)dir;
    for (size_t i = 0; i < ARRAY_LEN(floor); i++) {
        char *end;
        long part = strtol(p, &end, 10);
        if (end == p || part > floor[i])
            break;
        if (part < floor[i])
            return check_no(e,
                            "is %s, but with basic auth on Prefect before 3.8.3 loses task run events "
                            "(PrefectHQ/prefect#22812); write 3.8.3 or later",
                            text);
        p = end + (*end == '.');
    }
    return xstrdup(text);
}

char *check_pool_name(const char *text, const char *dir, struct err *e)
{
    (void)dir;
    if (strncasecmp(text, "prefect", strlen("prefect")) == 0)
        return check_no(
            e, "is '%s', but the server keeps names that begin with 'prefect' for itself (HTTP 403); rename it", text);
    return xstrdup(text);
}

char *check_image_ref(const char *text, const char *dir, struct err *e)
{
    const char *slash = strrchr(text, '/'), *base = slash ? slash + 1 : text;
    const char *at = strchr(text, '@'), *tag = strchr(base, ':');

    (void)dir;
    if (at && (strncmp(at, "@sha256:", 8) != 0 || strspn(at + 8, "0123456789abcdef") != 64 || at[8 + 64]))
        return check_no(e, "has a digest that is not '@sha256:' and 64 hex digits; copy it from the registry");
    if (!at && (!tag || !tag[1]))
        return check_no(e, "names no tag; add one that stays on a major release, such as ':17-bookworm'");
    if (!at && strcmp(tag, ":latest") == 0)
        return check_no(e, "uses the tag 'latest', whose next major release cannot read the old data; "
                           "name a release such as ':17-bookworm'");
    return xstrdup(text);
}

char *check_cidr(const char *text, const char *dir, struct err *e)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    unsigned char addr[16];
    char *end = NULL;

    (void)dir;
    if (strcmp(text, "auto") == 0)
        return xstrdup(text);
    const char *slash = strchr(text, '/');
    AUTO_FREE char *host = slash ? xstrndup(text, (size_t)(slash - text)) : xstrdup(text);
    int family = strchr(host, ':') ? AF_INET6 : AF_INET;
    long bits = family == AF_INET6 ? 128 : 32;
    if (inet_pton(family, host, addr) != 1)
        return check_no(e, "has '%.60s', which is neither auto nor a CIDR range; write one such as 203.0.113.0/24",
                        text);
    if (family == AF_INET6 && memcmp(addr, mapped, sizeof(mapped)) == 0)
        return check_no(e, "has '%.60s', an IPv4 address written as IPv6; write it as IPv4", text);
    if (!slash) {
        static const unsigned char everywhere[16];
        bool all = memcmp(addr, everywhere, (size_t)bits / 8) == 0;
        return check_no(e, "has the address '%s' without a prefix length; write %s/%ld", text, text, all ? 0 : bits);
    }
    long prefix = slash[1] >= '0' && slash[1] <= '9' ? strtol(slash + 1, &end, 10) : -1;
    if (!end || *end || end - slash > 4 || prefix < 0 || prefix > bits)
        return check_no(e, "has '%.60s', whose prefix length is not 0 to %ld", text, bits);
    for (long i = prefix; i < bits; i++) {
        if (addr[i / 8] & (0x80 >> (i % 8)))
            return check_no(
                e, "has '%s' with bits set past the prefix; write the network's first address, or /%ld for one host",
                text, bits);
    }
    return xstrdup(text);
}

char *check_host(const char *text, const char *dir, struct err *e)
{
    struct in6_addr a6;
    AUTO_FREE char *bare = xstrndup(text, strcspn(text, "%"));

    (void)dir;
    if (strchr(text, ':') && inet_pton(AF_INET6, bare, &a6) != 1)
        return check_no(e, "is '%.60s', which is not an IPv6 address; a port goes into 'provider.ssh.port'", text);
    return xstrdup(text);
}

/* RFC 4253 6.6: the blob repeats the algorithm's name; sizes are fixed for both kinds we take. */
static bool blob_fits(const char *line)
{
    static const struct {
        const char *name;
        size_t size;
    } kinds[] = { { "ssh-ed25519", 51 }, { "ecdsa-sha2-nistp256", 104 } };
    AUTO_SBUF struct sbuf blob = SBUF_INIT(4096);
    struct err ignored = ERR_INIT;
    const char *b64 = strchr(line, ' ') + 1;

    if (base64_decode(&blob, b64, strlen(b64), &ignored) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = strlen(kinds[i].name);
        if (strncmp(line, kinds[i].name, n) == 0 && line[n] == ' ')
            return blob.len == kinds[i].size && memcmp(blob.data + 4, kinds[i].name, n) == 0;
    }
    return false;
}

char *check_host_key(const char *text, const char *dir, struct err *e)
{
    const char *b64 = strchr(text, ' ');

    (void)dir;
    if (strstr(text, "ssh-rsa") || strstr(text, "rsa-sha2"))
        return check_no(
            e, "is an RSA key, which libssh2 1.10 can only use with SHA-1, and today's sshd refuses that; name the "
               "host's ed25519 or ecdsa key (ssh-keyscan -t ed25519 HOST)");
    if (strncmp(text, "MD5:", 4) == 0)
        return check_no(e, "is an MD5 fingerprint, which proves nothing any more; take 'ssh-keygen -l -E sha256'");
    if (strncmp(text, "ecdsa-sha2-nistp384", 19) == 0 || strncmp(text, "ecdsa-sha2-nistp521", 19) == 0)
        return check_no(e, "is a key on a curve that slipway does not use; name the host's ed25519 or nistp256 key");
    if (strncmp(text, "SHA256:", 7) == 0)
        return strlen(text) == 50
                   ? xstrdup(text)
                   : check_no(e, "is a SHA256 fingerprint of %zu characters after 'SHA256:', not 43; copy it whole",
                              strlen(text) - 7);
    if (strstr(text, " ssh-ed25519 ") || strstr(text, " ecdsa-sha2-nistp256 "))
        return check_no(e, "has a host name in front, as ssh-keyscan prints it; remove the first word");
    if (!b64 || (strncmp(text, "ssh-ed25519 ", 12) != 0 && strncmp(text, "ecdsa-sha2-nistp256 ", 20) != 0))
        return xstrdup(text);                                                      /* the pattern refuses it */
    char *line = xstrndup(text, (size_t)(b64 - text) + 1 + strcspn(b64 + 1, " ")); /* without the comment */
    if (blob_fits(line))
        return line;
    free(line);
    return check_no(e, "is a damaged key line: the part after '%.*s' is not such a key; copy it whole",
                    (int)(b64 - text), text);
}

char *check_resolve(const char *text, const char *dir)
{
    const char *home = getenv("HOME");

    if (text[0] == '/')
        return xstrdup(text);
    if (text[0] == '~' && text[1] == '/' && home)
        return xasprintf("%s%s", home, text + 1);
    return strcmp(text, ".") == 0 ? xstrdup(dir) : fsx_join(dir, strncmp(text, "./", 2) == 0 ? text + 2 : text);
}

/* Never repeats the value: it may be the key itself. */
char *check_path(const char *text, const char *dir, struct err *e)
{
    if (strchr(text, '\n') || strstr(text, "-----BEGIN"))
        return check_no(e, "wants the path of a key, not the key itself; a spec holds no secrets, save it to a file");
    return check_resolve(text, dir);
}

char *check_dir(const char *text, const char *dir, struct err *e)
{
    (void)e;
    return check_resolve(text, dir);
}

char *check_pem_file(const char *text, const char *dir, struct err *e)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    AUTO_SBUF struct sbuf pem = SBUF_INIT((size_t)4 * 1024 * 1024);
    struct err why = ERR_INIT;
    struct stat st;
    char *path;

    if (strstr(text, "-----BEGIN"))
        return check_no(e, "wants paths of PEM files, not their content; save it to a file and name that");
    path = check_resolve(text, dir);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a pipe would wait for ever */
        (void)check_no(e, "names '%.200s', which is not a file", text);
    } else if (fsx_read(path, &pem, &why) < 0) {
        (void)check_no(e, "names '%.200s', which cannot be read: %s", text, why.sys ? strerror(why.sys) : why.msg);
        e->sys = why.sys;
    } else {
        const char *from = strstr(pem.data, begin);
        if (strstr(pem.data, "PRIVATE KEY-----"))
            (void)check_no(e, "names '%.200s', which holds a private key; it would be copied to the machine", text);
        else if (from && strstr(from, end))
            return path;
        else
            (void)check_no(e, "names '%.200s', which holds no PEM certificate ('%s')", text, begin);
    }
    free(path);
    return NULL;
}

char *check_url(const char *text, const char *dir, struct err *e)
{
    const char *host = strstr(text, "://");

    (void)dir;
    if (host && memchr(host + 3, '@', strcspn(host + 3, "/")))
        return check_no(e, "has a URL with a password in it; a spec holds no secrets, remove it");
    return xstrdup(text);
}

struct owned {
    const char *key, *why;
};

/* What slipway sets itself, because the rest of its promises hang on it. */
static const struct owned k3s_owned[] = {
    { "secrets-encryption", "slipway always turns it on at the first start" },
    { "write-kubeconfig", "slipway reads it where K3s puts it" },
    { "write-kubeconfig-mode", "slipway keeps it 0600; 'slipway kubeconfig' hands it out" },
    { "write-kubeconfig-group", "slipway keeps it 0600; 'slipway kubeconfig' hands it out" },
    { "token", "a spec holds no secrets, and one machine needs no token" },
    { "token-file", "one machine needs no token" },
    { "agent-token", "a spec holds no secrets, and one machine needs no token" },
    { "agent-token-file", "one machine needs no token" },
    { "server", "the machine is its own cluster" },
    { "node-name", "slipway finds the node by the deployment's name" },
    { "data-dir", "images, health checks and teardown use /var/lib/rancher/k3s" },
    { "datastore-endpoint", "a database elsewhere would outlive teardown, and its URL holds a password" },
    { "https-listen-port", "slipway's tunnels go to 6443" },
    { "disable-agent", "Prefect runs on this node" },
    { "disable-apiserver", "Prefect needs the API" },
    { "disable-scheduler", "flow runs are pods that must be scheduled" },
    { "docker", "images are put into containerd" },
    { "container-runtime-endpoint", "images are put into K3s' containerd" },
    { "rootless", "slipway runs K3s as a system service" },
};

static void inspect_disable(const struct yt_node *n, const char *path, struct spec_problems *p)
{
    static const struct owned needed[] = {
        { "coredns", "Prefect finds its database and its API by name" },
        { "local-storage", "the database's volume comes from it" },
    };

    for (size_t i = 0; i < (n->kind == YT_LIST ? n->n : 1); i++) {
        const struct yt_node *item = n->kind == YT_LIST ? n->items[i] : n;
        for (size_t j = 0; item->kind == YT_SCALAR && j < ARRAY_LEN(needed); j++) {
            if (strstr(item->text, needed[j].key))
                problems_add(p, item->line, item->column, path, "'%s.disable' must not name '%s': %s; remove it", path,
                             needed[j].key, needed[j].why);
        }
    }
}

const char *check_k3s_owned(size_t i)
{
    return i < ARRAY_LEN(k3s_owned) ? k3s_owned[i].key : NULL;
}

void check_k3s_config(const struct yt_node *n, const char *path, struct spec_problems *p)
{
    for (size_t i = 0; i < n->n; i++) {
        const struct yt_node *key = n->keys[i];
        size_t len = strlen(key->text);
        if (len && key->text[len - 1] == '+') /* K3s: "key+" appends */
            len--;
        for (size_t j = 0; j < ARRAY_LEN(k3s_owned); j++) {
            if (strlen(k3s_owned[j].key) == len && strncmp(k3s_owned[j].key, key->text, len) == 0)
                problems_add(p, key->line, key->column, path, "'%s.%s' is not yours to set: %s; remove it", path,
                             k3s_owned[j].key, k3s_owned[j].why);
        }
        if (len == 7 && strncmp(key->text, "disable", 7) == 0)
            inspect_disable(n->items[i], path, p);
    }
}

void check_resources(const struct yt_node *n, const char *path, struct spec_problems *p)
{
    for (size_t i = 0; i < n->n; i++) {
        const struct yt_node *key = n->keys[i], *value = n->items[i];
        bool known = strcmp(key->text, "limits") == 0 || strcmp(key->text, "requests") == 0;
        char shown[64];
        problems_show(known ? value : key, shown);
        if (!known)
            problems_add(p, key->line, key->column, path,
                         "unknown key %s in '%s'; Kubernetes has 'requests' and 'limits'", shown, path);
        else if (value->kind != YT_MAP)
            problems_add(p, value->line, value->column, path,
                         "'%s.%s' wants a mapping such as {cpu: 500m, memory: 1Gi}, got %s", path, key->text, shown);
    }
}
