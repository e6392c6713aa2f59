/* Where a service answers: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, `services` section and `endpoint_url` of the
 * profile (all ignored with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true), else "https://SERVICE.REGION.SUFFIX" of the
 * region's partition (aws, aws-cn, aws-us-gov, aws-eusc).
 * Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints"; botocore data/endpoints.json. */
#pragma once
#include "core/err.h"

struct aws_profiles;
/* `service`: "ec2", "sts", "ssm", "servicequotas", "elasticloadbalancing". Without a trailing slash. */
int aws_endpoint(const struct aws_profiles *p, const char *service, const char *region, char ret[static 512],
                 struct err *e) NODISCARD;
/* "aws", "aws-cn", "aws-us-gov", "aws-eusc": also the second word of an ARN. */
const char *aws_partition(const char *region);
