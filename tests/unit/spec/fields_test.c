/* The field table agrees with itself, with `slipway init` and with slipway.yaml(5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fsx.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include "spec/fields.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"
#include <cmocka.h>
#include <regex.h>

static bool is_section(const struct field *f)
{
    return f->type == FIELD_SECTION || f->type == FIELD_CHOICE;
}

static bool stands_before(const struct field *above, const struct field *f)
{
    while (above && above != f)
        above = field_next(above);
    return above != NULL;
}

static void rows_are_complete(void **state)
{
    (void)state;
    for (const struct field *f = NULL; (f = field_next(f));) {
        const char *dot = strrchr(f->path, '.');
        AUTO_FREE char *parent = dot ? xstrndup(f->path, (size_t)(dot - f->path)) : xstrdup("");
        char *brackets = *parent ? parent + strlen(parent) - 2 : NULL;
        regex_t re;
        if (brackets && brackets > parent && strcmp(brackets, "[]") == 0)
            *brackets = '\0';
        if (field_find(f->path) != f)
            fail_msg("%s: stands twice", f->path);
        if (*parent && !stands_before(field_find(parent), f))
            fail_msg("%s: its section does not stand before it", f->path);
        if (!f->summary || (!is_section(f) && !f->example))
            fail_msg("%s: has no summary or no example", f->path);
        if (!is_section(f) && !f->required && !f->otherwise && !f->absent && !field_is_alternative(f))
            fail_msg("%s: nobody knows what happens when it is left out", f->path);
        if (f->pattern && regcomp(&re, f->pattern, REG_EXTENDED | REG_NOSUB))
            fail_msg("%s: the pattern does not compile", f->path);
        else if (f->pattern)
            regfree(&re);
        if ((f->type == FIELD_STRING || f->type == FIELD_STRINGS) && !f->wants)
            fail_msg("%s: cannot say what it wants", f->path);
        if ((f->type == FIELD_STRINGS || f->type == FIELD_RECORDS) && f->max < 1)
            fail_msg("%s: a list without a limit", f->path);
        if (f->type == FIELD_RECORDS && (!f->size || !f->count))
            fail_msg("%s: nobody knows how large a record is, or where their number goes", f->path);
        if (f->shorthand) {
            AUTO_FREE char *below = xasprintf("%s.%s", f->path, f->shorthand);
            if (f->type != FIELD_SECTION || !field_find(below))
                fail_msg("%s: is short for a field that does not exist", f->path);
        }
    }
}

/* What must stand beside a field for its value to make sense. */
static const struct {
    const char *field, *at, *text, *only; /* a field (or section) of that path gets `text` in the section `at` */
} beside[] = {
    { "provider.aws.security_group", "provider.aws", "subnet: subnet-0123456789abcdef0", NULL },
    { "prefect.server.auth", "prefect.server", "url: https://prefect.example.com/api", NULL },
    { "prefect.server.database.type", "", "runtime: systemd", "sqlite" },
    { "prefect.work_pools[].docker_socket", "", "runtime: systemd", "true" },
    { "prefect.work_pools[].docker_socket", "prefect.work_pools[]", "type: docker", "true" },
    { "flows.deployments", "flows", "source: {git: {url: https://git.example.com/flows.git}}", NULL },
    { "flows.deployments[].schedules[].anchor", "flows.deployments[].schedules[]", "interval: 60", NULL },
    { "flows.deployments[].schedules[].timezone", "flows.deployments[].schedules[]", "cron: '@daily'", NULL },
    { "flows.deployments[].schedules[].slug", "flows.deployments[].schedules[]", "cron: '@daily'", NULL },
    { "flows.deployments[].schedules[].active", "flows.deployments[].schedules[]", "cron: '@daily'", NULL },
    { "flows.deployments[].schedules[].parameters", "flows.deployments[].schedules[]", "cron: '@daily'", NULL },
    { "flows.deployments[].source.image", "flows.deployments[]", "image: 'flows:1.4'", NULL },
};

static bool is_or_is_in(const char *path, const char *section)
{
    size_t n = strlen(section);

    return strncmp(path, section, n) == 0 && (!path[n] || path[n] == '.' || path[n] == '[');
}

/* The section `at` as a flow mapping that holds the field `path` with `value`, and what must stand beside it. */
static void add_section(struct sbuf *out, const char *at, const char *path, const char *value)
{
    const char *rest = path + strlen(at) + (*at != '\0');
    size_t n = strcspn(rest, ".[");
    bool list = strncmp(rest + n, "[].", 3) == 0, last = !rest[n];
    const struct field *section = *at ? field_find(at) : NULL;

    sbuf_addch(out, '{');
    for (const struct field *f = NULL; !(section && section->type == FIELD_CHOICE) && (f = field_child(at, f));) {
        if (f->required && (strlen(field_leaf(f)) != n || strncmp(field_leaf(f), rest, n) != 0))
            sbuf_addf(out, "%s: %s, ", field_leaf(f), f->example);
    }
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        if (is_or_is_in(path, beside[i].field) && strcmp(beside[i].at, at) == 0 &&
            (!beside[i].only || strcmp(beside[i].only, value) == 0))
            sbuf_addf(out, "%s, ", beside[i].text);
    }
    sbuf_addf(out, "%.*s: %s", (int)n, rest, list ? "[" : "");
    if (last) {
        sbuf_addstr(out, value);
    } else {
        AUTO_FREE char *below = xasprintf("%.*s%s", (int)(rest - path + (ptrdiff_t)n), path, list ? "[]" : "");
        add_section(out, below, path, value);
    }
    sbuf_addf(out, "%s}", list ? "]" : "");
}

/* Paths in the examples exist beside this file. */
static void check_accepted(const struct field *f, const char *value)
{
    AUTO_SBUF struct sbuf text = SBUF_INIT(16384);
    AUTO_SPEC struct spec *s = NULL;
    struct err e = ERR_INIT;

    add_section(&text, "", f->path, value);
    if (spec_parse("tests/data/spec/slipway.yaml", text.data, text.len, &s, &e) < 0)
        fail_msg("%s: %s is refused: %s\n%s", f->path, value, e.msg, text.data);
}

static void defaults_and_examples_are_valid(void **state)
{
    (void)state;
    for (const struct field *f = NULL; (f = field_next(f));) {
        if (f->otherwise)
            check_accepted(f, f->otherwise);
        if (f->example && strcmp(f->path, "machine.trust") != 0) /* names a file */
            check_accepted(f, f->example);
    }
}

/* A commented line with a field, "  # size: auto   # ...", becomes that field, if it is among `words` (or not). */
static char *uncomment(const char *text, const char *const *words, bool among)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT((size_t)64 * 1024);

    while (*text) {
        size_t len = strcspn(text, "\n"), blank = strspn(text, " ");
        const char *word = text + blank + 2;
        size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789");
        bool listed = false;
        for (size_t i = 0; words[i]; i++)
            listed = listed || (strlen(words[i]) == n && strncmp(words[i], word, n) == 0);
        if (strncmp(text + blank, "# ", 2) == 0 && word[n] == ':' && listed == among)
            sbuf_addf(&out, "%.*s%.*s\n", (int)blank, text, (int)(len - blank - 2), word);
        else
            sbuf_addf(&out, "%.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
    return sbuf_take(&out);
}

static struct spec *uncommented(const char *text, const char *const *words, bool among)
{
    AUTO_FREE char *full = uncomment(text, words, among);
    struct spec *s = NULL;
    struct err e = ERR_INIT;

    if (spec_parse("tests/data/spec/slipway.yaml", full, strlen(full), &s, &e) < 0)
        fail_msg("%s\n%s", e.msg, full);
    return s;
}

/* Is it shown inside the one line of a list, a choice or a section that must be whole? */
static bool is_inside_a_line(const struct field *f)
{
    for (const struct field *above = NULL; (above = field_next(above)) != f;) {
        bool line = above->type == FIELD_RECORDS || (above->type == FIELD_SECTION && above->example) ||
                    (above->type == FIELD_CHOICE && !above->required);
        if (line && is_or_is_in(f->path, above->path))
            return true;
    }
    return false;
}

static void init_writes_every_field(void **state)
{
    static const char *const none[] = { NULL }, *const elsewhere[] = {
        "cloud", "url", "auth", "from", "trust", NULL
    }; /* "trust" names a file */
    static const char *const cloud[] = { "cloud", "from", NULL }, *const url[] = { "url", "auth", NULL };
    struct err e = ERR_INIT;
    AUTO_FREE char *text = spec_commented(NULL, NULL, &e);

    (void)state;
    if (!text)
        fail_msg("%s", e.msg);
    AUTO_SPEC struct spec *s = uncommented(text, none, true);
    assert_string_equal(s->name, "demo");
    assert_int_equal(json_object_size(s->timeouts), 0);
    /* Each phase is a row there, so all of them are in use now. */
    AUTO_SPEC struct spec *all = uncommented(text, elsewhere, false);
    assert_int_equal(json_object_size(all->timeouts), 12);
    assert_non_null(all->k3s.version);
    assert_non_null(all->artifacts.dir);
    assert_int_equal(all->flows.n_deployments, 1);
    /* What excludes the rest, on its own. */
    AUTO_SPEC struct spec *in_cloud = uncommented(text, cloud, true), *at_url = uncommented(text, url, true);
    assert_non_null(in_cloud->prefect.server.cloud.account);
    assert_non_null(in_cloud->flows.from);
    assert_non_null(at_url->prefect.server.auth.env);
    for (const struct field *f = NULL; (f = field_next(f));) {
        AUTO_FREE char *key = xasprintf("%s:", field_leaf(f));
        bool other = field_find("provider") != f && strncmp(f->path, "provider.", 9) == 0 &&
                     !is_or_is_in(f->path, "provider.local");
        if (!other && !is_inside_a_line(f) && !strstr(text, key))
            fail_msg("%s is not in what init writes", f->path);
    }
}

/* Nothing is left to fill in; what excludes the rest is tried on its own. */
static void init_for_aws_is_ready(void **state)
{
    static const char *const none[] = { NULL }, *const own[] = { "region", "zones", "cidr", "size", NULL };
    static const char *const shared[] = { "subnet", "security_group", NULL };
    struct err e = ERR_INIT;
    AUTO_FREE char *text = spec_commented("aws", "flows", &e);

    (void)state;
    assert_non_null(text);
    AUTO_SPEC struct spec *s = uncommented(text, none, true), *mine = uncommented(text, own, true);
    AUTO_SPEC struct spec *theirs = uncommented(text, shared, true);
    assert_string_equal(s->provider, "aws");
    assert_null(s->aws.region);
    assert_string_equal(s->aws.cidr, "10.77.0.0/16");
    assert_int_equal(s->aws.zones.len, 0);
    assert_string_equal(mine->aws.region, "eu-central-1");
    assert_string_equal(mine->aws.zones.items[1], "eu-central-1b");
    assert_string_equal(theirs->aws.subnet, "subnet-0123456789abcdef0");
    assert_string_equal(theirs->aws.security_group, "sg-0123456789abcdef0");
    for (const struct field *f = NULL; (f = field_child("provider.aws", f));) {
        AUTO_FREE char *key = xasprintf("    # %s: ", field_leaf(f));
        if (!strstr(text, key))
            fail_msg("%s is not in what init writes", f->path);
    }
}

/* Only the user knows host and key: the spec for ssh asks for exactly these two. */
static void init_for_ssh_asks_for_the_host(void **state)
{
    struct err e = ERR_INIT;
    AUTO_FREE char *text = spec_commented("ssh", "flows", &e);
    AUTO_SPEC struct spec *s = NULL;

    (void)state;
    assert_non_null(text);
    assert_int_equal(spec_parse("f", text, strlen(text), &s, &e), -1);
    assert_non_null(strstr(e.msg, "'provider.ssh.host' is empty; fill it in\n"));
    assert_non_null(strstr(e.msg, "'provider.ssh.host_key' is empty; fill it in"));
    assert_null(strchr(strchr(e.msg, '\n') + 1, '\n'));
}

static void init_refuses(void **state)
{
    static const struct {
        const char *provider, *name, *want;
    } cases[] = {
        { "gcp", NULL, "provider 'gcp' is not built yet; this version has: local, ssh, aws" },
        { "docker", NULL, "unknown provider 'docker'; there are: local, ssh, aws" },
        { NULL, "Flows", "name 'Flows' is not 1 to 20 of a-z, 0-9 and '-', a letter first and no '-' last" },
        { NULL, "a\nprovider: {}",
          "name 'a\nprovider: {}' is not 1 to 20 of a-z, 0-9 and '-', a letter first and no '-' last" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        assert_null(spec_commented(cases[i].provider, cases[i].name, &e));
        assert_int_equal(e.code, ERR_USAGE);
        assert_string_equal(e.msg, cases[i].want);
    }
}

/* A deployment's source and flows.source have the same fields: one name for both. */
static const char *without_place(const char *path)
{
    static const char *const places[] = { "flows.deployments[].source", "flows.source" };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (is_or_is_in(path, places[i]))
            return path + strlen(places[i]) - strlen("source");
    }
    return path;
}

/* Table paths of everything in a tree, one a line. */
static void add_paths(struct sbuf *out, const struct yt_node *n, const char *path)
{
    bool free_mapping = *path && field_find(path) && field_find(path)->type == FIELD_FREE;

    sbuf_addf(out, "\n%s\n", without_place(path));
    for (size_t i = 0; !free_mapping && i < n->n; i++) {
        AUTO_FREE char *below = n->kind == YT_LIST ? xasprintf("%s[]", path)
                                                   : xasprintf("%s%s%s", path, *path ? "." : "", n->keys[i]->text);
        add_paths(out, n->items[i], below);
    }
}

static void examples_show_every_field(void **state)
{
    AUTO_SBUF struct sbuf seen = SBUF_INIT((size_t)1024 * 1024);
    struct dirent **list = NULL;
    int n = scandir("examples", &list, NULL, alphasort), read = 0;

    (void)state;
    for (int i = 0; i < n; i++) {
        AUTO_FREE struct dirent *d = list[i];
        AUTO_FREE char *path = xasprintf("examples/%s", d->d_name);
        AUTO_SBUF struct sbuf text = SBUF_INIT((size_t)1024 * 1024);
        AUTO_PROBLEMS struct spec_problems p = { 0 };
        struct err e = ERR_INIT;
        if (!strstr(d->d_name, ".yaml"))
            continue;
        assert_int_equal(fsx_read(path, &text, &e), 0);
        AUTO_YT struct yt_node *root = yt_parse(text.data, text.len, &p);
        assert_non_null(root);
        add_paths(&seen, root, "");
        read++;
    }
    free(list);
    assert_true(read >= 4);
    for (const struct field *f = NULL; (f = field_next(f));) {
        AUTO_FREE char *line = xasprintf("\n%s\n", without_place(f->path));
        bool one_way = f->hush && field_is_alternative(f); /* env and file are the same for every secret */
        if (!one_way && !strstr(seen.data, line))
            fail_msg("%s is in none of the examples", f->path);
    }
}

/* The first line of a field in the manual. */
static char *manual_line(const struct field *f)
{
    AUTO_FREE char *wants = field_wants(f);

    if (f->type == FIELD_CHOICE)
        return f->required ? xstrdup("A section with exactly one of the keys below; required.")
                           : xasprintf("A section with exactly one of the keys below; when left out: %s.", f->absent);
    if (f->type == FIELD_SECTION)
        return f->shorthand ? xasprintf("A section, or the value of its '%s' alone.", f->shorthand)
                            : xstrdup("A section.");
    if (f->required)
        return xasprintf("Wants %s; required.", wants);
    if (field_is_alternative(f))
        return xasprintf("Wants %s.", wants);
    return f->otherwise ? xasprintf("Wants %s; default: %s.", wants, f->otherwise)
                        : xasprintf("Wants %s; when left out: %s.", wants, f->absent);
}

static void manual_agrees(void **state)
{
    AUTO_SBUF struct sbuf page = SBUF_INIT((size_t)1024 * 1024);
    struct err e = ERR_INIT;
    size_t rows = 0, items = 0;

    (void)state;
    if (fsx_read("man/slipway.yaml.5", &page, &e) < 0)
        fail_msg("%s", e.msg);
    for (const struct field *f = NULL; (f = field_next(f)); rows++) {
        AUTO_FREE char *line = manual_line(f), *head = xasprintf("\n.It Cm %s\n%s\n", f->path, line);
        AUTO_FREE char *example = f->example ? xasprintf("\n.Dl %s: %s\n", field_leaf(f), f->example) : NULL;
        const char *at = strstr(page.data, head), *end = at ? strstr(at + 1, "\n.It ") : NULL;
        if (!at)
            fail_msg("slipway.yaml.5 lacks%s", head);
        const char *shown = example ? strstr(at, example) : at;
        if (!shown || (end && shown > end))
            fail_msg("slipway.yaml.5: %s lacks its example:%s", f->path, example);
    }
    for (const char *at = page.data; (at = strstr(at, "\n.It Cm ")); at++)
        items++;
    assert_int_equal(items, rows); /* nothing that does not exist */
    for (size_t i = 0; check_k3s_owned(i); i++) {
        if (!strstr(page.data, check_k3s_owned(i)))
            fail_msg("slipway.yaml.5 does not name '%s' as a key that k3s.config may not set", check_k3s_owned(i));
    }
}

static void manual_examples_are_valid(void **state)
{
    static const char begin[] = ".Bd -literal -offset indent\napiVersion:";
    AUTO_SBUF struct sbuf page = SBUF_INIT((size_t)1024 * 1024);
    struct err e = ERR_INIT;
    size_t seen = 0;

    (void)state;
    if (fsx_read("man/slipway.yaml.5", &page, &e) < 0)
        fail_msg("%s", e.msg);
    for (const char *at = page.data; (at = strstr(at, begin)); at++, seen++) {
        const char *text = strchr(at, '\n') + 1, *end = strstr(text, "\n.Ed");
        AUTO_SPEC struct spec *s = NULL;
        if (spec_parse("slipway.yaml.5", text, (size_t)(end + 1 - text), &s, &e) < 0)
            fail_msg("%s", e.msg);
    }
    assert_true(seen >= 3);
}

static void schema_has_every_field(void **state)
{
    AUTO_JSON json_t *schema = spec_schema();

    (void)state;
    assert_string_equal(jsonx_str(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    for (const struct field *f = NULL; (f = field_next(f));) {
        AUTO_SBUF struct sbuf at = SBUF_INIT(1024);
        sbuf_addstr(&at, "properties.");
        for (const char *p = f->path; *p; p++) {
            if (*p == '.')
                sbuf_addstr(&at, ".properties.");
            else if (*p == '[')
                sbuf_addstr(&at, ".items");
            else if (*p != ']')
                sbuf_addch(&at, *p);
        }
        const json_t *j = jsonx_get(schema, at.data);
        if (!j || strcmp(jsonx_str(j, "description"), f->summary) != 0)
            fail_msg("%s is not in the schema", f->path);
        if ((json_object_get(j, "default") != NULL) != (f->otherwise != NULL))
            fail_msg("%s: default in the schema and in the table differ", f->path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(defaults_and_examples_are_valid),
        cmocka_unit_test(init_writes_every_field),
        cmocka_unit_test(init_for_aws_is_ready),
        cmocka_unit_test(init_for_ssh_asks_for_the_host),
        cmocka_unit_test(init_refuses),
        cmocka_unit_test(examples_show_every_field),
        cmocka_unit_test(manual_agrees),
        cmocka_unit_test(manual_examples_are_valid),
        cmocka_unit_test(schema_has_every_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
