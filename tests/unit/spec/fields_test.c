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
#include <cmocka.h>
#include <regex.h>

static bool is_section(const struct field *f)
{
    return f->type == FIELD_SECTION || f->type == FIELD_CHOICE;
}

static void rows_are_complete(void **state)
{
    (void)state;
    for (const struct field *f = field_table; f->path; f++) {
        const char *dot = strrchr(f->path, '.');
        AUTO_FREE char *parent = dot ? xstrndup(f->path, (size_t)(dot - f->path)) : xstrdup("");
        char *brackets = strstr(parent, "[]");
        regex_t re;
        if (brackets)
            *brackets = '\0';
        if (field_find(f->path) != f)
            fail_msg("%s: stands twice", f->path);
        if (*parent && (!field_find(parent) || field_find(parent) > f))
            fail_msg("%s: its section does not stand before it", f->path);
        if (!f->summary || (!is_section(f) && !f->example))
            fail_msg("%s: has no summary or no example", f->path);
        if (!is_section(f) && !f->required && !f->otherwise && !f->absent)
            fail_msg("%s: nobody knows what happens when it is left out", f->path);
        if (f->pattern && regcomp(&re, f->pattern, REG_EXTENDED | REG_NOSUB))
            fail_msg("%s: the pattern does not compile", f->path);
        else if (f->pattern)
            regfree(&re);
        if ((f->type == FIELD_STRING || f->type == FIELD_STRINGS) && !f->wants)
            fail_msg("%s: cannot say what it wants", f->path);
        if ((f->type == FIELD_STRINGS || f->type == FIELD_RECORDS) && f->max < 1)
            fail_msg("%s: a list without a limit", f->path);
    }
}

/* `path: value` as nested YAML below `head`. */
static char *nested(const char *head, const char *path, const char *value)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(4096);
    int depth = 0;

    sbuf_addstr(&out, head);
    while (*path) {
        size_t n = strcspn(path, ".[");
        bool element = path[n] == '[';
        for (int i = 0; i < depth; i++)
            sbuf_addstr(&out, "  ");
        sbuf_addf(&out, "%.*s:%s", (int)n, path, path[n] ? "\n" : " ");
        path += n + (path[n] != '\0');
        depth++;
        if (!element)
            continue;
        path += strlen("].");
        for (int i = 0; i < depth; i++)
            sbuf_addstr(&out, "  ");
        sbuf_addstr(&out, strcmp(path, "name") == 0 ? "- " : "- name: x\n");
        if (strcmp(path, "name") == 0) {
            sbuf_addf(&out, "name: %s\n", value);
            return sbuf_take(&out);
        }
        depth++;
    }
    sbuf_addf(&out, "%s\n", value);
    return sbuf_take(&out);
}

static void check_accepted(const struct field *f, const char *value)
{
    static const char local[] = "apiVersion: slipway/v1\nname: x\nprovider: {local: {}}\n";
    static const char bare[] = "apiVersion: slipway/v1\nname: x\n";
    static const char ssh[] = "apiVersion: slipway/v1\nname: x\nprovider:\n  ssh:\n    host: h\n"
                              "    host_key: SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    AUTO_SPEC struct spec *s = NULL;
    AUTO_FREE char *text = NULL;
    struct err e = ERR_INIT;

    if (strncmp(f->path, "provider.ssh.host", 17) == 0)
        return; /* they are in every text for ssh */
    if (strcmp(f->path, "apiVersion") == 0 || strcmp(f->path, "name") == 0)
        return;
    if (strncmp(f->path, "provider.ssh.", 13) == 0)
        text = xasprintf("%s    %s: %s\n", ssh, field_leaf(f), value);
    else
        text = nested(strncmp(f->path, "provider", 8) == 0 ? bare : local, f->path, value);
    if (spec_parse("slipway.yaml", text, strlen(text), &s, &e) < 0)
        fail_msg("%s: %s is refused: %s\n%s", f->path, value, e.msg, text);
}

static void defaults_and_examples_are_valid(void **state)
{
    (void)state;
    for (const struct field *f = field_table; f->path; f++) {
        if (f->otherwise)
            check_accepted(f, f->otherwise);
        if (f->example && strcmp(f->path, "machine.trust") != 0) /* names a file */
            check_accepted(f, f->example);
    }
}

/* A commented line with a field, "  # size: auto   # ...", becomes that field. */
static char *uncomment(const char *text)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT((size_t)64 * 1024);

    while (*text) {
        size_t len = strcspn(text, "\n"), blank = strspn(text, " ");
        const char *word = text + blank + 2;
        if (strncmp(text + blank, "# ", 2) == 0 && word[strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789")] == ':')
            sbuf_addf(&out, "%.*s%.*s\n", (int)blank, text, (int)(len - blank - 2), word);
        else
            sbuf_addf(&out, "%.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
    return sbuf_take(&out);
}

static void init_writes_every_field(void **state)
{
    struct err e = ERR_INIT;
    AUTO_FREE char *text = spec_commented(NULL, NULL, &e);
    AUTO_SPEC struct spec *s = NULL, *all = NULL;

    (void)state;
    if (!text || spec_parse("slipway.yaml", text, strlen(text), &s, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(s->name, "demo");
    AUTO_FREE char *full = uncomment(text);
    if (spec_parse("slipway.yaml", full, strlen(full), &all, &e) < 0)
        fail_msg("%s\n%s", e.msg, full);
    /* Each phase is a row there, so all of them are in use now. */
    assert_int_equal(json_object_size(s->timeouts), 0);
    assert_int_equal(json_object_size(all->timeouts), 11);
    assert_non_null(all->k3s.version);
    assert_non_null(all->artifacts.dir);
    for (const struct field *f = field_table; f->path; f++) {
        AUTO_FREE char *key = xasprintf("%s:", field_leaf(f));
        if (strncmp(f->path, "provider.ssh", 12) != 0 && !strstr(text, key))
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
        { "aws", NULL, "provider 'aws' is not built yet; this version has: local, ssh" },
        { "docker", NULL, "unknown provider 'docker'; there are: local, ssh" },
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

/* The first line of a field in the manual. */
static char *manual_line(const struct field *f)
{
    AUTO_FREE char *wants = field_wants(f);

    if (f->type == FIELD_CHOICE)
        return xstrdup("A section with exactly one of the keys below; required.");
    if (f->type == FIELD_SECTION)
        return xstrdup("A section.");
    if (f->required)
        return xasprintf("Wants %s; required.", wants);
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
    for (const struct field *f = field_table; f->path; f++, rows++) {
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
    for (const struct field *f = field_table; f->path; f++) {
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
        cmocka_unit_test(init_for_ssh_asks_for_the_host),
        cmocka_unit_test(init_refuses),
        cmocka_unit_test(manual_agrees),
        cmocka_unit_test(manual_examples_are_valid),
        cmocka_unit_test(schema_has_every_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
