#include "aws/profile.h"
#include "aws/words.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/util.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

struct entry {
    char *key;
    struct sbuf value; /* lines after the first are continuations; wiped */
};

struct section {
    char *header; /* between the brackets */
    enum aws_section kind;
    char *name; /* NULL: a header that means nothing to us */
    struct entry *entries;
    size_t len;
};

struct file {
    char *path;
    struct section *sections;
    size_t len;
};

struct aws_profiles {
    struct file config, credentials;
    char *name;
    bool named;
};

/* A file while it is read. */
struct reader {
    struct file *file;
    bool config;
    int line;
    size_t indent; /* of the last line that was no continuation */
    bool in_value; /* a deeper line continues entry `open` of the last section */
    size_t open;
    struct err *e;
};

static int bad(const struct reader *r, const char *what)
{
    (void)err_set(r->e, ERR_AUTH, "'%s' line %d: %s", r->file->path, r->line, what);
    return err_hint(r->e, "sections are [NAME], everything else is KEY = VALUE; comments begin with #");
}

static void name_section(struct section *s, bool config)
{
    static const struct {
        const char *prefix;
        enum aws_section kind;
    } kinds[] = { { "profile", AWS_PROFILE_CONFIG }, { "sso-session", AWS_SSO_SESSION }, { "services", AWS_SERVICES } };
    AUTO_SVEC struct svec words = SVEC_INIT;

    if (!config || strcmp(s->header, "default") == 0) {
        s->kind = config ? AWS_PROFILE_CONFIG : AWS_PROFILE_CREDENTIALS;
        s->name = xstrdup(s->header);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strncmp(s->header, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
            s->kind = kinds[i].kind;
            if (aws_words_split(&words, s->header) == 0 && words.len == 2)
                s->name = xstrdup(words.items[1]);
            return;
        }
}

/* "[DEFAULT]" gives its keys to every section of its file. */
static bool is_common(const struct section *s)
{
    return strcmp(s->header, "DEFAULT") == 0;
}

static int open_section(struct reader *r, const char *header, size_t len)
{
    struct file *f = r->file;
    struct section s = { .header = xstrndup(header, len) };

    f->sections = xrealloc(f->sections, f->len + 1, sizeof(*f->sections));
    f->sections[f->len++] = s;
    for (size_t i = 0; i + 1 < f->len; i++)
        if (strcmp(f->sections[i].header, s.header) == 0 && !is_common(&s))
            return bad(r, "a section of this name came before");
    name_section(&f->sections[f->len - 1], r->config);
    return 0;
}

static struct entry *find_entry(const struct section *s, const char *key)
{
    for (size_t i = 0; i < s->len; i++)
        if (strcmp(s->entries[i].key, key) == 0)
            return &s->entries[i];
    return NULL;
}

/* Takes `key` over. */
static void add_entry(struct section *s, char *key, const char *value, size_t len)
{
    s->entries = xrealloc(s->entries, s->len + 1, sizeof(*s->entries));
    struct entry *entry = &s->entries[s->len++];
    entry->key = key;
    entry->value = (struct sbuf)SBUF_INIT(MAX_FILE);
    sbuf_add(&entry->value, value, len);
}

/* "key = value" below a key without a value: kept as "parent.key". */
static int read_nested(struct reader *r, struct section *s, const char *parent, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len), *end = text + len;

    if (!equals)
        return bad(r, "not a nested KEY = VALUE");
    const char *value = equals + 1, *key_end = equals;
    while (key_end > text && isspace((unsigned char)key_end[-1]))
        key_end--;
    while (value < end && isspace((unsigned char)*value))
        value++;
    AUTO_FREE char *key = xasprintf("%s.%.*s", parent, (int)(key_end - text), text);
    struct entry *old = find_entry(s, key);
    if (!old) {
        add_entry(s, TAKE_PTR(key), value, (size_t)(end - value));
        return 0;
    }
    sbuf_reset(&old->value);
    sbuf_add(&old->value, value, (size_t)(end - value));
    return 0;
}

static int continue_value(struct reader *r, const char *text, size_t len)
{
    struct section *s = &r->file->sections[r->file->len - 1];
    struct entry *entry = &s->entries[r->open];

    if (len && strspn(entry->value.data, "\n") == entry->value.len)
        return read_nested(r, s, entry->key, text, len);
    sbuf_addch(&entry->value, '\n');
    sbuf_add(&entry->value, text, len);
    return 0;
}

static int read_entry(struct reader *r, const char *text, size_t len)
{
    struct section *s = r->file->len ? &r->file->sections[r->file->len - 1] : NULL;
    size_t n = 0, value;

    while (n < len && text[n] != '=' && text[n] != ':')
        n++;
    if (!s)
        return bad(r, "before the first section");
    if (n == len || n == 0)
        return bad(r, "neither a section nor KEY = VALUE");
    for (value = n + 1; value < len && isspace((unsigned char)text[value]);)
        value++;
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    AUTO_FREE char *key = xstrndup(text, n);
    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (find_entry(s, key))
        return bad(r, "a key of this name came before in the section");
    r->open = s->len;
    r->in_value = true;
    add_entry(s, TAKE_PTR(key), text + value, len - value);
    return 0;
}

/* `text` has no white space at its ends. */
static int read_line(struct reader *r, size_t indent, const char *text, size_t len)
{
    const char *close = len > 2 && *text == '[' ? memrchr(text, ']', len) : NULL;

    if (len && strchr("#;", *text))
        return 0;
    if (!len)
        return r->in_value ? continue_value(r, "", 0) : 0;
    if (r->in_value && indent > r->indent)
        return continue_value(r, text, len);
    r->indent = indent;
    if (!close || close == text + 1)
        return read_entry(r, text, len);
    r->in_value = false;
    return open_section(r, text + 1, (size_t)(close - text - 1));
}

static int read_file(struct file *f, bool config, struct err *e)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(MAX_FILE);
    struct reader r = { .file = f, .config = config, .e = e };

    if (fsx_read(f->path, &text, e) < 0) {
        if (e->sys == ENOENT || e->sys == ENOTDIR) {
            err_clear(e);
            return 0;
        }
        e->code = ERR_AUTH;
        return -1;
    }
    if (strlen(text.data) != text.len)
        return err_set(e, ERR_AUTH, "'%s' is not a text: it holds a zero byte", f->path);
    for (const char *at = text.data; *at;) {
        size_t n = strcspn(at, "\n"), indent = 0, end = n;
        r.line++;
        while (indent < n && isspace((unsigned char)at[indent]))
            indent++;
        while (end > indent && isspace((unsigned char)at[end - 1]))
            end--;
        if (read_line(&r, indent, at + indent, end - indent) < 0)
            return -1;
        at += n + (at[n] == '\n');
    }
    for (size_t i = 0; i < f->len; i++)
        for (size_t k = 0; k < f->sections[i].len; k++)
            sbuf_trim(&f->sections[i].entries[k].value);
    return 0;
}

static void file_done(struct file *f)
{
    for (size_t i = 0; i < f->len; i++) {
        struct section *s = &f->sections[i];
        for (size_t k = 0; k < s->len; k++) {
            free(s->entries[k].key);
            sbuf_done(&s->entries[k].value);
        }
        free(s->entries);
        free(s->header);
        free(s->name);
    }
    free(f->sections);
    free(f->path);
}

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* `variable` or its default below the home directory. */
static char *path_of(const char *variable, const char *otherwise)
{
    const char *path = env(variable), *home = env("HOME");

    if (!path)
        path = otherwise;
    return strncmp(path, "~/", 2) == 0 ? fsx_join(home ? home : "", path + 2) : xstrdup(path);
}

int aws_profiles_load(struct aws_profiles **ret, struct err *e)
{
    struct aws_profiles *p = xcalloc(1, sizeof(*p));
    const char *name = env("AWS_DEFAULT_PROFILE");

    if (!name)
        name = env("AWS_PROFILE");
    p->named = name != NULL;
    p->name = xstrdup(name ? name : "default");
    p->config.path = path_of("AWS_CONFIG_FILE", "~/.aws/config");
    p->credentials.path = path_of("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    if (read_file(&p->config, true, e) < 0 || read_file(&p->credentials, false, e) < 0) {
        aws_profiles_free(p);
        return -1;
    }
    *ret = p;
    return 0;
}

void aws_profiles_free(struct aws_profiles *p)
{
    if (!p)
        return;
    file_done(&p->config);
    file_done(&p->credentials);
    free(p->name);
    free(p);
}

const char *aws_profiles_name(const struct aws_profiles *p)
{
    return p->name;
}

bool aws_profiles_named(const struct aws_profiles *p)
{
    return p->named;
}

static const struct file *file_of(const struct aws_profiles *p, enum aws_section section)
{
    return section == AWS_PROFILE_CREDENTIALS ? &p->credentials : &p->config;
}

const char *aws_profiles_file(const struct aws_profiles *p, enum aws_section section)
{
    return file_of(p, section)->path;
}

/* Of two headers with one meaning ("[default]", "[profile default]") the later one counts. */
static const struct section *find_section(const struct file *f, enum aws_section kind, const char *name)
{
    for (size_t i = f->len; i-- > 0;)
        if (f->sections[i].name && f->sections[i].kind == kind && strcmp(f->sections[i].name, name) == 0)
            return &f->sections[i];
    return NULL;
}

const char *aws_profiles_get(const struct aws_profiles *p, enum aws_section section, const char *name, const char *key)
{
    const struct file *f = file_of(p, section);
    const struct section *s = find_section(f, section, name);
    const struct entry *found = s ? find_entry(s, key) : NULL;

    for (size_t i = 0; s && !found && i < f->len; i++)
        if (is_common(&f->sections[i]))
            found = find_entry(&f->sections[i], key);
    return found ? found->value.data : NULL;
}

const char *aws_profiles_of(const struct aws_profiles *p, const char *name, const char *key)
{
    const char *value = aws_profiles_get(p, AWS_PROFILE_CREDENTIALS, name, key);

    return value ? value : aws_profiles_get(p, AWS_PROFILE_CONFIG, name, key);
}

const char *aws_profiles_value(const struct aws_profiles *p, const char *key)
{
    return aws_profiles_of(p, p->name, key);
}

bool aws_profiles_has(const struct aws_profiles *p, const char *name)
{
    return find_section(&p->config, AWS_PROFILE_CONFIG, name) ||
           find_section(&p->credentials, AWS_PROFILE_CREDENTIALS, name);
}
