/* Text with ${name}. An unknown name, an unused value, or a "${" that is not closed is ERR_INTERNAL: templates are
 * ours. The caller names the escaping for each value. Templates are compiled into the program (templates_get). */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stddef.h>

enum template_escape {
    TEMPLATE_RAW,   /* already in the target's syntax */
    TEMPLATE_JSON,  /* becomes a JSON string, quotes included: also a YAML scalar */
    TEMPLATE_SHELL, /* becomes one single-quoted word */
};

struct template_var {
    const char *name, *value;
    enum template_escape escape;
};

int template_render(struct sbuf *out, const char *text, const struct template_var *vars, size_t n, struct err *e)
    NODISCARD;
/* A file of templates/, cloud-init/, helm-values/ or examples/, by its path there ("templates/k3s.service").
 * NULL when there is none. Embedded at build time. */
const char *template_get(const char *path);
/* Render the embedded file `path`. */
int template_file(struct sbuf *out, const char *path, const struct template_var *vars, size_t n, struct err *e)
    NODISCARD;
