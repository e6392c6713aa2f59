#include "aws/endpoint.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/profile.h"
#include "core/util.h"

struct partition {
    const char *prefix; /* of the region */
    const char *name, *suffix;
};

/* First match wins. */
static const struct partition partitions[] = {
    { "cn-", "aws-cn", "amazonaws.com.cn" },
    { "us-gov-", "aws-us-gov", "amazonaws.com" },
    { "eusc-", "aws-eusc", "amazonaws.eu" },
    { "", "aws", "amazonaws.com" },
};

/* A service's name in the variables and in the `services` section: its id in lower case with "_" for blanks. Elastic
 * Load Balancing is two services behind one host name. */
struct service_id {
    const char *service, *id;
};

static const struct service_id service_ids[] = {
    { "elasticloadbalancing", "elastic_load_balancing_v2" },
    { "elasticloadbalancing", "elastic_load_balancing" },
    { "servicequotas", "service_quotas" },
    { "portal.sso", "sso" },
    { "oidc", "sso_oidc" },
};

static const struct partition *partition_of(const char *region)
{
    const struct partition *p = partitions;

    while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
        p++;
    return p;
}

const char *aws_partition(const char *region)
{
    return partition_of(region)->name;
}

static const char *nonempty(const char *s)
{
    return s && *s ? s : NULL;
}

static bool ignored(const struct aws_profiles *p)
{
    const char *flag = nonempty(getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"));

    if (!flag)
        flag = nonempty(aws_profiles_value(p, "ignore_configured_endpoint_urls"));
    return flag && strcasecmp(flag, "true") == 0;
}

static const char *from_environment(const char *id)
{
    char name[64];
    int n = snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_%s", id);

    for (int i = 0; i < n && i < (int)sizeof(name); i++)
        name[i] = (char)toupper((unsigned char)name[i]);
    return nonempty(getenv(name));
}

static const char *from_profile(const struct aws_profiles *p, const char *id)
{
    const char *section = nonempty(aws_profiles_value(p, "services"));
    char key[64];

    if (!section)
        return NULL;
    (void)snprintf(key, sizeof(key), "%s.endpoint_url", id);
    return nonempty(aws_profiles_get(p, AWS_SERVICES, section, key));
}

/* botocore, ConfiguredEndpointProvider: both variables are stronger than both entries of the profile. */
static const char *configured(const struct aws_profiles *p, const char *service)
{
    const char *ids[ARRAY_LEN(service_ids) + 1], *url = NULL;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(service_ids); i++)
        if (strcmp(service_ids[i].service, service) == 0)
            ids[n++] = service_ids[i].id;
    if (n == 0)
        ids[n++] = service;
    for (size_t i = 0; !url && i < n; i++)
        url = from_environment(ids[i]);
    if (!url)
        url = nonempty(getenv("AWS_ENDPOINT_URL"));
    for (size_t i = 0; !url && i < n; i++)
        url = from_profile(p, ids[i]);
    return url ? url : nonempty(aws_profiles_value(p, "endpoint_url"));
}

int aws_endpoint(const struct aws_profiles *p, const char *service, const char *region, char ret[static 512],
                 struct err *e)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *url = ignored(p) ? NULL : configured(p, service);
    int n;

    /* It becomes part of a host name, to which credentials go. */
    if (!*region || *region == '-' || strspn(region, alphabet) != strlen(region) || strlen(region) > 32) {
        (void)err_set(e, ERR_SPEC, "'%s' is not the name of a region", region);
        return err_hint(e, "a region looks like eu-central-1; set provider.aws.region or AWS_REGION");
    }
    if (url)
        n = snprintf(ret, 512, "%s", url);
    else
        n = snprintf(ret, 512, "https://%s.%s.%s", service, region, partition_of(region)->suffix);
    if (n >= 512)
        return err_set(e, ERR_SPEC, "the endpoint of '%s' is longer than 511 characters", service);
    while (n > 0 && ret[n - 1] == '/')
        ret[--n] = '\0';
    return 0;
}
