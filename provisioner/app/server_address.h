/* Where the Prefect API answers, seen from the machine: the server that this deployment runs, or one that exists. */
#pragma once
#include "core/err.h"
#include "spec/spec.h"
#include "step/run.h"
#include <stdbool.h>

struct server_address {
    char host[256];
    int port;
    char *url;  /* "http://127.0.0.1:4200/api", no slash at the end */
    char *auth; /* value of the Authorization header; secret; NULL: none */
};

/* Does this deployment run the server? False with prefect.server.cloud or .url. */
bool server_is_ours(const struct spec *s);
/* ERR_AUTH when a key that the spec names cannot be read, ERR_REMOTE when our own server is not there. */
int server_address(struct run *r, struct server_address *ret, struct err *e) NODISCARD;
/* Of a server that exists, without a machine: `auth` and `url` as above. */
int server_address_elsewhere(const struct spec *s, struct server_address *ret, struct err *e) NODISCARD;
void server_address_done(struct server_address *a);
/* Address of Prefect Cloud's API: its own, or what PREFECT_CLOUD_API_URL says. */
const char *server_cloud_api(void);

/* The API's URL for what runs on the machine: `ours`, or that of the server that exists. */
struct server_url {
    char text[512];
};

void server_url_inside(const struct spec *s, const char *ours, struct server_url *ret);
/* "Basic BASE64" for "user:password"; secret, caller frees with secret_free. */
char *server_basic_auth(const char *credentials);

#define AUTO_SERVER_ADDRESS __attribute__((cleanup(server_address_done)))
