/* Questions about a URL, answered by libcurl's own parser. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Host part into `ret`, without brackets ("" when the URL has none). */
void url_host(const char *url, char *ret, size_t size);
/* Host and port as libcurl writes them into the Host header: brackets around IPv6, no default port. */
void url_authority(const char *url, char *ret, size_t size);
/* Path as libcurl sends it, "/" when it names none; without the query. */
void url_path(const char *url, char *ret, size_t size);
/* The port that it names, else its scheme's (443, 80); 0 when it is no URL. */
int url_port(const char *url);
bool url_is_https(const char *url);
/* localhost, 127.0.0.0/8, ::1 */
bool url_is_loopback(const char *url);
/* The addresses where clouds serve facts about the machine, or credentials to a container, by plain http. */
bool url_is_metadata(const char *url);
/* For people: without user, password and query, which may hold secrets. */
void url_show(const char *url, char *ret, size_t size);
