/* Completion scripts from the tables of commands and options. A placeholder says what to offer: words with '|' between
 * them are themselves, SPEC and PATH are files, DIR is a directory, COMMAND is a command. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "spec/fields.h"
#include <stdio.h>

struct shell {
    const char *name;
    void (*print)(struct sbuf *out);
};

static void add_commands(struct sbuf *out, char between)
{
    for (const struct command *c = command_table; c->name; c++) {
        if (c != command_table)
            sbuf_addch(out, between);
        sbuf_addstr(out, c->name);
    }
}

/* The words that `placeholder` stands for, "" when they cannot be known. */
static void add_words(struct sbuf *out, const char *placeholder)
{
    const char *p = placeholder + (*placeholder == '[');

    if (strncmp(p, "COMMAND", 7) == 0)
        add_commands(out, ' ');
    for (; (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '|'; p++)
        sbuf_add(out, *p == '|' ? " " : p, 1);
}

static void add_option_words(struct sbuf *out, const struct option_row *o)
{
    if (o->id != OPT_PROVIDER) {
        add_words(out, o->value);
        return;
    }
    for (const struct field *f = NULL; (f = field_child("provider", f));)
        sbuf_addf(out, "%s%s", out->len ? " " : "", field_leaf(f));
}

static bool wants_file(const struct option_row *o)
{
    return o->value && (strcmp(o->value, "SPEC") == 0 || strcmp(o->value, "PATH") == 0);
}

static bool wants_dir(const struct option_row *o)
{
    return o->value && strcmp(o->value, "DIR") == 0;
}

/* `text` for the inside of single quotes; with `special`, these characters get a backslash. */
static void add_quoted(struct sbuf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            sbuf_addstr(out, "'\\''");
        else if (strchr(special, *text))
            sbuf_addf(out, "\\%c", *text);
        else
            sbuf_addch(out, *text);
    }
}

static void bash_option_values(struct sbuf *out)
{
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct option_row *o = &option_table[i];
        AUTO_SBUF struct sbuf words = SBUF_INIT(1024);
        if (!o->value)
            continue;
        if (o->letter)
            sbuf_addf(out, "    -%c|--%s) ", o->letter, o->name);
        else
            sbuf_addf(out, "    --%s) ", o->name);
        add_option_words(&words, o);
        if (wants_file(o) || wants_dir(o))
            sbuf_addf(out, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\"); return ;;\n",
                      wants_file(o) ? 'f' : 'd');
        else
            sbuf_addf(out, "mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", words.data);
    }
}

/* words='...' options='...' ;; */
static void bash_words(struct sbuf *out, const struct command *c)
{
    sbuf_addstr(out, "words='");
    if (c)
        add_words(out, c->args);
    else
        add_commands(out, ' ');
    sbuf_addstr(out, "' options='");
    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (option_allowed(c, &option_table[i]))
            sbuf_addf(out, "--%s ", option_table[i].name);
    }
    sbuf_addstr(out, "' ;;\n");
}

static void print_bash(struct sbuf *out)
{
    sbuf_addstr(out, "# bash completion for slipway; made by 'slipway completion bash'\n"
                     "_slipway()\n{\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd='' words options i\n"
                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                     "        case ${COMP_WORDS[i]} in\n"
                     "        --) return ;;\n        ");
    add_commands(out, '|');
    sbuf_addstr(out, ") cmd=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n    case $prev in\n");
    bash_option_values(out);
    sbuf_addstr(out, "    esac\n    case $cmd in\n    '') ");
    bash_words(out, NULL);
    for (const struct command *c = command_table; c->name; c++) {
        sbuf_addf(out, "    %s) ", c->name);
        bash_words(out, c);
    }
    sbuf_addstr(out, "    esac\n    [[ $cur == -* ]] && words=$options\n"
                     "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
                     "complete -F _slipway slipway\n");
}

/* One argument of _arguments: '(-f --file)'{-f,--file}'[summary]:SPEC:_files' */
static void zsh_option(struct sbuf *out, const struct option_row *o)
{
    AUTO_SBUF struct sbuf words = SBUF_INIT(1024);

    sbuf_addstr(out, " \\\n            ");
    if (o->letter)
        sbuf_addf(out, "'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
    else
        sbuf_addf(out, "'--%s[", o->name);
    add_quoted(out, o->summary, "[]:\\");
    sbuf_addch(out, ']');
    if (o->value) {
        add_option_words(&words, o);
        sbuf_addf(out, ":%s:", o->value);
        if (wants_file(o) || wants_dir(o))
            sbuf_addstr(out, wants_file(o) ? "_files" : "_files -/");
        else
            sbuf_addf(out, "(%s)", words.data);
    }
    sbuf_addch(out, '\'');
}

static void zsh_options(struct sbuf *out, const struct command *c)
{
    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (option_allowed(c, &option_table[i]))
            zsh_option(out, &option_table[i]);
    }
}

static void print_zsh(struct sbuf *out)
{
    sbuf_addstr(out, "#compdef slipway\n# zsh completion for slipway; made by 'slipway completion zsh'\n"
                     "_slipway()\n{\n    local curcontext=$curcontext state line\n    local -A opt_args\n"
                     "    local -a commands=(\n");
    for (const struct command *c = command_table; c->name; c++) {
        sbuf_addf(out, "        '%s:", c->name);
        add_quoted(out, c->summary, ":\\");
        sbuf_addstr(out, "'\n");
    }
    sbuf_addstr(out, "    )\n    _arguments -C");
    zsh_options(out, NULL);
    sbuf_addstr(out, " \\\n            '1: :->command' '*:: :->words' && return\n    case $state in\n"
                     "    command) _describe command commands ;;\n    words)\n        case $line[1] in\n");
    for (const struct command *c = command_table; c->name; c++) {
        AUTO_SBUF struct sbuf words = SBUF_INIT(1024);
        add_words(&words, c->args);
        sbuf_addf(out, "        %s) _arguments", c->name);
        zsh_options(out, c);
        if (words.len)
            sbuf_addf(out, " \\\n            '1:what:(%s)'", words.data);
        sbuf_addstr(out, " ;;\n");
    }
    sbuf_addstr(out,
                "        esac ;;\n    esac\n}\n# Both as a file of $fpath and by source.\n"
                "if [[ ${funcstack[1]-} == _slipway ]]; then _slipway \"$@\"; else compdef _slipway slipway; fi\n");
}

static void fish_option(struct sbuf *out, const struct option_row *o, const char *condition)
{
    AUTO_SBUF struct sbuf words = SBUF_INIT(1024);

    sbuf_addf(out, "complete -c slipway%s -l %s", condition, o->name);
    if (o->letter)
        sbuf_addf(out, " -s %c", o->letter);
    if (o->value) {
        add_option_words(&words, o);
        sbuf_addf(out, " -%c", wants_file(o) || wants_dir(o) ? 'r' : 'x');
        if (wants_file(o))
            sbuf_addstr(out, " -F");
        else if (wants_dir(o))
            sbuf_addstr(out, " -f -a '(__fish_complete_directories)'");
        else if (words.len)
            sbuf_addf(out, " -a '%s'", words.data);
    }
    sbuf_addstr(out, " -d '");
    add_quoted(out, o->summary, "\\");
    sbuf_addstr(out, "'\n");
}

static void fish_command(struct sbuf *out, const struct command *c)
{
    AUTO_SBUF struct sbuf words = SBUF_INIT(1024), condition = SBUF_INIT(1024);

    sbuf_addf(out, "complete -c slipway -n __fish_use_subcommand -a %s -d '", c->name);
    add_quoted(out, c->summary, "\\");
    sbuf_addstr(out, "'\n");
    sbuf_addf(&condition, " -n '__fish_seen_subcommand_from %s'", c->name);
    add_words(&words, c->args);
    if (words.len)
        sbuf_addf(out, "complete -c slipway%s -a '%s'\n", condition.data, words.data);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (!option_table[i].global && option_allowed(c, &option_table[i]))
            fish_option(out, &option_table[i], condition.data);
    }
}

static void print_fish(struct sbuf *out)
{
    sbuf_addstr(out, "# fish completion for slipway; made by 'slipway completion fish'\ncomplete -c slipway -f\n");
    for (size_t i = 0; i < OPT_COUNT; i++) {
        if (option_table[i].global)
            fish_option(out, &option_table[i], "");
    }
    for (const struct command *c = command_table; c->name; c++)
        fish_command(out, c);
}

static const struct shell shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

int cmd_completion(struct app *app, struct err *e)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT((size_t)256 * 1024);

    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(shells[i].name, app->args[0]) != 0)
            continue;
        shells[i].print(&out);
        if (app->json)
            return app_print_json(json_pack("{s:s, s:s}", "shell", shells[i].name, "script", out.data), e);
        if (fputs(out.data, stdout) < 0 || fflush(stdout) != 0)
            return err_sys(e, ERR_INTERNAL, "write to stdout");
        return 0;
    }
    return err_set(e, ERR_USAGE, "there is no completion for '%s'; there are: bash, zsh, fish", app->args[0]);
}
