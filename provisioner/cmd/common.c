#include "cmd/common.h"
#include "core/util.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int common_session(struct app *app, enum session_mode mode, struct session *s, struct err *e)
{
    const struct session_opts o = {
        app->opt[OPT_FILE], app->opt[OPT_ARTIFACTS], app->command->name, mode, app->ui, app->clock,
    };

    return session_open(s, &o, e);
}

int common_connect(struct app *app, struct session *s, struct err *e)
{
    if (common_session(app, SESSION_READ, s, e) < 0)
        return -1;
    return session_connect(s, e);
}

int common_confirm(struct app *app, const char *question, struct err *e)
{
    char answer[16];

    if (app->opt[OPT_YES])
        return 1;
    if (!isatty(STDIN_FILENO)) {
        (void)err_set(e, ERR_USAGE, "'%s' asks before it destroys, and there is no terminal to ask on",
                      app->command->name);
        return err_hint(e, "say -y to go ahead without a question");
    }
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int common_port(const struct app *app, int *ret, struct err *e)
{
    const char *text = app->opt[OPT_PORT];
    char *end = NULL;
    long port = text ? strtol(text, &end, 10) : 0;

    if (text && (!*text || *end || port < 1 || port > 65535))
        return err_set(e, ERR_USAGE, "option '--port' is a number from 1 to 65535, not '%s'", text);
    *ret = (int)port;
    return 0;
}
