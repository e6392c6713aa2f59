#include "net/curl_options.h"
#include "core/util.h"
#include "net/url.h"
#include <stdlib.h>

enum { CONNECT_MS = 15000 };

static bool given(const char *value)
{
    return value && *value;
}

const char *curl_options_ca_file(const char *own)
{
    const char *const files[] = { own, getenv("CURL_CA_BUNDLE"), getenv("SSL_CERT_FILE") };

    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (given(files[i]))
            return files[i];
    return NULL;
}

void curl_options_base(CURL *c, const char *url, const char *own_ca_file)
{
    const char *file = curl_options_ca_file(own_ca_file), *dir = getenv("SSL_CERT_DIR");

    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(c, CURLOPT_USERAGENT, "slipway");
    if (file)
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, file);
    if (given(dir))
        (void)curl_easy_setopt(c, CURLOPT_CAPATH, dir);
    if (url_is_loopback(url) || url_is_metadata(url))
        (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
}

void curl_options_download(CURL *c, const char *url, bool plain_ok)
{
    curl_options_base(c, url, NULL);
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, plain_ok || url_is_loopback(url) ? "http,https" : "https");
    (void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, plain_ok && !url_is_https(url) ? "http,https" : "https");
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
}
