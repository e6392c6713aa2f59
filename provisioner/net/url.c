#include "net/url.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void part(const char *url, CURLUPart what, char *ret, size_t size)
{
    CURLU *u = curl_url();
    char *text = NULL;

    ret[0] = '\0';
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(u, what, &text, 0) == CURLUE_OK)
        (void)snprintf(ret, size, "%s", text);
    curl_free(text);
    curl_url_cleanup(u);
}

void url_host(const char *url, char *ret, size_t size)
{
    part(url, CURLUPART_HOST, ret, size);
    size_t len = strlen(ret);
    if (len > 2 && ret[0] == '[' && ret[len - 1] == ']') {
        memmove(ret, ret + 1, len - 2);
        ret[len - 2] = '\0';
    }
}

void url_authority(const char *url, char *ret, size_t size)
{
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL;

    ret[0] = '\0';
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        (void)curl_url_get(u, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
        (void)snprintf(ret, size, "%s%s%s", host, port ? ":" : "", port ? port : "");
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

void url_path(const char *url, char *ret, size_t size)
{
    part(url, CURLUPART_PATH, ret, size);
}

bool url_is_https(const char *url)
{
    char scheme[32];

    part(url, CURLUPART_SCHEME, scheme, sizeof(scheme));
    return strcasecmp(scheme, "https") == 0;
}

bool url_is_loopback(const char *url)
{
    char host[256];
    struct in_addr a4;
    struct in6_addr a6;

    url_host(url, host, sizeof(host));
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &a4) == 1)
        return ntohl(a4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &a6) == 1 && IN6_IS_ADDR_LOOPBACK(&a6);
}

bool url_is_metadata(const char *url)
{
    /* EC2, GCP and Azure; containers of ECS, pods of EKS; the same of EC2 and EKS by IPv6 */
    static const char *const addresses[] = { "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254",
                                             "fd00:ec2::23" };
    char host[256];
    struct in6_addr a6;

    url_host(url, host, sizeof(host));
    if (inet_pton(AF_INET6, host, &a6) == 1)
        (void)inet_ntop(AF_INET6, &a6, host, sizeof(host)); /* one spelling of many */
    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
        if (strcmp(host, addresses[i]) == 0)
            return true;
    return false;
}

void url_show(const char *url, char *ret, size_t size)
{
    CURLU *u = curl_url();
    char *text = NULL;

    (void)snprintf(ret, size, "(unreadable URL)");
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        (void)curl_url_set(u, CURLUPART_USER, NULL, 0);
        (void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
        (void)curl_url_set(u, CURLUPART_QUERY, NULL, 0);
        (void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
        if (curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
            (void)snprintf(ret, size, "%s", text);
    }
    curl_free(text);
    curl_url_cleanup(u);
}

int url_port(const char *url)
{
    CURLU *u = curl_url();
    char *text = NULL;
    int port = 0;

    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
        port = (int)strtol(text, NULL, 10);
    curl_free(text);
    curl_url_cleanup(u);
    return port;
}
