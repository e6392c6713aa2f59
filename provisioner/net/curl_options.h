/* What every exchange by libcurl has in common: whom we trust, how long a connection may take to open, who we are. */
#pragma once
#include <curl/curl.h>
#include <stdbool.h>

/* The file of CAs in force: `own` (NULL or "": none), else CURL_CA_BUNDLE, else SSL_CERT_FILE; NULL: the system's. */
const char *curl_options_ca_file(const char *own);
/* That file, and SSL_CERT_DIR as in other tools. No proxy to this host and to a cloud's metadata. 15 s to connect. */
void curl_options_base(CURL *c, const char *url, const char *own_ca_file);
/* The same for a file that a digest protects or that TLS does: redirects are followed, five at most, from https only to
 * https. `plain_ok`: a digest decides, so http will do. */
void curl_options_download(CURL *c, const char *url, bool plain_ok);
