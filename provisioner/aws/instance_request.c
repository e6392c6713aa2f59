#include "aws/instance_request.h"
#include "aws/act.h"
#include "aws/choice.h"
#include "aws/client_token.h"
#include "aws/facts.h"
#include "aws/machine_type.h"
#include "aws/subnet.h"
#include "core/base64.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <stdio.h>
#include <string.h>

enum { USER_DATA_MAX = 16 << 10 };

static int freeze(struct run *r, struct aws *a, struct err *e)
{
    char token[AWS_CLIENT_TOKEN];
    const char *group = r->spec->aws.security_group ? r->spec->aws.security_group : aws_id(r, a, AWS_SECURITY_GROUP);

    if (aws_choose(r, a, e) < 0)
        return -1;
    const json_t *image = journal_get(r->journal, AWS_FACT_IMAGE);
    aws_client_token(token);
    return journal_set(r->journal, AWS_FACT_RUN,
                       json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "token", token, "image",
                                 jsonx_str(image, "id"), "root_device", jsonx_str(image, "root_device"), "type",
                                 aws_machine_type(r), "disk_gib", (json_int_t)r->spec->machine.disk_gib, "subnet",
                                 aws_subnet_id(r, a), "group", group, "creator", a->caller),
                       e);
}

static void add_disk(struct aws_query *q, const json_t *frozen)
{
    aws_query_add(q, "BlockDeviceMapping.1.DeviceName", jsonx_str(frozen, "root_device"));
    aws_query_int(q, "BlockDeviceMapping.1.Ebs.VolumeSize", jsonx_int(frozen, "disk_gib", 0));
    aws_query_add(q, "BlockDeviceMapping.1.Ebs.VolumeType", "gp3");
    aws_query_add(q, "BlockDeviceMapping.1.Ebs.Encrypted", "true");
    aws_query_add(q, "BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
}

/* No public address of its own: the elastic one comes as soon as it runs. */
static void add_network(struct aws_query *q, const json_t *frozen)
{
    aws_query_add(q, "NetworkInterface.1.DeviceIndex", "0");
    aws_query_add(q, "NetworkInterface.1.SubnetId", jsonx_str(frozen, "subnet"));
    aws_query_add(q, "NetworkInterface.1.SecurityGroupId.1", jsonx_str(frozen, "group"));
    aws_query_add(q, "NetworkInterface.1.AssociatePublicIpAddress", "false");
    aws_query_add(q, "NetworkInterface.1.DeleteOnTermination", "true");
}

static void add_all_tags(struct aws_query *q, const struct run *r, const struct aws *a, const json_t *frozen)
{
    static const char *const types[] = { "instance", "volume", "network-interface" };
    AUTO_FREE char *cluster = xasprintf("kubernetes.io/cluster/%s", a->cluster);

    for (int i = 0; i < (int)ARRAY_LEN(types); i++)
        aws_add_tags(q, i + 1, types[i], r, a, types[i], jsonx_str(frozen, "creator"));
    /* From it Kubernetes' own drivers learn the cluster's id, by which teardown finds what they made. */
    aws_query_add(q, "TagSpecification.1.Tag.6.Key", cluster);
    aws_query_add(q, "TagSpecification.1.Tag.6.Value", "owned");
}

int aws_instance_request(struct run *r, struct aws *a, json_t **ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_SBUF struct sbuf user_data = SBUF_INIT(USER_DATA_MAX), encoded = SBUF_INIT((size_t)2 * USER_DATA_MAX);
    AUTO_JSON json_t *reply = NULL;

    if (!journal_get(r->journal, AWS_FACT_RUN) && freeze(r, a, e) < 0)
        return -1;
    if (user_data_frozen(r, &user_data, e) < 0)
        return -1;
    const json_t *frozen = journal_get(r->journal, AWS_FACT_RUN);
    base64_encode(&encoded, user_data.data, user_data.len);
    aws_query_add(&q, "ClientToken", jsonx_str(frozen, "token"));
    aws_query_add(&q, "ImageId", jsonx_str(frozen, "image"));
    aws_query_add(&q, "InstanceType", jsonx_str(frozen, "type"));
    aws_query_int(&q, "MinCount", 1);
    aws_query_int(&q, "MaxCount", 1);
    aws_query_add(&q, "UserData", encoded.data);
    aws_query_add(&q, "InstanceInitiatedShutdownBehavior", "stop");
    aws_query_add(&q, "MetadataOptions.HttpTokens", "required");
    aws_query_int(&q, "MetadataOptions.HttpPutResponseHopLimit", 1);
    aws_query_add(&q, "MetadataOptions.HttpEndpoint", "enabled");
    add_disk(&q, frozen);
    add_network(&q, frozen);
    add_all_tags(&q, r, a, frozen);
    if (aws_change(r, a, "RunInstances", &q, &reply, e) < 0) {
        if (aws_client_failure(a->client)->ambiguous)
            aws_interrupted(r, a);
        return -1;
    }
    const json_t *instance = jsonx_get(reply, "instancesSet.0");
    if (!instance)
        return err_set(e, ERR_REMOTE, "the answer to RunInstances names no instance");
    *ret = json_incref((json_t *)(uintptr_t)instance);
    return 0;
}
