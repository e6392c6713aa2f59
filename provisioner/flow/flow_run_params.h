/* -p KEY=VALUE for a flow run: words of the command line become the values that the deployment's parameter schema asks
 * for, before anything is called. */
#pragma once
#include "core/err.h"
#include <jansson.h>
#include <stddef.h>

/* The "parameters" of create_flow_run; `deployment` as the API answers it. By schema: text as it is; integer, number,
 * boolean, null, array and object as JSON; where several types are possible (Optional, Union) the first that the value
 * can be, text last. A parameter without a type takes JSON, else text. Deeper demands (items, formats, ranges) are the
 * server's to check. ERR_USAGE: no '=', a name twice, an unknown name (with the nearest and all there are), a value of
 * another type, a required one that neither the command line nor the deployment gives. */
int flow_run_params(const json_t *deployment, const char *const *words, size_t n, json_t **ret, struct err *e)
    NODISCARD;
