/* The Prefect server's REST API, spoken from this host through the SSH connection to where the server answers.
 * Paths keep their slashes exactly (FastAPI answers the other form with a redirect that is not followed).
 * Source: Prefect 3.8.3 OpenAPI document. */
#pragma once
#include "core/err.h"
#include "step/run.h"
#include <jansson.h>

struct prefect_api;
/* Looks up the server's address and our credentials. Free with prefect_api_close (NULL is allowed). */
int prefect_api_open(struct run *r, struct prefect_api **ret, struct err *e) NODISCARD;
/* A server that exists, asked from this host directly: before there is a machine. */
int prefect_api_open_elsewhere(struct run *r, struct prefect_api **ret, struct err *e) NODISCARD;
void prefect_api_close(struct prefect_api *a);

static inline void prefect_api_close_ptr(struct prefect_api **a)
{
    prefect_api_close(*a);
}

#define AUTO_PREFECT_API __attribute__((cleanup(prefect_api_close_ptr)))

/* One call; `path` such as "/work_pools/". The status goes to `ret_status`; `ret_body` (may be NULL) gets the answer as
 * JSON, or NULL when it is empty or no JSON. 401 and 403 from basic auth: ERR_AUTH. Any other status is the caller's.
 */
int prefect_api_call(struct prefect_api *a, const char *method, const char *path, const json_t *body, int *ret_status,
                     json_t **ret_body, struct err *e) NODISCARD;
/* A call that must be answered 2xx: else ERR_REMOTE with status and the server's words. */
int prefect_api_ok(struct prefect_api *a, const char *method, const char *path, const json_t *body, json_t **ret_body,
                   struct err *e) NODISCARD;
/* GET one object: 1 it is there (in `ret_body`, new reference), 0 there is none (404), -1. */
int prefect_api_find(struct prefect_api *a, const char *path, json_t **ret_body, struct err *e) NODISCARD;
