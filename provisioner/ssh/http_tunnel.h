/* HTTP to a port behind the machine: the http of net/, with libcurl's socket replaced by an ssh_stream. */
#pragma once
#include "net/http.h"
#include "ssh/ssh.h"

/* Requests go to host:port as seen from the machine, whatever host the URL names. Free with http_free,
 * before ssh_close. */
struct http *http_over_ssh(struct ssh *s, const char *host, int port, struct clock *clock);
