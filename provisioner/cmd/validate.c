#include "cmd/command.h"
#include "spec/spec.h"
#include <stdio.h>

static json_t *rows(const struct spec_problems *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->n; i++) {
        const struct spec_problem *row = &p->rows[i];
        (void)json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:s}", "line", (json_int_t)row->line, "column",
                                                    (json_int_t)row->column, "path", row->path, "text", row->text));
    }
    return list;
}

/* With -o json the problems are the document, so they are not an error to print a second time. */
static int print_json(struct app *app, const char *path, const struct spec *spec, const struct spec_problems *p,
                      struct err *e)
{
    bool ok = p->n == 0;
    json_t *warnings = json_array();
    json_t *doc = json_pack("{s:b, s:s, s:o}", "ok", ok, "file", path, "warnings", warnings);

    for (size_t i = 0; spec && i < spec->warnings.len; i++)
        (void)json_array_append_new(warnings, json_string(spec->warnings.items[i]));

    if (!ok) {
        app->exit_status = err_exit_status(ERR_SPEC);
        (void)json_object_set_new(doc, "problems", rows(p));
        (void)json_object_set_new(doc, "more", json_integer((json_int_t)p->more));
    }
    err_clear(e);
    return app_print_json(doc, e);
}

int cmd_validate(struct app *app, struct err *e)
{
    const char *path = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml";
    AUTO_PROBLEMS struct spec_problems problems = { 0 };
    AUTO_SPEC struct spec *spec = NULL;
    int rc = spec_load_problems(path, &spec, &problems, e);

    if (rc < 0 && (!app->json || !problems.n))
        return -1;
    if (app->json)
        return print_json(app, path, spec, &problems, e);
    for (size_t i = 0; i < spec->warnings.len; i++)
        ui_warn(app->ui, "%s", spec->warnings.items[i]);
    printf("%s: ok\n", path);
    return 0;
}
