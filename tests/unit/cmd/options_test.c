/* The command line: options anywhere, nearest names, arity, and the tables themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cmd/options.h"
#include "core/util.h"
#include <string.h>

#define MAX_WORDS 8

static const struct {
    const char *words[MAX_WORDS];
    enum err_code want;
    const char *says; /* in message or hint */
} bad[] = {
    { { "botstrap" }, ERR_USAGE, "did you mean `slipway bootstrap`?" },
    { { "frobnicate" }, ERR_USAGE, "see `slipway help`" },
    { { "plan", "--artefacts", "x" }, ERR_USAGE, "did you mean --artifacts?" },
    { { "status", "--no-canary" }, ERR_USAGE, "'status' has no option '--no-canary'" },
    { { "status", "-Z" }, ERR_USAGE, "there is no option '-Z'" },
    { { "status", "-f" }, ERR_USAGE, "needs a value: SPEC" },
    { { "status", "--yes=1" }, ERR_USAGE, "takes no value" },
    { { "status", "more" }, ERR_USAGE, "'status' takes: no words" },
    { { "completion" }, ERR_USAGE, "'completion' needs: bash|zsh|fish" },
    { { "status", "-o", "yaml" }, ERR_USAGE, "text or json, not 'yaml'" },
    { { "status", "--", "ls" }, ERR_USAGE, "takes no command after '--'" },
    { { "-p", "80", "open" }, ERR_USAGE, "belongs behind its command" },
    { { "status", "-p", "80" }, ERR_USAGE, "'status' has no option '--p" },
    { { "run" }, ERR_USAGE, "'run' needs: FLOW/DEPLOYMENT" },
    { { "run", "a/b", "-p" }, ERR_USAGE, "needs a value: KEY=VALUE" },
    { { "runs", "--wiat" }, ERR_USAGE, "see `slipway help runs`" },
    { { "run", "a/b", "--wiat" }, ERR_USAGE, "did you mean --wait?" },
};

static int parse(const char *const words[MAX_WORDS], char *argv[MAX_WORDS + 2], struct app *app, struct err *e)
{
    int argc = 1;

    argv[0] = (char *)(uintptr_t) "slipway";
    for (int i = 0; i < MAX_WORDS && words[i]; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    argv[argc] = NULL;
    return options_parse(argc, argv, app, e);
}

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct app app = { 0 };
        struct err e = ERR_INIT;
        char *argv[MAX_WORDS + 2];
        int rc = parse(bad[i].words, argv, &app, &e);
        if (rc == 0 || e.code != bad[i].want || (!strstr(e.msg, bad[i].says) && !strstr(e.hint, bad[i].says)))
            fail_msg("%s ...: rc %d, '%s' / '%s', want '%s'", bad[i].words[0], rc, e.msg, e.hint, bad[i].says);
    }
}

static void understood(void **state)
{
    const char *const words[MAX_WORDS] = { "-v", "ssh", "-ojson", "--file=x.yaml", "--", "ls", "-l" };
    const char *const out[MAX_WORDS] = { "artifacts", "pull", "-o", "dir" };
    char *argv[MAX_WORDS + 2];
    struct app app = { 0 }, pull = { 0 };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(parse(words, argv, &app, &e), 0);
    assert_string_equal(app.command->name, "ssh");
    assert_true(app.json);
    assert_string_equal(app.opt[OPT_FILE], "x.yaml");
    assert_non_null(app.opt[OPT_VERBOSE]);
    assert_string_equal(app.tail[0], "ls");
    assert_string_equal(app.tail[1], "-l");
    assert_null(app.tail[2]);
    /* For a command that writes somewhere, -o may be the place. */
    assert_int_equal(parse(out, argv, &pull, &e), 0);
    assert_string_equal(pull.opt[OPT_OUT], "dir");
    assert_string_equal(pull.args[0], "pull");
}

static void tables_are_sane(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        assert_ptr_equal(command_find(c->name), c);
        assert_true(c->min_args <= c->max_args);
        if (c[1].name && strcmp(c->name, c[1].name) >= 0)
            fail_msg("'%s' stands before '%s'", c->name, c[1].name);
    }
    for (size_t i = 0; i < OPT_COUNT; i++)
        assert_int_equal(option_table[i].id, i);
}

/* For each command, and for none, a letter means one option. */
static void letters_are_unique(void **state)
{
    (void)state;
    for (const struct command *c = command_table;; c++) {
        const struct command *cmd = c->name ? c : NULL;
        for (size_t i = 0; i < OPT_COUNT; i++) {
            for (size_t k = 0; k < i; k++)
                if (option_table[i].letter && option_table[i].letter == option_table[k].letter &&
                    option_allowed(cmd, &option_table[i]) && option_allowed(cmd, &option_table[k]))
                    fail_msg("%s: -%c is --%s and --%s", cmd ? cmd->name : "no command", option_table[i].letter,
                             option_table[k].name, option_table[i].name);
        }
        if (!cmd)
            break;
    }
}

/* -p is --port for some commands and --param for another: before the command nobody can tell. */
static void letter_of_the_command(void **state)
{
    const char *const run[MAX_WORDS] = { "run", "-p", "a=1", "etl/daily", "-pb=2", "--param=c=x=y", "--wait" };
    const char *const open_ui[MAX_WORDS] = { "open", "-p", "8080" };
    char *argv[MAX_WORDS + 2];
    struct app app = { 0 }, ui = { 0 };
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(parse(run, argv, &app, &e), 0);
    assert_int_equal(app.n_params, 3);
    assert_string_equal(app.params[0], "a=1");
    assert_string_equal(app.params[1], "b=2");
    assert_string_equal(app.params[2], "c=x=y");
    assert_string_equal(app.args[0], "etl/daily");
    assert_null(app.opt[OPT_PORT]);
    assert_non_null(app.opt[OPT_WAIT]);
    assert_int_equal(parse(open_ui, argv, &ui, &e), 0);
    assert_string_equal(ui.opt[OPT_PORT], "8080");
    assert_int_equal(ui.n_params, 0);
}

static void too_many_params(void **state)
{
    char *argv[2 + PARAMS_MAX + 2] = { (char *)(uintptr_t) "slipway", (char *)(uintptr_t) "run" };
    struct app app = { 0 };
    struct err e = ERR_INIT;

    (void)state;
    for (size_t i = 0; i <= PARAMS_MAX; i++)
        argv[2 + i] = (char *)(uintptr_t) "-pa=1";
    assert_int_equal(options_parse(2 + PARAMS_MAX + 1, argv, &app, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, "more than 64 times"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(understood),
        cmocka_unit_test(tables_are_sane),
        cmocka_unit_test(letters_are_unique),
        cmocka_unit_test(letter_of_the_command),
        cmocka_unit_test(too_many_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
