/* A Prefect API of a test: the functions of app/prefect_api.h, answered by `fake_answer`. Answers have the shape that
 * Prefect 3.8.3 gave. Included once by a test program, whose functions then take the place of the library's. */
#pragma once
#include "app/prefect_api.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

/* Status and, in `ret`, the answer (new reference, or NULL). Status 0: the server cannot be reached. */
typedef int fake_server(const char *method, const char *path, const json_t *body, json_t **ret);
static fake_server *fake_answer;
static int fake_calls;
static int fake_api; /* nothing looks into a struct prefect_api */

int prefect_api_open(struct run *r, struct prefect_api **ret, struct err *e)
{
    (void)r;
    (void)e;
    *ret = (void *)&fake_api;
    return 0;
}

int prefect_api_open_elsewhere(struct run *r, struct prefect_api **ret, struct err *e)
{
    return prefect_api_open(r, ret, e);
}

void prefect_api_close(struct prefect_api *a)
{
    (void)a;
}

int prefect_api_call(struct prefect_api *a, const char *method, const char *path, const json_t *body, int *ret_status,
                     json_t **ret_body, struct err *e)
{
    AUTO_JSON json_t *answer = NULL;

    (void)a;
    fake_calls++;
    *ret_status = fake_answer(method, path, body, &answer);
    if (*ret_status == 0)
        return err_set(e, ERR_NET, "not reached");
    if (*ret_status == 401 || *ret_status == 403)
        return err_set(e, ERR_AUTH, "refused");
    if (ret_body)
        *ret_body = TAKE_PTR(answer);
    return 0;
}

int prefect_api_ok(struct prefect_api *a, const char *method, const char *path, const json_t *body, json_t **ret_body,
                   struct err *e)
{
    AUTO_JSON json_t *answer = NULL;
    int status = 0;

    if (prefect_api_call(a, method, path, body, &status, &answer, e) < 0)
        return -1;
    if (status < 200 || status > 299)
        return err_set(e, ERR_REMOTE, "HTTP %d", status);
    if (ret_body)
        *ret_body = TAKE_PTR(answer);
    return 0;
}

/* JSON of a test, with ' for ". */
static inline json_t *fake_json(const char *text)
{
    AUTO_FREE char *copy = xstrdup(text);
    json_error_t why;

    for (char *c = copy; *c; c++)
        *c = (char)(*c == '\'' ? '"' : *c);
    json_t *j = json_loads(copy, JSON_DECODE_ANY, &why);
    if (!j)
        fail_msg("%s: %s", copy, why.text);
    return j;
}
