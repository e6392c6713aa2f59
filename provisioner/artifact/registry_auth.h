/* How a registry wants to be asked: WWW-Authenticate, tokens, credentials of the user. Private to registry.c. */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <stdbool.h>

struct http;

struct challenge {
    bool bearer; /* else Basic */
    char realm[1024], service[256], scope[512];
};

/* Parse one WWW-Authenticate value. False when it is neither Bearer with a realm nor Basic. */
bool registry_auth_parse(const char *value, struct challenge *ret);
/* "Authorization: ..." for `host` and `repo` into `ret_header`; left empty when a Basic challenge finds no
 * credentials. */
int registry_auth_answer(struct http *http, const struct challenge *c, const char *host, const char *repo,
                         struct sbuf *ret_header, struct err *e) NODISCARD;
